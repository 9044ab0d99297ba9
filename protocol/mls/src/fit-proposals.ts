import type { CommitRefusal } from "./apply-commit.ts"
import { applyProposals } from "./apply-proposals.ts"
import { credentialJudge } from "./credential-validator.ts"
import type { Extension } from "./extension.ts"
import { findPsks } from "./group-state.ts"
import type { GroupState } from "./group-state.ts"
import type { Proposal } from "./proposal.ts"
import type { QueuedProposal } from "./proposal-queue.ts"
import type { PskLookup } from "./psk.ts"
import type { PreSharedKeyId } from "./psk-id.ts"
import type { RatchetTree } from "./ratchet-tree.ts"
import { addToSorting, emptySorting, forkSorting, sortProposals } from "./validate-proposals.ts"
import type { Committer, SentProposal, Sorting } from "./validate-proposals.ts"

/** Why a queued proposal is not in a commit of ours. */
export type LeftOutReason =
  | CommitRefusal
  /** The commit itself, a Remove or a later Update says something else about the same thing (RFC 9420 §12.2). */
  | "superseded"

/** A queued proposal that a commit of ours does not cover. It is gone with the epoch; propose it again if it is wanted. */
export interface LeftOutProposal {
  /** ProposalRef (RFC 9420 §5.2). */
  readonly reference: Uint8Array
  readonly proposal: Proposal
  readonly sender: SentProposal["sender"]
  readonly reason: LeftOutReason
}

/** Why a queued proposal is not even tried. */
export function unpickedReason(
  { proposal, sender }: SentProposal,
  committer: { readonly leafIndex: number },
): LeftOutReason {
  const { leafIndex } = committer
  if (proposal.kind === "reinit") return "reinit_not_alone"
  if (proposal.kind === "remove" && proposal.removed === leafIndex) return "remove_of_committer"
  const isOurs = sender.kind === "member" && sender.leafIndex === leafIndex
  return proposal.kind === "update" && isOurs ? "update_by_committer" : "superseded"
}

/** What the trial is about. */
export interface Trial {
  readonly state: GroupState
  readonly committer: Extract<Committer, { readonly kind: "member" }>
  /** What the commit does by value. It has to fit, or nothing does. */
  readonly own: readonly Proposal[]
  /** What was picked from the queue. */
  readonly queued: readonly QueuedProposal[]
  readonly nowMs: number
  readonly pskLookup: PskLookup | undefined
  readonly bond: PreSharedKeyId | undefined
}

/** How far the trial has come: what fits so far, applied. */
interface Attempt {
  readonly sorting: Sorting
  readonly tree: RatchetTree
  readonly extensions: readonly Extension[]
}

/**
 * What is tried before the rest: removals and updates make room for what others add, and extensions are judged by the
 * members who are then there.
 */
const FIRST: readonly Proposal["kind"][] = ["remove", "update", "add"]

/**
 * Finds out which queued proposals can go into one commit (RFC 9420 §12.4: "the committer MUST NOT include invalid ones").
 *
 * One proposal that is invalid, or that conflicts with others, must not keep a group from committing: anybody could stop
 * it with one. Each is therefore tried on a fork of what fits so far. Costs one validation for each proposal.
 *
 * @returns the reason of each that does not fit, or why not even the commit's own proposals are possible
 */
export function findUnfit(trial: Trial): ReadonlyMap<QueuedProposal, CommitRefusal> | CommitRefusal {
  const { state, committer, own, queued } = trial
  const unfit = new Map<QueuedProposal, CommitRefusal>()
  const { tree, context } = state.epoch
  let attempt: Attempt = { sorting: emptySorting(), tree, extensions: context.extensions }
  const tryQueued = (item: QueuedProposal): void => {
    const next = extend(trial, attempt, [item])
    if (typeof next === "string") unfit.set(item, next)
    else attempt = next
  }
  // Room for the queue is what the commit's own proposals leave.
  const room = Math.max(0, state.limits.committedProposals - own.length)
  for (const item of queued.slice(room)) unfit.set(item, "too_many_committed_proposals")
  const candidates = queued.slice(0, room)
  for (const item of candidates) if (item.proposal.kind === "remove") tryQueued(item)
  const required = extend(
    trial,
    attempt,
    own.map((proposal) => ({ proposal, sender: committer })),
  )
  if (typeof required === "string") return required
  attempt = required
  for (const kind of FIRST.slice(1)) for (const item of candidates) if (item.proposal.kind === kind) tryQueued(item)
  for (const item of candidates) if (!FIRST.includes(item.proposal.kind)) tryQueued(item)
  return unfit
}

function extend(trial: Trial, { sorting, tree, extensions }: Attempt, more: SentProposal[]): Attempt | CommitRefusal {
  const { state, committer, nowMs, pskLookup, bond } = trial
  const { suite, epoch, limits, policy } = state
  const surroundings = { suite, policy, tree: epoch.tree, committer, bond }
  const together = forkSorting(sorting)
  for (const sent of more) {
    const refusal = addToSorting(together, sent, surroundings)
    if (refusal !== undefined) return refusal
    // Judged by the tree that the commit starts from, where nothing of the trial is applied yet.
    const { proposal } = sent
    const repeats = proposal.kind === "update" && epoch.tree.index.hasEncryptionKey(proposal.leafNode.encryptionKey)
    if (repeats) return "update_key_not_fresh"
  }
  const alone = sortProposals(more, surroundings)
  if (typeof alone === "string") return alone
  const judgement = {
    lifetime: { nowMs, limitMs: limits.leafLifetimeMs },
    judge: credentialJudge(policy.credentialValidator, nowMs),
  }
  const applied = applyProposals({ tree, context: { ...epoch.context, extensions } }, alone, judgement)
  if (typeof applied === "string") return applied
  const others = alone.psks.filter((id) => id !== bond)
  if (findPsks(state, others, pskLookup) === undefined) return "psk_missing"
  return { sorting: together, tree: applied.tree, extensions: applied.extensions }
}
