import type { MergeReport, StagedCommit } from "@qpc/mls"
import type { IdentityKey } from "@qpc/wire"
import { attempt, attemptNext } from "./commit.ts"
import type { Draft } from "./draft.ts"
import type { PendingCommit } from "./intents.ts"
import type { MemberState } from "./member-state.ts"
import { identityOf } from "./roster.ts"

/** Our commit came back from the delivery service: it is the one. */
export function mergeOwn(state: MemberState, staged: StagedCommit, nowMs: number, draft: Draft): void {
  const { pending } = state.intents
  state.intents.pending = undefined
  merge(state, staged, draft)
  const { epoch } = state.group
  if (pending !== undefined) draft.tell({ kind: "intent_done", intentId: pending.open.intentId, epoch })
  attemptNext(state, nowMs, draft)
}

/** Somebody else's commit is the one. Ours, if there is one, is void; what it was to achieve may still be wanted. */
export function mergeOthers(state: MemberState, staged: StagedCommit, nowMs: number, draft: Draft): void {
  const { intents } = state
  const report = merge(state, staged, draft)
  if (report.selfRemoved) return
  const { pending } = intents
  intents.pending = undefined
  if (pending !== undefined) rebase(state, pending, nowMs, draft)
  attemptNext(state, nowMs, draft)
}

function merge(state: MemberState, staged: StagedCommit, draft: Draft): MergeReport {
  const { group } = state
  const by = identityAt(state, staged.committer)
  const leftEpoch = group.epoch
  const report = group.merge(staged)
  if (report.selfRemoved) {
    leave(state, leftEpoch + 1n, by, draft)
    return report
  }

  const removed = report.removed.map((member) => ({
    leafIndex: member.leafIndex,
    identityKey: known(identityOf(member)),
  }))
  for (const one of removed) state.departed.add({ ...one, lastEpoch: leftEpoch })
  state.departed.forgetBefore(state.keys.oldestEpoch)
  const added = report.added.map((member) => known(identityOf(member)))
  const { epoch } = group
  if (added.length + removed.length > 0) {
    const gone = removed.map((one) => one.identityKey)
    draft.tell({ kind: "members_changed", epoch, by, added, removed: gone })
  }
  draft.tell({ kind: "epoch_changed", epoch, authenticator: group.epochAuthenticator() })
  return report
}

function leave(state: MemberState, epoch: bigint, by: IdentityKey, draft: Draft): void {
  state.isActive = false
  state.parked.takeAll()
  for (const { intentId } of state.intents.takeAll()) {
    draft.tell({ kind: "intent_failed", intentId, reason: "removed_from_group" })
  }
  draft.tell({ kind: "removed_from_group", epoch, by })
}

/** Makes the intent of a lost commit anew in the epoch that the winner opened. */
function rebase(state: MemberState, lost: PendingCommit, nowMs: number, draft: Draft): void {
  const { open } = lost
  const { intentId } = open
  const { epoch } = state.group
  const outcome = open.attempt < state.limits.intentAttempts ? attempt(state, open, nowMs, draft) : "too_many_conflicts"
  if (outcome === "committed") draft.tell({ kind: "intent_rebased", intentId, epoch, attempt: open.attempt + 1 })
  else if (outcome === "done") draft.tell({ kind: "intent_done", intentId, epoch })
  else draft.tell({ kind: "intent_failed", intentId, reason: outcome })
}

function identityAt(state: MemberState, leafIndex: number): IdentityKey {
  const member = state.group.member(leafIndex)
  return known(member && identityOf(member))
}

function known(identityKey: IdentityKey | undefined): IdentityKey {
  if (identityKey === undefined) throw new Error("unreachable: a member without an identity was let in")
  return identityKey
}
