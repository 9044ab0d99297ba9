import { DEVICES_PER_PERSON } from "@qpc/group"
import type { Capsule, CapsuleGroup, StuckState } from "@qpc/sdk"
import { UPKEEP, WISHED_KINDS } from "./intents.ts"
import { codeOf, PLAYED_FAILURES } from "./look.ts"

/** Something in a capsule that cannot be built in virtual time, and why. */
export interface Obstacle {
  readonly what: string
  readonly because: string
}

/** States that need what is not in the simulator. docs/simulator.md lists them too. */
export const UNBUILDABLE: Partial<Record<StuckState, string>> = {
  certificate_expired: "the simulator's network has no certificates",
  group_unsupported: "there is no newer program, and none that lacks a suite",
  log_refused: "the simulator's server refuses no group its log",
  must_rejoin: "the client asks to be let in again as soon as it notices that",
  profile_in_use: "one process has all devices",
  profile_newer: "there is no newer program",
  rejoin_given_up: "the replay does not wait for days",
  server_refuses: "the simulator's server refuses nobody who may connect",
  storage_damaged: "the simulator's disks have no pages that could be damaged",
  texts_missing: "the replay's server loses commits and inboxes, and no single text",
  wrong_password: "the simulator's disks have no password",
}

/** More take longer than anybody waits for. */
const PERSONS_LIMIT = 400

/** Why a capsule cannot be replayed; empty if it can. */
export function obstaclesOf(capsule: Capsule): readonly Obstacle[] {
  const all = [capsule.findings, ...capsule.groups.map(({ findings }) => findings)].flat()
  const states = new Set(all.map(({ state }) => state))
  const found: Obstacle[] = [...states].flatMap((state) => {
    const because = UNBUILDABLE[state]
    return because === undefined ? [] : [{ what: state, because }]
  })
  const code = codeOf(capsule)
  if (found.length === 0 && code !== undefined && !PLAYED_FAILURES.has(code)) {
    found.push({ what: `the failure ${code}`, because: "the simulator's server and network do not fail in this way" })
  }
  const persons = capsule.groups.reduce((sum, group) => sum + group.persons, 0)
  if (persons > PERSONS_LIMIT) {
    found.push({ what: `${persons} people in all groups`, because: `the replay has ${PERSONS_LIMIT} at most` })
  }
  if (capsule.findings.some(({ state }) => state === "rejoining" || state === "removed")) {
    found.push({ what: "a lost group of which nothing is left", because: "the replay loses no profile's groups" })
  }
  return [
    ...found,
    ...capsule.groups.flatMap((group) => [...obstaclesOfGroup(group), ...obstaclesOfLost(group, capsule)]),
  ]
}

function obstaclesOfGroup(facts: CapsuleGroup): readonly Obstacle[] {
  const { group, persons, devices, pending, queued, heldTexts, isHalting } = facts
  const found: Obstacle[] = []
  const add = (what: string, because: string): void => void found.push({ what: `group ${group}: ${what}`, because })
  if (isHalting && (pending !== null || queued.length > 0)) {
    add("changes that are halted", "the replay wishes for nothing before it learns that the server lied")
  }
  if (devices - persons > (persons - 1) * (DEVICES_PER_PERSON - 1)) {
    add("several devices of our own", "the replay gives them to the others")
  }
  // What follows from others asking to leave is a change of nobody's.
  const ours = heldTexts > 0 ? [] : (pending?.intents ?? [])
  if (ours.length > 1) add("several changes in one commit", "the replay makes one after the other")
  for (const { kind, attempts } of [...ours, ...queued]) {
    if (!WISHED_KINDS.has(kind) && kind !== UPKEEP)
      add(`a change of kind ${kind}`, "the replay cannot wish for it without a connection")
    if (attempts > 1) add("a change that was tried before", "the replay tries each once")
  }
  return found
}

/** How a group was lost: the repair finds out, or the profile was copied. */
function obstaclesOfLost({ group, rejoin }: CapsuleGroup, { isSynchronised }: Capsule): readonly Obstacle[] {
  if (rejoin === null) return []
  const { cause, attempts } = rejoin
  if (cause === "not_followed" && isSynchronised && attempts === 0) return []
  const isPlayed = cause === "must_rejoin" || (isSynchronised && cause === "history_gone")
  if (isPlayed && attempts === 1) return []
  return [{ what: `group ${group}: the way back after ${cause}`, because: "the replay goes one step of it" }]
}
