import type { StoredLeafNode } from "./leaf-node.ts"
import type { ParentNode } from "./parent-node.ts"
import { leafToNode } from "./tree-math.ts"

/** A place at the bottom of the tree, taken or blank. Ten thousand of them are kept, so it holds what it must. */
class LeafSlot {
  readonly leafIndex: number
  readonly value: StoredLeafNode | undefined

  constructor(leafIndex: number, value: StoredLeafNode | undefined) {
    this.leafIndex = leafIndex
    this.value = value
  }

  get kind(): "leaf" {
    return "leaf"
  }

  get nodeIndex(): number {
    return leafToNode(this.leafIndex)
  }

  /** 1 if taken, otherwise 0. */
  get memberCount(): number {
    return this.value === undefined ? 0 : 1
  }

  /** True if nothing at or below it has a key: its resolution is empty (RFC 9420 §4.1.1). */
  get isEmpty(): boolean {
    return this.value === undefined
  }
}

/** A node above two others, with a shared key or blank. */
export class Branch {
  readonly nodeIndex: number
  readonly value: ParentNode | undefined
  readonly left: TreeNode
  readonly right: TreeNode
  /** Members below. */
  readonly memberCount: number
  /** True if nothing at or below it has a key: its resolution is empty (RFC 9420 §4.1.1). */
  readonly isEmpty: boolean
  /** Where the tree hash stands (RFC 9420 §7.8), once it was asked for: many share one buffer. Only tree-hash.ts writes. */
  hashes: ArrayBufferLike | undefined = undefined
  hashAt = 0

  constructor(nodeIndex: number, value: ParentNode | undefined, left: TreeNode, right: TreeNode) {
    this.nodeIndex = nodeIndex
    this.value = value
    this.left = left
    this.right = right
    this.memberCount = left.memberCount + right.memberCount
    this.isEmpty = value === undefined && left.isEmpty && right.isEmpty
  }

  get kind(): "branch" {
    return "branch"
  }
}

/**
 * A subtree that never changes. A change makes new nodes from the leaf to the root and shares the rest, so that forks of
 * a tree cost nothing and a cached hash can never be stale.
 */
export type TreeNode = LeafSlot | Branch

/** One step of a filtered direct path (RFC 9420 §4.1.2): a node to be given a key, and whom to send it to. */
export interface PathStep {
  readonly nodeIndex: number
  /** The child of the node that is not on the path; its resolution is not empty. */
  readonly copath: TreeNode
}

/** A full subtree over `width` leaves from `firstLeaf` on, whose contents come from the two functions. */
export function buildSubtree(
  firstLeaf: number,
  width: number,
  leafAt: (leafIndex: number) => StoredLeafNode | undefined,
  parentAt: (nodeIndex: number) => ParentNode | undefined,
): TreeNode {
  if (width === 1) return new LeafSlot(firstLeaf, leafAt(firstLeaf))
  const half = width / 2
  const nodeIndex = 2 * firstLeaf + width - 1
  const left = buildSubtree(firstLeaf, half, leafAt, parentAt)
  return new Branch(nodeIndex, parentAt(nodeIndex), left, buildSubtree(firstLeaf + half, half, leafAt, parentAt))
}

/** The node of this index, or `undefined` outside of the tree. */
export function findNode(root: TreeNode, nodeIndex: number): TreeNode | undefined {
  let at = root
  while (at.nodeIndex !== nodeIndex) {
    if (at.kind === "leaf") return undefined
    at = nodeIndex < at.nodeIndex ? at.left : at.right
  }
  return at
}

/** The member at a leaf, or `undefined` if it is blank or outside of the tree. */
export function leafOf(root: TreeNode, leafIndex: number): StoredLeafNode | undefined {
  const node = findNode(root, leafToNode(leafIndex))
  return node?.kind === "leaf" ? node.value : undefined
}

