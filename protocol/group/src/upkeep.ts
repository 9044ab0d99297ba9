import { newMessageId } from "@qpc/wire"
import { noChange } from "./change.ts"
import { attempt } from "./commit.ts"
import { earliest } from "./deadlines.ts"
import type { Draft } from "./draft.ts"
import { jitterMs } from "./jitter.ts"
import type { MemberState } from "./member-state.ts"
import { leavesOf } from "./roster.ts"
import { warmingTurn } from "./warming.ts"

/** What could not be done is not tried again before that. */
const PAUSE_MS = 1000

/** Our keys are renewed somewhat earlier than they must be, so that those who came together do not all do it at once. */
const EARLY_SHARE = 0.1

/**
 * Plans commits that nobody asked for. They renew our keys, so that a stolen device state stops being useful (RFC 9750 §8.2), and
 * warm the tree, so that everybody's commits stay small. They wait behind everything that people want, are given up when they
 * lose, and are spread over time by chance, so that a large group is not kept busy with itself.
 */
export function startUpkeep(state: MemberState, how: "created" | "joined", nowMs: number): void {
  const { limits, deadlines, random, group } = state
  deadlines.updateAtMs = nextUpdateAtMs(state, nowMs)
  if (how === "joined" && deadlines.updateAtMs !== undefined) {
    // The key of our leaf lay at a server for weeks. Everybody who joined with us wants to replace theirs too.
    const { updateSpacingMs: spacingMs } = limits
    const inMs = spacingMs + jitterMs(random, (leavesOf(group).length - 1) * spacingMs)
    deadlines.updateAtMs = earliest(deadlines.updateAtMs, nowMs + inMs)
  }
  scheduleWarming(state, nowMs)
}

/** Looks at the tree of a new epoch. `isOwn` is true if our own commit led to it, which renewed our keys. */
export function continueUpkeep(state: MemberState, isOwn: boolean, nowMs: number): void {
  if (isOwn) state.deadlines.updateAtMs = nextUpdateAtMs(state, nowMs)
  scheduleWarming(state, nowMs)
}

/** Another commit was faster than ours, or ours could not be had: later, then. */
export function postponeUpkeep(state: MemberState, nowMs: number): void {
  const { deadlines, limits, random } = state
  if (isDue(deadlines.updateAtMs, nowMs)) {
    deadlines.updateAtMs = nowMs + PAUSE_MS + jitterMs(random, limits.updateSpacingMs)
  }
  if (!isDue(deadlines.warmAtMs, nowMs)) return
  deadlines.warmAtMs = undefined
  scheduleWarming(state, nowMs + PAUSE_MS)
}

/** Makes the commit that is due, unless something else is under way. */
export function tickUpkeep(state: MemberState, nowMs: number, draft: Draft): void {
  const { deadlines, random, group, limits } = state
  if (!needsUpkeep(state)) return
  followLimits(state, nowMs)
  if (deadlines.warmAtMs !== undefined && nowMs - deadlines.warmAtMs > limits.warmEveryMs) {
    // We slept through our turn. Others will have taken it over; what they did is still on its way to us.
    deadlines.warmAtMs = nowMs + PAUSE_MS + jitterMs(random, limits.warmEveryMs)
  }
  if (!isDue(deadlines.updateAtMs, nowMs) && !isDue(deadlines.warmAtMs, nowMs)) return
  // Whoever is alone has nobody to tell of new keys.
  if (leavesOf(group).length === 1) return continueUpkeep(state, true, nowMs)
  const open = { intentId: newMessageId(nowMs, random), intent: { kind: "upkeep" }, attempt: 0, isAlone: true } as const
  if (!attempt(state, { change: noChange(state), opens: [open] }, nowMs, draft)) postponeUpkeep(state, nowMs)
}

/** When {@link tickUpkeep} has something to do. While something is under way, its end looks at this again. */
export function upkeepAtMs(state: MemberState): number | undefined {
  const { deadlines } = state
  if (!needsUpkeep(state)) return undefined
  return earliest(deadlines.updateAtMs, deadlines.warmAtMs)
}

/** A closed group takes no commits, and a service that was proven a liar gets none. */
function needsUpkeep({ isActive, intents, leaving, profile, heads }: MemberState): boolean {
  const isHalted = heads.isHalting || leaving.own !== undefined
  return isActive && !isHalted && intents.openCount === 0 && profile.settings?.isClosed !== true
}

/** Limits may have changed since the deadlines were stored, and so may the clock. */
function followLimits(state: MemberState, nowMs: number): void {
  const { deadlines, limits, group } = state
  const { updateKeysAfterMs, warmEveryMs } = limits
  if (updateKeysAfterMs === 0) deadlines.updateAtMs = undefined
  else {
    deadlines.updateAtMs = earliest(deadlines.updateAtMs ?? nextUpdateAtMs(state, nowMs), nowMs + updateKeysAfterMs)
  }
  if (warmEveryMs === 0) deadlines.warmAtMs = undefined
  else if (deadlines.warmAtMs !== undefined) {
    const lastTurnAtMs = nowMs + 2 * leavesOf(group).length * warmEveryMs
    deadlines.warmAtMs = Math.min(deadlines.warmAtMs, lastTurnAtMs)
  }
}

function nextUpdateAtMs({ limits, random }: MemberState, nowMs: number): number | undefined {
  const { updateKeysAfterMs } = limits
  if (updateKeysAfterMs === 0) return undefined
  return nowMs + updateKeysAfterMs - jitterMs(random, updateKeysAfterMs * EARLY_SHARE)
}

/** Keeps a turn that we wait for already: what others do must not put it off. */
function scheduleWarming(state: MemberState, nowMs: number): void {
  const { limits, deadlines, random } = state
  const turn = turnOf(state)
  if (turn === undefined) deadlines.warmAtMs = undefined
  else deadlines.warmAtMs ??= nowMs + turn * limits.warmEveryMs + jitterMs(random, limits.warmEveryMs)
}

function turnOf({ group, limits }: MemberState): number | undefined {
  if (limits.warmEveryMs === 0) return undefined
  const leaves = leavesOf(group).map(({ leafIndex }) => leafIndex)
  if (leaves.length < limits.warmFromMembers) return undefined
  return warmingTurn({ cost: group.commitCost(), leafIndex: group.ownLeafIndex, leaves }, limits)
}

function isDue(atMs: number | undefined, nowMs: number): boolean {
  return atMs !== undefined && atMs <= nowMs
}
