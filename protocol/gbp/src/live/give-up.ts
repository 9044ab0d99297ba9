import type { ErrorName } from "../error-registry.ts"
import { codeOf, IDLE } from "./live-state.ts"
import type { LiveState } from "./live-state.ts"

/** Drops what we are ready for. */
export function giveUp<Change>(
  state: LiveState<Change>,
  { transitionId }: { readonly transitionId: number },
  name: ErrorName,
): void {
  state.group.clear()
  state.pending = IDLE
  state.events.push({ kind: "transition_aborted", transitionId, code: codeOf(name) })
}
