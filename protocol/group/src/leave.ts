import type { Draft } from "./draft.ts"
import type { IntentFailure } from "./event.ts"
import type { MemberState } from "./member-state.ts"

/** We are out: nothing is sent or received any more, and what was open has failed. */
export function leave(state: MemberState, reason: IntentFailure, draft: Draft): void {
  const { group, intents, parked } = state
  state.isActive = false
  parked.takeAll()
  if (group.pendingCommit !== undefined) group.clear(group.pendingCommit)
  for (const { intentId, intent } of intents.takeAll()) {
    if (intent.kind !== "upkeep") draft.tell({ kind: "intent_failed", intentId, reason })
  }
}
