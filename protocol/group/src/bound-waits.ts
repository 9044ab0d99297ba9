import { boundGapWaits } from "./gaps/ask.ts"
import type { MemberState } from "./member-state.ts"
import { leavesOf } from "./roster.ts"

/**
 * Shortens what is waited for until a time that is further away than it was ever set: the clock was ahead then and has been set back.
 * What renews keys and warms the tree looks after itself; see `upkeep.ts`.
 */
export function boundWaits(state: MemberState, nowMs: number): void {
  const { deadlines, leaving, limits, group, rejoins } = state
  const { winnerMs, leaveTurnMs, leaveWaitMs, rejoinAnswers, rejoinTurnMs } = limits
  boundGapWaits(state, nowMs)
  rejoins.boundTurns(nowMs + rejoinAnswers * rejoinTurnMs)
  if (deadlines.winnerByMs !== undefined) deadlines.winnerByMs = Math.min(deadlines.winnerByMs, nowMs + winnerMs)
  if (leaving.turnAtMs !== undefined) {
    leaving.turnAtMs = Math.min(leaving.turnAtMs, nowMs + (leavesOf(group).length + 1) * leaveTurnMs)
  }
  if (leaving.own === undefined) return
  leaving.own = { ...leaving.own, remindAtMs: Math.min(leaving.own.remindAtMs, nowMs + leaveWaitMs) }
}
