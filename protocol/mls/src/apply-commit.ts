import { constantTimeEqual, equalBytes } from "@qpc/wire"
import { applyProposals, memberAt } from "./apply-proposals.ts"
import type { AppliedProposals, ApplyRefusal, LeafJudgement } from "./apply-proposals.ts"
import type { VerifiedContent } from "./authenticated-content.ts"
import type { Commit } from "./commit.ts"
import { credentialJudge } from "./credential-validator.ts"
import type { CredentialJudge, CredentialReason } from "./credential-validator.ts"
import { zeroEpoch } from "./epoch.ts"
import type { Epoch } from "./epoch.ts"
import { findPsks } from "./group-state.ts"
import type { GroupState } from "./group-state.ts"
import { externalInitSecret } from "./key-schedule.ts"
import type { LeafNode } from "./leaf-node.ts"
import { mergePath } from "./merge-path.ts"
import type { MergedPath, PathReason } from "./merge-path.ts"
import { openNextEpoch, provisionalContext } from "./next-epoch.ts"
import { openPath } from "./open-path.ts"
import type { PathSecretReason } from "./open-path.ts"
import type { PskLookup } from "./psk.ts"
import type { MergeReport } from "./staged-commit.ts"
import type { TreePrivateState } from "./tree-private-state.ts"
import type { UpdatePath } from "./update-path.ts"
import { validateLeafNode } from "./validate-leaf-node.ts"
import type { LeafNodeReason } from "./validate-leaf-node.ts"
import { validateMembers } from "./validate-members.ts"
import { sortProposals } from "./validate-proposals.ts"
import type { Committer, ProposalRefusal, SentProposal, SortedProposals } from "./validate-proposals.ts"

/** Why a commit is refused whose sender is known to be genuine (RFC 9420 §12.4.2). */
export type CommitRefusal =
  | ProposalRefusal
  | ApplyRefusal
  | LeafNodeReason
  | PathReason
  | PathSecretReason
  /** It refers to a proposal that we do not have. */
  | "unknown_proposal"
  /** §12.4.3.2: an external commit must not refer to proposals. */
  | "external_commit_reference"
  /** More proposals than `GroupLimits.committedProposals`. */
  | "too_many_committed_proposals"
  /** §12.4: these proposals, or none at all, need a path. */
  | "path_missing"
  /** §12.4.2: a PSK that we do not have. */
  | "psk_missing"
  /** §8.3: the KEM output does not open. */
  | "external_init_invalid"
  /** §8.1: epochs are 64-bit numbers, and this one is the last. Nobody gets there honestly. */
  | "epoch_exhausted"
  /** §6.1: our epoch is not the committer's. */
  | "bad_confirmation_tag"

/** The last number that an epoch can have (RFC 9420 §8.1). */
export const EPOCH_MAX: bigint = 2n ** 64n - 1n

/** A commit that passed every check. `epoch` is undefined if it removes us: its secrets are not for us. */
export interface AppliedCommit {
  readonly committer: number
  readonly epoch: Epoch | undefined
  readonly report: MergeReport
  /** Leaves whose Remove their own members sent. */
  readonly selfRemovals: readonly number[]
  readonly proposalCount: number
}

/** What the receiver of a commit brings along. */
export interface ApplyOptions {
  readonly nowMs: number
  readonly psks?: PskLookup | undefined
}

/** Follows a commit into the next epoch, without touching the current one (RFC 9420 §12.4.2). */
export function applyCommit(
  state: GroupState,
  verified: VerifiedContent,
  options: ApplyOptions,
): AppliedCommit | CommitRefusal {
  const { suite, epoch } = state
  if (epoch.context.epoch === EPOCH_MAX) return "epoch_exhausted"
  const { sender, body } = verified.content
  if (body.kind !== "commit") throw new Error("unreachable: only commits are applied")
  const committer: Committer =
    sender.kind === "member" ? { kind: "member", leafIndex: sender.leafIndex } : { kind: "newcomer" }
  const proposals = committedProposals(state, verified, body.commit)
  if (typeof proposals === "string") return proposals
  const sorted = sortProposals(proposals, { suite, policy: state.policy, tree: epoch.tree, committer })
  if (typeof sorted === "string") return sorted
  const { path } = body.commit
  if (path === undefined && (sorted.requiresPath || proposals.length === 0)) return "path_missing"

  const judgement = judgementOf(state, options.nowMs)
  const applied = applyProposals(epoch, sorted, judgement)
  if (typeof applied === "string") return applied
  const leafIndex = committer.kind === "member" ? committer.leafIndex : newcomersLeaf(applied)
  if (leafIndex === undefined) return "group_full"
  const replaced = replacedLeaf(epoch, committer, sorted)
  const merged = path && mergeCommitPath(epoch, applied, { leafIndex, path, committer, replaced }, judgement)
  if (typeof merged === "string") return merged
  // The committer's new leaf is in the tree now; the rules over all members hold for it too (RFC 9420 §12.2).
  const refusal = merged === undefined ? undefined : validateMembers(applied.tree, applied.extensions)
  if (refusal !== undefined) return refusal

  const report = reportOf(epoch, applied, sorted, leafIndex, merged !== undefined, committer)
  const counts = { selfRemovals: selfRemovalsIn(proposals), proposalCount: proposals.length }
  if (report.selfRemoved) return { committer: leafIndex, epoch: undefined, report, ...counts }
  const next = followCommit(state, verified, { sorted, applied, merged }, options)
  return typeof next === "string" ? next : { committer: leafIndex, epoch: next, report, ...counts }
}

