import { equalBytes } from "@qpc/wire"
import type { Brand } from "@qpc/wire"
import type { Extension } from "./extension.ts"
import type { RatchetTree } from "./ratchet-tree.ts"
import { SignatureChecks } from "./signature-checks.ts"
import { leafToNode } from "./tree-math.ts"
import { branchesBelow, childTowards, findNode } from "./tree-node.ts"
import type { Branch, TreeNode } from "./tree-node.ts"
import { validateLeafNode } from "./validate-leaf-node.ts"
import type { LeafNodeReason, LifetimePolicy } from "./validate-leaf-node.ts"
import { validateMembers } from "./validate-members.ts"
import type { MembersReason } from "./validate-members.ts"

/** A tree that {@link validateTree} let through. */
export type ValidRatchetTree = Brand<RatchetTree, "ValidRatchetTree">

/**
 * Why the tree of a group is refused (RFC 9420 §12.4.3.1).
 *
 * - `tree_hash_mismatch`: not the tree of this group context.
 * - `tree_not_truncated`: its right half has no member (RFC 9420 §7.7).
 * - `unmerged_leaf_invalid`: an unmerged leaf is blank, elsewhere, or missing in a node between.
 * - `parent_key_unusable`: a parent has a key that nobody could encrypt to.
 * - `parent_hash_invalid`: a parent was not put there by a member below it (RFC 9420 §7.9.2).
 */
export type TreeReason =
  | "tree_hash_mismatch"
  | "tree_not_truncated"
  | "unmerged_leaf_invalid"
  | "parent_key_unusable"
  | "parent_hash_invalid"
  | MembersReason
  | LeafNodeReason

/** What the tree is checked against: the group context of the GroupInfo. */
export interface TreeExpectation {
  readonly groupId: Uint8Array
  readonly treeHash: Uint8Array
  readonly extensions: readonly Extension[]
  /** See `LeafNodeExpectation.lifetime`: usually without a clock. */
  readonly lifetime: LifetimePolicy | undefined
}

/**
 * Decides whether a newcomer believes a ratchet tree (RFC 9420 §12.4.3.1).
 *
 * Costs a signature verification for each member and a few hashes for each node; the verifications come last.
 */
export function validateTree(
  tree: RatchetTree,
  expectation: TreeExpectation,
):
  | { readonly kind: "valid"; readonly tree: ValidRatchetTree }
  | { readonly kind: "rejected"; readonly reason: TreeReason } {
  const reason =
    (equalBytes(tree.treeHash(), expectation.treeHash) ? undefined : "tree_hash_mismatch") ??
    checkParents(tree) ??
    validateMembers(tree, expectation.extensions) ??
    (tree.findInvalidParentHash() === undefined ? undefined : "parent_hash_invalid") ??
    checkLeaves(tree, expectation)
  return reason === undefined ? { kind: "valid", tree: tree as ValidRatchetTree } : { kind: "rejected", reason }
}

function checkParents({ root, suite }: RatchetTree): TreeReason | undefined {
  if (root.kind === "branch" && root.right.memberCount === 0) return "tree_not_truncated"
  for (const branch of branchesBelow(root)) {
    if (branch.value === undefined) continue
    if (!suite.kemPublicKeyIsValid(branch.value.encryptionKey)) return "parent_key_unusable"
    if (!branch.value.unmergedLeaves.every((leafIndex) => isUnmergedBelow(branch, leafIndex))) {
      return "unmerged_leaf_invalid"
    }
  }
  return undefined
}

/**
 * True if the leaf is taken, below the branch, and listed by the next parent with a key on the way down. That one is
 * checked too, so all of them list it.
 */
function isUnmergedBelow(branch: Branch, leafIndex: number): boolean {
  if (findNode(branch, leafToNode(leafIndex))?.value === undefined) return false
  let at: TreeNode = childTowards(branch, leafIndex)
  while (at.kind === "branch") {
    if (at.value !== undefined) return includesSorted(at.value.unmergedLeaves, leafIndex)
    at = childTowards(at, leafIndex)
  }
  return true
}

function checkLeaves(tree: RatchetTree, expectation: TreeExpectation): TreeReason | undefined {
  const { groupId, lifetime } = expectation
  const signatures = new SignatureChecks(tree.suite)
  for (const { leafIndex, leafNode } of tree.members()) {
    const place = { groupId, leafIndex }
    const outcome = validateLeafNode(tree.suite, leafNode, { source: "any", place, lifetime, signatures })
    if (outcome.kind === "rejected") return outcome.reason
  }
  return signatures.allValid() ? undefined : "leaf_signature_invalid"
}

function includesSorted(sorted: readonly number[], value: number): boolean {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return sorted[low] === value
}
