import { equalBytes } from "@qpc/wire"
import type { MessageId } from "@qpc/wire"
import { attemptNext, tryApart } from "./commit.ts"
import type { Draft } from "./draft.ts"
import type { PendingCommit } from "./intents.ts"
import { giveUpText } from "./gaps/note-text.ts"
import { abandonLeave } from "./leave-group.ts"
import type { MemberState } from "./member-state.ts"
import { rebase } from "./rebase.ts"
import { receiveBytes } from "./receive.ts"
import type { ReceiveOptions } from "./receive.ts"
import { postponeUpkeep } from "./upkeep.ts"

/**
 * The delivery service says that another commit was first. The winner must come through the inbox in time; if it has not come
 * once before in this epoch, the commits that the service handed over with its refusal are taken too.
 */
export function noteConflict(
  state: MemberState,
  lost: { readonly messageId: MessageId; readonly missedCommits: readonly Uint8Array[] } & ReceiveOptions,
  nowMs: number,
  draft: Draft,
): void {
  const { intents, deadlines, limits } = state
  if (!isPending(intents.pending, lost.messageId)) return
  intents.pending = { ...intents.pending, isLost: true }
  const hasWaitedBefore = deadlines.winnerByMs !== undefined
  deadlines.winnerByMs = nowMs + limits.winnerMs
  if (!hasWaitedBefore) return
  for (const envelope of lost.missedCommits)
    receiveBytes(state, envelope, { nowMs, keyPackages: lost.keyPackages }, draft)
}

/** Nobody's commit came in place of ours: it is made anew, as often as an intent may be. */
export function tickConflict(state: MemberState, nowMs: number, draft: Draft): void {
  const winnerByMs = winnerAtMs(state)
  if (winnerByMs === undefined || winnerByMs > nowMs) return
  const lost = giveUp(state)
  rebase(state, lost, { nowMs, ifTooOften: "winner_missing" }, draft)
  attemptNext(state, nowMs, draft)
}

/** When {@link tickConflict} has something to do. */
export function winnerAtMs({ intents, deadlines }: MemberState): number | undefined {
  return intents.pending?.isLost === true ? deadlines.winnerByMs : undefined
}

/**
 * The delivery service will never take what `messageId` names. A text is void then. The intent of a commit or proposal fails, and the next one has its turn. Of several
 * intents nobody can tell whose fault it was: each has a commit of its own then.
 */
export function abandon(state: MemberState, messageId: MessageId, nowMs: number, draft: Draft): void {
  abandonLeave(state, messageId, draft)
  giveUpText(state, messageId)
  if (!isPending(state.intents.pending, messageId)) return
  const { opens } = giveUp(state)
  if (opens.length > 1) tryApart(state, opens)
  else {
    for (const { intentId, intent } of opens) {
      if (intent.kind === "upkeep") postponeUpkeep(state, nowMs)
      else draft.tell({ kind: "intent_failed", intentId, reason: "refused_by_service" })
    }
  }
  attemptNext(state, nowMs, draft)
}

function isPending(pending: PendingCommit | undefined, messageId: MessageId): pending is PendingCommit {
  return pending !== undefined && equalBytes(pending.messageId, messageId)
}

/** Takes back our pending commit. */
function giveUp(state: MemberState): PendingCommit {
  const { intents, group } = state
  const { pending } = intents
  const staged = group.pendingCommit
  if (pending === undefined || staged === undefined) throw new Error("unreachable: there is no commit to give up")
  group.clear(staged)
  state.replaced.dropNext()
  intents.pending = undefined
  return pending
}