function selfRemovalsIn(proposals: readonly SentProposal[]): readonly number[] {
  return proposals.flatMap(({ proposal, sender }) => {
    const isOwn = proposal.kind === "remove" && sender.kind === "member" && sender.leafIndex === proposal.removed
    return isOwn ? [proposal.removed] : []
  })
}

/** What a commit does, for those who decide about it. */
export function reportOf(
  epoch: Epoch,
  applied: AppliedProposals,
  sorted: SortedProposals,
  committer: number,
  hasPath: boolean,
  kind: Committer,
): MergeReport {
  const { tree, removed } = applied
  const isNewcomer = kind.kind === "newcomer"
  const updated = [...applied.updatedLeaves, ...(hasPath && !isNewcomer ? [committer] : [])]
  const added = [...applied.added.map(({ leafIndex }) => leafIndex), ...(isNewcomer ? [committer] : [])]
  return {
    epoch: epoch.context.epoch + 1n,
    added: added.map((leafIndex) => memberAt(tree, leafIndex)),
    removed,
    updated: updated.map((leafIndex) => memberAt(tree, leafIndex)),
    selfRemoved: sorted.removes.includes(epoch.keys.leafIndex),
    extensions: applied.extensions,
    reinit: sorted.reinit,
    custom: sorted.custom,
  }
}

function committedProposals(
  { queue, limits }: GroupState,
  { content }: VerifiedContent,
  commit: Commit,
): SentProposal[] | CommitRefusal {
  if (commit.proposals.length > limits.committedProposals) return "too_many_committed_proposals"
  const isExternal = content.sender.kind === "new_member_commit"
  if (isExternal && commit.proposals.some((item) => item.kind === "reference")) return "external_commit_reference"
  return queue.resolve(commit.proposals, content.sender) ?? "unknown_proposal"
}

function newcomersLeaf({ tree }: AppliedProposals): number | undefined {
  return tree.hasRoomFor(1) ? tree.reserveLeaf() : undefined
}

/** How a member judges the leaves in a commit of somebody else. */
function judgementOf({ policy, limits }: GroupState, nowMs: number): LeafJudgement {
  return {
    lifetime: { nowMs: policy.checkLifetimes ? nowMs : undefined, limitMs: limits.leafLifetimeMs },
    judge: credentialJudge(policy.credentialValidator, nowMs),
  }
}

/**
 * Judges the credential in a committer's path, whose signature was verified (RFC 9420 §5.3.1). A newcomer may remove its own
 * old appearance; its new leaf has to be a valid successor then, as an Update's would (RFC 9420 §12.2).
 *
 * @param replaced - See {@link replacedLeaf}.
 */
export function judgePathLeaf(
  judge: CredentialJudge,
  committer: Committer,
  leafNode: Pick<LeafNode, "credential" | "signatureKey">,
  replaced: LeafNode | undefined,
): CredentialReason | undefined {
  const { credential, signatureKey } = leafNode
  const place = committer.kind === "member" ? "commit" : "external_commit"
  return judge({ credential, signatureKey, place, predecessor: replaced })
}

/** The leaf that a committer's new one takes the place of: its own, or of a newcomer the one that it removes. */
export function replacedLeaf(
  { tree }: Pick<Epoch, "tree">,
  committer: Committer,
  { removes }: Pick<SortedProposals, "removes">,
): LeafNode | undefined {
  const leafIndex = committer.kind === "member" ? committer.leafIndex : removes[0]
  return leafIndex === undefined ? undefined : tree.leaf(leafIndex)
}

