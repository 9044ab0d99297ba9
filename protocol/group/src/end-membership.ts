import type { Draft } from "./draft.ts"
import type { IntentFailure } from "./event.ts"
import { endGaps } from "./gaps/ask.ts"
import type { MemberState } from "./member-state.ts"

/** How we came out of a group. */
type Ending = Extract<IntentFailure, "removed_from_group" | "must_rejoin" | "left_group">

/** We are out: nothing is sent or received any more, and what was open has ended. Whoever wanted to leave has left. */
export function endMembership(state: MemberState, reason: Ending, draft: Draft): void {
  const { group, intents, leaving, parked, heldTexts } = state
  state.isActive = false
  parked.takeAll()
  if (group.pendingCommit !== undefined) group.clear(group.pendingCommit)
  state.replaced.dropNext()
  // Whoever takes the device later must not read with it what was said before. MLS forgets the keys of the present group itself.
  if (reason !== "must_rejoin") state.replaced.forgetBefore(state.keys.epoch + 1n)
  const wanted = leaving.forgetRequests()
  if (group.phase === "active") group.dropProposals()
  leaving.hasLeft = reason === "left_group"
  const { epoch } = state.keys
  for (const { intentId, intent } of [...(wanted === undefined ? [] : [wanted]), ...intents.takeAll()]) {
    if (intent.kind === "leave" && reason !== "must_rejoin") draft.tell({ kind: "intent_done", intentId, epoch })
    else if (intent.kind !== "upkeep") draft.tell({ kind: "intent_failed", intentId, reason })
  }
  endGaps(state, draft)
  for (const { messageId } of heldTexts.takeAll()) draft.tell({ kind: "text_failed", messageId, reason })
}
