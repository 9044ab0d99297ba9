import type { CipherSuite } from "@qpc/crypto"
import { ClientError } from "@qpc/sdk"
import type { Capsule, CapsuleGroup } from "@qpc/sdk"
import type { Drain } from "../world.ts"
import { damagedProfile } from "./damaged-profile.ts"
import { differencesOf } from "./differences.ts"
import { foundGroups } from "./found-groups.ts"
import { History } from "./history.ts"
import { UPKEEP } from "./intents.ts"
import { look, seen } from "./look.ts"
import { obstaclesOf } from "./obstacles.ts"
import type { Obstacle } from "./obstacles.ts"
import {
  beQuiet,
  fillInbox,
  forgetInbox,
  hasLostKeyPackages,
  loseInvitations,
  ownLimits,
  spendKeyPackages,
} from "./profile-trouble.ts"
import { ReplayError, ReplayWorld } from "./replay-world.ts"
import { changeGroups, forgetGroups, showTwoHistories } from "./server-trouble.ts"
import { jumpAhead, writeOffline } from "./trouble-offline.ts"
import { askToLeave, breakOff, failTexts, letOthersAsk, parkTexts, PAST_EPOCHS } from "./trouble-online.ts"

/** What came of replaying a capsule. */
export type Replay =
  /** The doctor sees the same. */
  | { readonly kind: "same"; readonly capsule: Capsule }
  | { readonly kind: "different"; readonly capsule: Capsule; readonly differences: readonly string[] }
  /** What the simulator does not have is needed. */
  | { readonly kind: "not_buildable"; readonly obstacles: readonly Obstacle[] }
  /** A step of the history was refused, or led elsewhere. */
  | { readonly kind: "broken_off"; readonly because: string }

/** What a replay needs from outside. */
export interface ReplayOptions {
  readonly suite: CipherSuite
  readonly drain: Drain
}

/**
 * Plays a history with the real client and server that leads to what the capsule tells of, lets the doctor look at it, and compares
 * what it sees with the capsule.
 */
export async function replayCapsule(capsule: Capsule, options: ReplayOptions): Promise<Replay> {
  const obstacles = obstaclesOf(capsule)
  if (obstacles.length > 0) return { kind: "not_buildable", obstacles }
  try {
    const found = await play(capsule, options)
    const differences = differencesOf(capsule, found)
    if (differences.length > 0) return { kind: "different", capsule: found, differences }
    return { kind: "same", capsule: found }
  } catch (error) {
    if (error instanceof ReplayError) return { kind: "broken_off", because: error.message }
    if (error instanceof ClientError) return { kind: "broken_off", because: `${error.code}: ${error.message}` }
    throw error
  }
}

async function play(capsule: Capsule, { suite, drain }: ReplayOptions): Promise<Capsule> {
  const { profile, groups } = capsule
  const world = new ReplayWorld(suite, drain)
  await world.during(world.server.start(), "the server starts")
  if (profile === null) return seen(await damagedProfile(world, capsule), capsule)
  const history = new History(world, profile)
  if (!profile.isRegistered) return look(history, capsule)
  const { me } = history
  await me.enrol(world.server)
  const hasFailedTexts = groups.some(({ failedTexts }) => failedTexts > 0)
  me.limits = { ...ownLimits(profile), ...(hasFailedTexts && { pastEpochs: PAST_EPOCHS }) }
  me.hasUpkeep = groups.some(hasUpkeep)
  if (hasLostKeyPackages(profile)) history.restored.stock = world.server.storage.copy()
  if (profile.keyPackages.kept > 0 || groups.length > 0) await foundGroups(history, groups)
  await playTroubles(history)
  return look(history, capsule)
}

/** The order matters: what needs a connection comes before what ends with one, and what others do last does not reach us. */
async function playTroubles(history: History): Promise<void> {
  await forgetGroups(history)
  await showTwoHistories(history)
  await failTexts(history)
  await loseInvitations(history)
  await forgetInbox(history)
  await parkTexts(history)
  await askToLeave(history)
  await breakOff(history)
  await letOthersAsk(history)
  await jumpAhead(history)
  await writeOffline(history)
  await beQuiet(history)
  await changeGroups(history)
  await fillInbox(history)
  await spendKeyPackages(history)
  await history.serve()
}

/** True for a commit because keys are old; one because somebody asked to be let go is made all the same. */
const hasUpkeep = ({ pending, queued, heldTexts }: CapsuleGroup): boolean =>
  heldTexts === 0 && [...(pending?.intents ?? []), ...queued].some(({ kind }) => kind === UPKEEP)
