import type { CipherSuite } from "@qpc/crypto"
import { vectorBytes, withScratch, Writer } from "@qpc/wire"
import { makeParentNode } from "./parent-node.ts"
import type { ParentNode } from "./parent-node.ts"
import { isBelow } from "./tree-math.ts"
import type { Branch, TreeNode } from "./tree-node.ts"

/**
 * The tree hash of a subtree (RFC 9420 §7.8). Borrowed. Remembered for branches, so that only what is new is hashed; a leaf's
 * is computed anew, which costs less than keeping it for everybody.
 */
export function nodeHash(suite: CipherSuite, node: TreeNode): Uint8Array {
  if (node.kind === "leaf") return hashLeaf(suite, node.leafIndex, node.value?.encoded)
  if (node.hashes === undefined) hashBranches(suite, node)
  return new Uint8Array(node.hashes!, node.hashAt, suite.sizes.hashBytes)
}

/** Hashes what was not hashed yet, all into one buffer: an array for each would take ten times the memory. */
function hashBranches(suite: CipherSuite, root: Branch): void {
  const { hashBytes } = suite.sizes
  const branches: Branch[] = []
  collectUnhashed(root, branches)
  const hashes = new Uint8Array(branches.length * hashBytes)
  for (const [at, branch] of branches.entries()) {
    const { value, left, right } = branch
    hashes.set(hashParent(suite, value, nodeHash(suite, left), nodeHash(suite, right)), at * hashBytes)
    branch.hashes = hashes.buffer
    branch.hashAt = at * hashBytes
  }
}

/** Children before parents. */
function collectUnhashed(node: TreeNode, into: Branch[]): void {
  if (node.kind === "leaf" || node.hashes !== undefined) return
  collectUnhashed(node.left, into)
  collectUnhashed(node.right, into)
  into.push(node)
}

/**
 * The tree hash that a subtree had before the leaves `blanked` joined it (RFC 9420 §7.9: `original_sibling_tree_hash`).
 *
 * Costs nothing where none of them is below, and otherwise a hash for each node above one.
 */
export function originalNodeHash(suite: CipherSuite, node: TreeNode, blanked: readonly number[]): Uint8Array {
  const below = blanked.filter((leafIndex) => isBelow(leafIndex, node.nodeIndex))
  if (below.length === 0) return nodeHash(suite, node)
  if (node.kind === "leaf") return hashLeaf(suite, node.leafIndex, undefined)
  const left = originalNodeHash(suite, node.left, below)
  const right = originalNodeHash(suite, node.right, below)
  return hashParent(suite, node.value && withoutUnmerged(node.value, new Set(below)), left, right)
}

function withoutUnmerged(parent: ParentNode, leaves: ReadonlySet<number>): ParentNode {
  const unmerged = parent.unmergedLeaves.filter((leafIndex) => !leaves.has(leafIndex))
  return makeParentNode(parent.encryptionKey, parent.parentHash, unmerged)
}

/** LeafNodeHashInput (RFC 9420 §7.8). */
function hashLeaf(suite: CipherSuite, leafIndex: number, encoded: Uint8Array | undefined): Uint8Array {
  return withScratch(1 + 4 + optionalBytes(encoded), (scratch) => {
    writeOptional(new Writer(scratch).uint8(1).uint32(leafIndex), encoded)
    return suite.hash(scratch)
  })
}

/** ParentNodeHashInput (RFC 9420 §7.8). */
function hashParent(
  suite: CipherSuite,
  parent: ParentNode | undefined,
  left: Uint8Array,
  right: Uint8Array,
): Uint8Array {
  const encoded = parent?.encoded
  const inputBytes = 1 + optionalBytes(encoded) + vectorBytes(left.length) + vectorBytes(right.length)
  return withScratch(inputBytes, (scratch) => {
    writeOptional(new Writer(scratch).uint8(2), encoded).vector(left).vector(right)
    return suite.hash(scratch)
  })
}

function optionalBytes(encoded: Uint8Array | undefined): number {
  return 1 + (encoded?.length ?? 0)
}

function writeOptional(writer: Writer, encoded: Uint8Array | undefined): Writer {
  return encoded === undefined ? writer.uint8(0) : writer.uint8(1).bytes(encoded)
}
