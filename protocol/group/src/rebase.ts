import type { Draft } from "./draft.ts"
import type { IntentFailure } from "./event.ts"
import type { PendingCommit } from "./intents.ts"
import type { MemberState } from "./member-state.ts"
import { postponeUpkeep } from "./upkeep.ts"

/**
 * Puts the intents of a commit that came to nothing back into the line, in front, unless they were tried too often. `attemptNext`
 * makes them anew in the epoch that we are in now.
 */
export function rebase(
  state: MemberState,
  lost: PendingCommit,
  circumstances: { readonly nowMs: number; readonly ifTooOften: IntentFailure },
  draft: Draft,
): void {
  const { intents, limits } = state
  // Nobody waits for it, and whoever tried at the same time would only lose again.
  if (lost.opens.some(({ intent }) => intent.kind === "upkeep")) return postponeUpkeep(state, circumstances.nowMs)
  const again = lost.opens.filter((open) => open.attempt < limits.intentAttempts)
  intents.queue.unshift(...again)
  for (const { intentId, attempt } of lost.opens) {
    if (attempt < limits.intentAttempts) continue
    draft.tell({ kind: "intent_failed", intentId, reason: circumstances.ifTooOften })
  }
}
