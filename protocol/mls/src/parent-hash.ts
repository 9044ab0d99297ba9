import type { CipherSuite } from "@qpc/crypto"
import { equalBytes, vectorBytes, withScratch, Writer } from "@qpc/wire"
import { makeParentNode } from "./parent-node.ts"
import type { ParentNode } from "./parent-node.ts"
import { nodeHash, originalNodeHash } from "./tree-hash.ts"
import { isBelow } from "./tree-math.ts"
import { branchesBelow, resolve } from "./tree-node.ts"
import type { Branch, PathStep, TreeNode } from "./tree-node.ts"

/** The parent hash of a node with a copath child (RFC 9420 §7.9), given the original tree hash of that child. */
export function parentHash(
  suite: CipherSuite,
  parent: Pick<ParentNode, "encryptionKey" | "parentHash">,
  originalSiblingTreeHash: Uint8Array,
): Uint8Array {
  const fields = [parent.encryptionKey, parent.parentHash, originalSiblingTreeHash]
  const inputBytes = fields.reduce((total, field) => total + vectorBytes(field.length), 0)
  return withScratch(inputBytes, (scratch) => {
    const writer = new Writer(scratch)
    for (const field of fields) writer.vector(field)
    return suite.hash(scratch)
  })
}

/** What a committer puts above its leaf: parent nodes by node index, and the hash that its leaf node commits to. */
export interface ParentChain {
  readonly parents: ReadonlyMap<number, ParentNode>
  readonly leafParentHash: Uint8Array
}

/**
 * The fresh nodes of a filtered direct path with their parent hashes, computed from the root down (RFC 9420 §7.9).
 *
 * @param encryptionKeys - One for each step. Takes ownership.
 */
export function chainParents(
  suite: CipherSuite,
  steps: readonly PathStep[],
  encryptionKeys: readonly Uint8Array[],
): ParentChain {
  const parents = new Map<number, ParentNode>()
  let hashAbove: Uint8Array = new Uint8Array(0)
  for (const [at, step] of [...steps.entries()].toReversed()) {
    const encryptionKey = encryptionKeys[at]!
    parents.set(step.nodeIndex, makeParentNode(encryptionKey, hashAbove, []))
    // Nobody is unmerged in a fresh node, so the original sibling tree hash is the current one.
    hashAbove = parentHash(suite, { encryptionKey, parentHash: hashAbove }, nodeHash(suite, step.copath))
  }
  return { parents, leafParentHash: hashAbove }
}

/**
 * The first parent node that is not parent-hash valid (RFC 9420 §7.9.2), or `undefined` if all are.
 *
 * Top down: each non-blank parent must be vouched for by exactly one descendant. That one is a leaf of source `commit`,
 * whose signature covers the hash, or a parent that is itself vouched for.
 */
export function findInvalidParentHash(suite: CipherSuite, root: TreeNode): number | undefined {
  for (const branch of branchesBelow(root)) {
    if (branch.value !== undefined && vouchersOf(suite, branch, branch.value) !== 1) return branch.nodeIndex
  }
  return undefined
}

function vouchersOf(suite: CipherSuite, branch: Branch, parent: ParentNode): number {
  let count = 0
  for (const [child, sibling] of [
    [branch.left, branch.right],
    [branch.right, branch.left],
  ] as const) {
    const expected = parentHash(suite, parent, originalNodeHash(suite, sibling, parent.unmergedLeaves))
    const unmerged = parent.unmergedLeaves.filter((leafIndex) => isBelow(leafIndex, child.nodeIndex))
    const resolution = resolve(child)
    // All but the voucher must be unmerged leaves of the parent, so the lengths settle most cases at once.
    if (resolution.length !== unmerged.length + 1) continue
    const unmergedLeaves = new Set(unmerged)
    const others = resolution.filter((node) => node.kind !== "leaf" || !unmergedLeaves.has(node.leafIndex))
    if (others.length === 1 && vouchesFor(others[0]!, expected)) count++
  }
  return count
}

function vouchesFor(node: TreeNode, expected: Uint8Array): boolean {
  if (node.kind === "branch") return node.value !== undefined && equalBytes(node.value.parentHash, expected)
  const source = node.value?.decode().leafNodeSource
  return source?.kind === "commit" && equalBytes(source.parentHash, expected)
}
