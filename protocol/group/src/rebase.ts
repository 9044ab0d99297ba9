import { attempt } from "./commit.ts"
import type { Draft } from "./draft.ts"
import type { IntentFailure } from "./event.ts"
import type { PendingCommit } from "./intents.ts"
import type { MemberState } from "./member-state.ts"
import { postponeUpkeep } from "./upkeep.ts"

/** Makes the intent of a commit that came to nothing anew, in the epoch that we are in now. */
export function rebase(
  state: MemberState,
  lost: PendingCommit,
  circumstances: { readonly nowMs: number; readonly ifTooOften: IntentFailure },
  draft: Draft,
): void {
  const { nowMs, ifTooOften } = circumstances
  const { open } = lost
  // Nobody waits for it, and whoever tried at the same time would only lose again.
  if (open.intent.kind === "upkeep") return postponeUpkeep(state, nowMs)
  const { intentId } = open
  const { epoch } = state.group
  const outcome = open.attempt < state.limits.intentAttempts ? attempt(state, open, nowMs, draft) : ifTooOften
  if (outcome === "committed") draft.tell({ kind: "intent_rebased", intentId, epoch, attempt: open.attempt + 1 })
  else if (outcome === "done") draft.tell({ kind: "intent_done", intentId, epoch })
  else draft.tell({ kind: "intent_failed", intentId, reason: outcome })
}
