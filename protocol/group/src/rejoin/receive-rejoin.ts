import { envelopeHeader } from "@qpc/envelope"
import type { Envelope } from "@qpc/envelope"
import { equalBytes } from "@qpc/wire"
import type { Draft } from "../draft.ts"
import { endMembership } from "../end-membership.ts"
import { followHead } from "../follow-log.ts"
import type { MemberState } from "../member-state.ts"
import { mergeOthers } from "../merge.ts"
import { checkRejoin } from "./check-rejoin.ts"
import { openCommit } from "./sealed-commit.ts"
import type { SealedCommit } from "./sealed-commit.ts"

/** Follows the external commit of a device that comes back. Its head was found to be in order. */
export function receiveRejoin(
  state: MemberState,
  { envelope, sealed }: { readonly envelope: Envelope; readonly sealed: SealedCommit },
  nowMs: number,
  draft: Draft,
): void {
  const { group, suite, groupId, rejoins } = state
  const { epoch } = state.keys
  const commit = openCommit(suite, group, { groupId, epoch }, sealed)
  if (commit === undefined) return draft.drop("decrypt_failed", "DECRYPT_FAILED")
  const received = group.receive(commit, nowMs, { only: "commit" })
  if (received.kind === "rejected") return draft.drop(received.reason, "COMMIT_INVALID")
  if (received.kind === "own_commit") return draft.drop("rejoin_not_external", "COMMIT_INVALID")
  if (received.kind !== "commit") throw new Error("unreachable: only commits are opened")
  const { staged, proposalCount, authenticatedData } = received
  const isLabelledSo = equalBytes(authenticatedData, envelopeHeader(envelope))
  const objection = isLabelledSo ? checkRejoin(state, staged, proposalCount) : "header_mismatch"
  if (objection !== undefined) {
    group.clear(staged)
    return draft.drop(objection, "COMMIT_INVALID")
  }
  if (staged.report.selfRemoved) {
    // Somebody else has our key. Were we to do the same, neither would ever stop.
    group.clear(staged)
    endMembership(state, "must_rejoin", draft)
    return draft.tell({ kind: "must_rejoin", epoch, reason: "replaced_by_copy" })
  }
  followHead(state, envelope, { staged, next: undefined }, draft)
  mergeOthers(state, received, nowMs, draft)
  for (const { signatureKey } of staged.report.added) rejoins.settle(signatureKey)
}
