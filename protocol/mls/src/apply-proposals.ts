import type { CredentialJudge, CredentialReason } from "./credential-validator.ts"
import type { Epoch } from "./epoch.ts"
import type { Extension } from "./extension.ts"
import { judgeExternalSenders } from "./external-senders.ts"
import type { LeafNode, LeafPlace } from "./leaf-node.ts"
import type { RatchetTree } from "./ratchet-tree.ts"
import type { Member } from "./staged-commit.ts"
import { verifyKeyPackages } from "./validate-key-package.ts"
import type { KeyPackageReason, ValidKeyPackage } from "./validate-key-package.ts"
import { validateLeafNode } from "./validate-leaf-node.ts"
import type { LeafNodeReason, LifetimePolicy } from "./validate-leaf-node.ts"
import { validateMembers } from "./validate-members.ts"
import type { MembersReason } from "./validate-members.ts"
import type { SortedProposals } from "./validate-proposals.ts"

/** Someone whom the commit adds. */
export interface AddedMember {
  readonly leafIndex: number
  readonly keyPackage: ValidKeyPackage
}

/** The group after the proposals of a commit and before its path. */
export interface AppliedProposals {
  /** A fork. */
  readonly tree: RatchetTree
  readonly extensions: readonly Extension[]
  readonly added: readonly AddedMember[]
  /** As they were before. */
  readonly removed: readonly Member[]
  readonly updatedLeaves: readonly number[]
}

/** Why proposals cannot be applied (RFC 9420 §12.2): a key package or leaf is invalid, or the group cannot hold it. */
export type ApplyRefusal =
  | KeyPackageReason
  | LeafNodeReason
  | MembersReason
  | CredentialReason
  /** §12.2: a custom type that some member who has to follow the commit does not list. */
  | "proposal_not_supported_by_all"
  /** §12.1.2: an Update of a leaf that is blank. */
  | "update_of_blank_leaf"
  /** §7.3: an Update that keeps the encryption key, or takes another node's. */
  | "update_key_not_fresh"
  /** §12.1.8.1: the new `external_senders` do not decode. */
  | "external_senders_malformed"
  /** Above `GroupLimits.members`. */
  | "group_full"

/** How new leaves are judged. */
export interface LeafJudgement {
  /** Of key packages; without a clock for a commit that others accepted already. */
  readonly lifetime: LifetimePolicy | undefined
  readonly judge: CredentialJudge
}

/** Applies proposals to a fork of the tree (RFC 9420 §12.3). */
export function applyProposals(
  epoch: Pick<Epoch, "tree" | "context">,
  sorted: SortedProposals,
  judgement: LeafJudgement,
): AppliedProposals | ApplyRefusal {
  const tree = epoch.tree.fork()
  const { groupId } = epoch.context
  for (const { leafIndex, leafNode } of sorted.updates) {
    const refusal = applyUpdate(tree, { groupId, leafIndex }, leafNode, judgement)
    if (refusal !== undefined) return refusal
  }
  const removed: Member[] = []
  for (const leafIndex of sorted.removes) {
    removed.push(memberAt(tree, leafIndex))
    tree.removeLeaf(leafIndex)
  }
  // Whoever is removed or added need not understand what the others agree on (RFC 9420 §12.2).
  const isUnderstood = sorted.custom.every(({ type }) => tree.index.everyoneSupportsProposal(type))
  if (!isUnderstood) return "proposal_not_supported_by_all"
  const keyPackages = verifyKeyPackages(tree.suite, sorted.adds, judgement.lifetime)
  if (typeof keyPackages === "string") return keyPackages
  const added: AddedMember[] = []
  for (const keyPackage of keyPackages) {
    const outcome = applyAdd(tree, keyPackage, judgement)
    if (typeof outcome === "string") return outcome
    added.push(outcome)
  }
  const extensions = sorted.extensions ?? epoch.context.extensions
  const refusal =
    judgeExternalSenders(judgement.judge, epoch.context.extensions, extensions) ?? validateMembers(tree, extensions)
  if (refusal !== undefined) return refusal
  return { tree, extensions, added, removed, updatedLeaves: sorted.updates.map(({ leafIndex }) => leafIndex) }
}

/** The member at a leaf that is known to be taken. */
export function memberAt(tree: RatchetTree, leafIndex: number): Member {
  const leafNode = tree.leaf(leafIndex)
  if (leafNode === undefined) throw new Error(`unreachable: leaf ${leafIndex} is blank`)
  return memberOf(leafIndex, leafNode)
}

/** What a leaf says of its member. */
export function memberOf(leafIndex: number, { credential, signatureKey, extensions }: LeafNode): Member {
  return { leafIndex, credential, signatureKey, extensions }
}

function applyUpdate(
  tree: RatchetTree,
  place: LeafPlace,
  leafNode: LeafNode,
  { judge }: LeafJudgement,
): ApplyRefusal | undefined {
  const predecessor = tree.leaf(place.leafIndex)
  if (predecessor === undefined) return "update_of_blank_leaf"
  const valid = validateLeafNode(tree.suite, leafNode, { source: "update", place, lifetime: undefined })
  if (valid.kind === "rejected") return valid.reason
  if (tree.index.hasEncryptionKey(leafNode.encryptionKey)) return "update_key_not_fresh"
  const { credential, signatureKey } = leafNode
  const refusal = judge({ credential, signatureKey, place: "update", predecessor })
  if (refusal !== undefined) return refusal
  tree.updateLeaf(place.leafIndex, valid.leafNode)
  return undefined
}

function applyAdd(
  tree: RatchetTree,
  keyPackage: ValidKeyPackage,
  { judge }: LeafJudgement,
): AddedMember | ApplyRefusal {
  const { credential, signatureKey } = keyPackage.leafNode
  const refusal = judge({ credential, signatureKey, place: "add", predecessor: undefined })
  if (refusal !== undefined) return refusal
  if (!tree.hasRoomFor(1)) return "group_full"
  return { leafIndex: tree.addLeaf(keyPackage.leafNode), keyPackage }
}