/** The branches above a leaf, from its parent to the root (RFC 9420 §4.1.2). */
export function branchesAbove(root: TreeNode, leafIndex: number): Branch[] {
  const path: Branch[] = []
  for (let at = root; at.kind === "branch"; at = childTowards(at, leafIndex)) path.push(at)
  return path.toReversed()
}

/** The child of a branch on the way to a leaf: the one that is not on the copath. */
export function childTowards(branch: Branch, leafIndex: number): TreeNode {
  return leafToNode(leafIndex) < branch.nodeIndex ? branch.left : branch.right
}

/** The child of a branch that is on the copath of a leaf below it (RFC 9420 §4.1.2). */
export function childBeside(branch: Branch, leafIndex: number): TreeNode {
  return leafToNode(leafIndex) < branch.nodeIndex ? branch.right : branch.left
}

/** The same tree with another leaf, and with what `parentAt` says for each branch above it. */
export function rewritePath(
  node: TreeNode,
  leafIndex: number,
  leaf: StoredLeafNode | undefined,
  parentAt: (branch: Branch) => ParentNode | undefined,
): TreeNode {
  if (node.kind === "leaf") return new LeafSlot(leafIndex, leaf)
  const value = parentAt(node)
  if (leafToNode(leafIndex) < node.nodeIndex) {
    return new Branch(node.nodeIndex, value, rewritePath(node.left, leafIndex, leaf, parentAt), node.right)
  }
  return new Branch(node.nodeIndex, value, node.left, rewritePath(node.right, leafIndex, leaf, parentAt))
}

/** The leftmost leaf without a member, or `undefined` in a tree without room. */
export function leftmostBlankLeaf(node: TreeNode, width: number): number | undefined {
  let at = node
  let below = width
  if (at.memberCount === below) return undefined
  while (at.kind === "branch") {
    below /= 2
    at = at.left.memberCount < below ? at.left : at.right
  }
  return at.leafIndex
}

/**
 * The nodes whose keys reach everyone below (RFC 9420 §4.1.1), left to right, without the leaves `excluded`.
 *
 * `excluded` are members added by the commit in question (RFC 9420 §7.5), who get their secrets in a Welcome.
 */
export function resolve(node: TreeNode, excluded?: ReadonlySet<number>): TreeNode[] {
  const resolution: TreeNode[] = []
  collectResolution(node, excluded, resolution)
  return resolution
}

function collectResolution(node: TreeNode, excluded: ReadonlySet<number> | undefined, into: TreeNode[]): void {
  if (node.isEmpty) return
  if (node.kind === "leaf") {
    if (excluded?.has(node.leafIndex) !== true) into.push(node)
    return
  }
  if (node.value === undefined) {
    collectResolution(node.left, excluded, into)
    collectResolution(node.right, excluded, into)
    return
  }
  into.push(node)
  for (const leafIndex of node.value.unmergedLeaves) {
    // In a tree that was not validated the entry may be blank or elsewhere; it then stands for no key.
    const leaf = findNode(node, leafToNode(leafIndex))
    if (leaf?.value !== undefined && excluded?.has(leafIndex) !== true) into.push(leaf)
  }
}

/** A leaf that is taken. */
export type TakenLeaf = LeafSlot & { readonly value: StoredLeafNode }

/** The members below a node, left to right. */
export function* leavesBelow(node: TreeNode): Generator<TakenLeaf> {
  if (node.memberCount === 0) return
  if (node.kind === "leaf") {
    if (isTaken(node)) yield node
    return
  }
  yield* leavesBelow(node.left)
  yield* leavesBelow(node.right)
}

function isTaken(slot: LeafSlot): slot is TakenLeaf {
  return slot.value !== undefined
}

/** The branches at or below a node, children before parents. */
export function* branchesBelow(node: TreeNode): Generator<Branch> {
  if (node.kind === "leaf") return
  yield* branchesBelow(node.left)
  yield* branchesBelow(node.right)
  yield node
}
