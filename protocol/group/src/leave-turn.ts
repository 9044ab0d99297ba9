import { newMessageId } from "@qpc/wire"
import { noChange } from "./change.ts"
import { attempt } from "./commit.ts"
import type { Draft } from "./draft.ts"
import { jitterMs } from "./jitter.ts"
import type { MemberState } from "./member-state.ts"
import { leavesOf } from "./roster.ts"

/**
 * Plans the commit for those who asked to leave. All members stand in one line, which they compute alike: it begins right of
 * whoever asked first, goes round the leaves, and ends with those who want to leave themselves. The first commits at once, each further
 * one a turn later, if nobody did. Nobody coordinates, and nobody is trusted.
 *
 * Call it with each request: whoever asks makes place for those behind them. None puts our turn off, or many could keep everybody waiting.
 */
export function scheduleLeaveTurn(state: MemberState, nowMs: number): void {
  const { leaving, group, limits, random } = state
  const asked = new Set(leaving.requests.map(({ leafIndex }) => leafIndex))
  const first = [...asked].find((leafIndex) => leafIndex !== group.ownLeafIndex)
  if (first === undefined) return
  const leaves = leavesOf(group).map(({ leafIndex }) => leafIndex)
  const round = [...leaves.filter((leaf) => leaf > first), ...leaves.filter((leaf) => leaf <= first)]
  const line = [...round.filter((leaf) => !asked.has(leaf)), ...round.filter((leaf) => asked.has(leaf))]
  const place = line.indexOf(group.ownLeafIndex)
  const turnAtMs = nowMs + place * limits.leaveTurnMs + (place === 0 ? 0 : jitterMs(random, limits.leaveTurnMs))
  leaving.turnAtMs = Math.min(leaving.turnAtMs ?? turnAtMs, turnAtMs)
}

/** When {@link tickLeaveTurn} has something to do. While a commit of ours is on its way, its end looks at this again. */
export function leaveTurnAtMs({ leaving, intents }: MemberState): number | undefined {
  return intents.pending === undefined ? leaving.turnAtMs : undefined
}

/** Commits what others asked for, if it is our turn and nobody did. */
export function tickLeaveTurn(state: MemberState, nowMs: number, draft: Draft): void {
  const atMs = leaveTurnAtMs(state)
  if (atMs !== undefined && atMs <= nowMs) commitLeaves(state, nowMs, draft)
}

/** Opens an epoch in which no proposal waits any more. Those who asked to leave, and may, are not in it. */
export function commitLeaves(state: MemberState, nowMs: number, draft: Draft): void {
  const { intents, leaving, random, limits } = state
  if (intents.pending !== undefined) return
  const open = { intentId: newMessageId(nowMs, random), intent: { kind: "upkeep" }, attempt: 0, isAlone: true } as const
  attempt(state, { change: noChange(state), opens: [open] }, nowMs, draft)
  // Should it be refused, or lost without a winner, others have had their turn before we try again.
  leaving.turnAtMs = nowMs + limits.leaveTurnMs + jitterMs(random, limits.leaveTurnMs)
}