/** A committer's path on its way into the tree. */
interface CommitterPath {
  readonly committer: Committer
  readonly leafIndex: number
  readonly path: UpdatePath
  readonly replaced: LeafNode | undefined
}

function mergeCommitPath(
  epoch: Epoch,
  { tree, added }: AppliedProposals,
  { committer, leafIndex, path, replaced }: CommitterPath,
  { judge }: LeafJudgement,
): MergedPath | LeafNodeReason | PathReason | CredentialReason | "update_key_not_fresh" {
  // The old leaf of a newcomer is gone when the keys of the path are compared with those in the tree.
  const keepsKey = replaced !== undefined && equalBytes(replaced.encryptionKey, path.leafNode.encryptionKey)
  if (committer.kind === "newcomer" && keepsKey) return "update_key_not_fresh"
  const place = { groupId: epoch.context.groupId, leafIndex }
  const leaf = validateLeafNode(tree.suite, path.leafNode, { source: "commit", place, lifetime: undefined })
  if (leaf.kind === "rejected") return leaf.reason
  const refusal = judgePathLeaf(judge, committer, leaf.leafNode, replaced)
  if (refusal !== undefined) return refusal
  const addedLeaves = new Set(added.map((member) => member.leafIndex))
  const outcome = mergePath(tree, leafIndex, { ...path, leafNode: leaf.leafNode }, addedLeaves)
  return outcome.kind === "merged" ? outcome.merged : outcome.reason
}

/** The changes of a commit once they are in the tree. */
interface Changes {
  readonly sorted: SortedProposals
  readonly applied: AppliedProposals
  readonly merged: MergedPath | undefined
}

function followCommit(
  state: GroupState,
  verified: VerifiedContent,
  changes: Changes,
  options: ApplyOptions,
): Epoch | CommitRefusal {
  const { epoch } = state
  const psks = findPsks(state, changes.sorted.psks, options.psks)
  if (psks === undefined) return "psk_missing"
  const initSecret = initSecretOf(state, changes.sorted)
  if (initSecret === undefined) return "external_init_invalid"
  const keys = keysAfterProposals(state, changes)
  const commitSecret = commitSecretOf(state, changes, keys)
  if (typeof commitSecret === "string") {
    keys[Symbol.dispose]()
    return commitSecret
  }
  const { wireFormat, content, auth } = verified
  const opened = openNextEpoch({
    suite: state.suite,
    previous: epoch,
    tree: changes.applied.tree,
    keys,
    extensions: changes.applied.extensions,
    initSecret,
    commitSecret,
    psks,
    commit: { wireFormat, content, signature: auth.signature },
  })
  for (const used of [commitSecret, opened.joinerSecret, opened.welcomeSecret]) used.fill(0)
  if (initSecret !== epoch.secrets.initSecret) initSecret.fill(0)
  const tag = auth.confirmationTag
  if (tag !== undefined && constantTimeEqual(tag, opened.epoch.confirmationTag)) return opened.epoch
  zeroEpoch(opened.epoch)
  return "bad_confirmation_tag"
}

function initSecretOf({ suite, epoch }: GroupState, { externalInit }: SortedProposals): Uint8Array | undefined {
  if (externalInit === undefined) return epoch.secrets.initSecret
  return externalInitSecret(suite, epoch.secrets.externalSecret, externalInit)
}

/**
 * Our private keys once the proposals are applied: an Update of ours may be among them. Those of nodes that became blank go when
 * the path is opened: without one, no node becomes blank (RFC 9420 §12.4).
 */
function keysAfterProposals({ epoch, queue }: GroupState, { sorted }: Changes): TreePrivateState {
  const keys = epoch.keys.fork()
  const ownUpdate = sorted.updates.find(({ leafIndex }) => leafIndex === keys.leafIndex)
  const updateKey = ownUpdate === undefined ? undefined : queue.updateKeyOf(ownUpdate.leafNode.encoded)
  if (updateKey !== undefined) keys.set(2 * keys.leafIndex, updateKey.slice())
  return keys
}

function commitSecretOf(
  { suite, epoch }: GroupState,
  { applied, merged }: Changes,
  keys: TreePrivateState,
): Uint8Array | PathSecretReason {
  if (merged === undefined) return new Uint8Array(suite.sizes.hashBytes)
  const context = provisionalContext(epoch.context, applied.tree.treeHash(), applied.extensions)
  const opened = openPath(merged, keys, context)
  return opened.kind === "opened" ? opened.commitSecret : opened.reason
}
