import { ageFromMs, offsetFromMs } from "@qpc/sdk"
import type { CapsuleProfile, ClientLimits } from "@qpc/sdk"
import type { GroupStory, History } from "./history.ts"
import { numberFor } from "./history.ts"
import { writeToUs } from "./trouble-online.ts"

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** Nobody is invited with a key package that lives for longer. */
const INVITABLE_MS = 84 * DAY_MS
const TEN_YEARS_MS = 3650 * DAY_MS
/** Shorter than any history: whatever lives so long has ended when it is looked for. */
const SHORT_MS = 1000
/** What has to have ended has ended then. */
const LONG_AGO_MS = 2 * MINUTE_MS

/** How many key packages we make, and for how long: what the capsule counts has to be what is left. */
export function ownLimits(profile: CapsuleProfile): Partial<ClientLimits> {
  const { kept, there } = profile.keyPackages
  const isOld = hasOldKeyPackages(profile)
  const isLastResortOld = isOld || (there !== null && !there.hasLastResort && there.available > 0)
  const isLong = profile.newestStored === "months" || profile.newestStored === "years"
  const lifetimeMs = isLong ? TEN_YEARS_MS : INVITABLE_MS
  return {
    // One more is the last resort.
    keyPackageStock: Math.max(1, numberFor(kept) - 1),
    keyPackageLow: 1,
    keyPackageLifetimeMs: isOld ? SHORT_MS : lifetimeMs,
    lastResortLifetimeMs: isLastResortOld ? SHORT_MS : lifetimeMs,
  }
}

/** All have ended by our clock and at the server: they are old. Where the server still has some, our clock is wrong. */
const hasOldKeyPackages = ({ keyPackages: { kept, valid, there } }: CapsuleProfile): boolean =>
  kept > 0 && valid === 0 && there?.available === 0

/** We still have them, and the server has none, not even old ones: it lost them. */
export const hasLostKeyPackages = ({ keyPackages: { valid, there } }: CapsuleProfile): boolean =>
  valid > 0 && there?.available === 0 && !there.hasLastResort

/** Texts of groups whose invitations we never got: they waited in our inbox for longer than the server keeps anything. */
export async function loseInvitations(history: History): Promise<void> {
  const { awaited } = history.profile
  if (awaited.groups === 0) return
  const { world, me } = history
  const stranger = world.device("stranger")
  await stranger.enrol(world.server)
  await history.serve({ retentionMs: SHORT_MS })
  const names = Array.from({ length: numberFor(awaited.groups) }, (_, i) => `elsewhere ${i}`)
  await history.online(stranger, async () => {
    for (const name of names) {
      const group = await world.during(stranger.client.createGroup(name), "a stranger founds a group")
      const { id } = await world.during(group.invite(me.name), "we are invited")
      await world.during(group.waitAccepted(id), "the invitation is on its way")
    }
  })
  await world.pass(LONG_AGO_MS)
  await history.serve()
  await history.online(stranger, async () => {
    for (let i = 0; i < numberFor(awaited.envelopes); i++) {
      const group = stranger.client.conversation(names[i % names.length]!)
      await world.during(group.send(`to nobody ${i}`), "a stranger writes")
    }
  })
  await history.online(me, async () => {})
}

/** Nothing is written down for as long as the capsule says. The server is off meanwhile, so that nothing has to be swept. */
export async function beQuiet({ world, profile }: History): Promise<void> {
  // By a clock that is ahead everything is older than it is.
  const aheadMs = Math.max(0, -offsetFromMs(profile.serverClock ?? "none"))
  const quietMs = (ageFromMs(profile.newestStored) ?? 0) - aheadMs
  if (quietMs <= 0) return
  world.server.stop()
  await world.pass(quietMs + MINUTE_MS)
}

/** The server counts less in our inbox than we took in: it is an older copy. */
export async function forgetInbox(history: History): Promise<void> {
  const { profile, restored, world, me } = history
  const ahead = profile.inbox?.ahead ?? 0
  if (ahead >= 0) return
  restored.inbox = world.server.storage.copy()
  const story = history.stories.find(isTalking)
  if (story === undefined) return
  const kept = restored.inbox
  restored.inbox = undefined
  await writeToUs(history, story, numberFor(-ahead))
  await history.online(me, async () => {})
  restored.inbox = kept
}

/** Fills our inbox until its newest number is as far ahead as the capsule says, with what waits, or with what has expired. */
export async function fillInbox(history: History): Promise<void> {
  const { profile, world, me } = history
  const { ahead = 0, isWaiting = false } = profile.inbox ?? {}
  if (ahead <= 0) return
  const newestSeq = await world.server.storage.newestSeq(me.key)
  const missing = numberFor(ahead) - (newestSeq - (await history.cursorSeq()))
  const story = history.stories.find(isTalking)
  if (missing > 0 && story !== undefined)
    await writeToUs(history, story, missing, isWaiting ? {} : { retentionMs: SHORT_MS })
  if (!isWaiting) await world.pass(LONG_AGO_MS)
}

/** Somebody else can write in it without changing what the capsule says of it. */
const isTalking = ({ facts: { phase, isClosed, persons, isLeaving } }: GroupStory): boolean =>
  phase === "member" && !isClosed && persons > 1 && !isLeaving

/** Others ask for our key packages and do nothing with them, until as many are left as the capsule says. */
export async function spendKeyPackages({ profile, world, me }: History): Promise<void> {
  const { there } = profile.keyPackages
  if (there === null || hasLostKeyPackages(profile)) return
  const { storage } = world.server
  if (!there.hasLastResort) await world.pass(LONG_AGO_MS)
  const nowMs = world.unixMs()
  const count = async (): Promise<number> => {
    const stock = await storage.addKeyPackages(me.key, [], { nowMs, stockLimit: 1000 })
    return stock.kind === "device_revoked" ? 0 : stock.available
  }
  while ((await count()) > numberFor(there.available)) await storage.takeKeyPackage(me.key, nowMs)
  for (let i = 0; i < numberFor(there.lastResortUses); i++) await storage.takeKeyPackage(me.key, nowMs)
}
