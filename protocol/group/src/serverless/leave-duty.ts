import { earliest } from "../deadlines.ts"
import { tickOwnLeave } from "../leave-group.ts"
import { leaveTurnAtMs, tickLeaveTurn } from "../leave-turn.ts"
import { commitBy } from "./follow.ts"
import type { ServerlessDraft } from "./serverless-draft.ts"
import { activeState } from "./serverless-state.ts"
import type { ServerlessState } from "./serverless-state.ts"

/**
 * Commits what others asked for if it is our turn, and reminds others of what we asked for. On each branch the members take turns of
 * their own; where two did it at the same time, it is a fork like any other.
 */
export function tickLeave(state: ServerlessState, nowMs: number, draft: ServerlessDraft): void {
  const active = activeState(state)
  if (active === undefined) return
  draft.add((shared) => tickOwnLeave(active, nowMs, shared))
  commitBy(state, nowMs, draft, (shared) => tickLeaveTurn(active, nowMs, shared))
}

/** When {@link tickLeave} has something to do. */
export function leaveAtMs(state: ServerlessState): number | undefined {
  const active = activeState(state)
  return active && earliest(leaveTurnAtMs(active), active.leaving.own?.remindAtMs)
}
