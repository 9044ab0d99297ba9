import type { LiveState } from "./live-state.ts"

/** The coordinator is there: whoever waits for its silence begins anew. */
export function signOfLife<Change>(state: LiveState<Change>, nowMs: number): void {
  state.coordinatorHeardMs = nowMs
  state.silentTurns = 0
  if (state.claimAtMs === undefined) return
  state.claimAtMs = undefined
  state.asked = undefined
}
