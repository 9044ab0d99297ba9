/**
 * The most leaves a tree may have. Far above any group that can be carried, far below what 32-bit arithmetic can index.
 */
export const LEAVES_MAX: number = 2 ** 24

/** Nodes of a full tree with `leafWidth` leaves, a power of two (RFC 9420 §C). */
export function nodeWidth(leafWidth: number): number {
  return 2 * leafWidth - 1
}

/** The smallest power of two that has room for `leafCount` leaves: the width of a full tree (RFC 9420 §4.1). */
export function fullWidth(leafCount: number): number {
  if (!Number.isInteger(leafCount) || leafCount < 1 || leafCount > LEAVES_MAX) {
    throw new RangeError(`not a number of leaves: ${leafCount}`)
  }
  let width = 1
  while (width < leafCount) width *= 2
  return width
}

/** The node index of the root of a full tree (RFC 9420 §C). */
export function rootOf(leafWidth: number): number {
  return leafWidth - 1
}

/** The node index of a leaf (RFC 9420 §C). */
export function leafToNode(leafIndex: number): number {
  return 2 * leafIndex
}

/** True for the index of a leaf node. */
export function isLeaf(nodeIndex: number): boolean {
  return nodeIndex % 2 === 0
}

/** The height of a node above the leaves (RFC 9420 §C). */
function levelOf(nodeIndex: number): number {
  return 31 - Math.clz32(~nodeIndex & (nodeIndex + 1))
}

/** The left child, or `undefined` for a leaf (RFC 9420 §C). */
export function leftOf(nodeIndex: number): number | undefined {
  return isLeaf(nodeIndex) ? undefined : nodeIndex - 2 ** (levelOf(nodeIndex) - 1)
}

/** The right child, or `undefined` for a leaf (RFC 9420 §C). */
export function rightOf(nodeIndex: number): number | undefined {
  return isLeaf(nodeIndex) ? undefined : nodeIndex + 2 ** (levelOf(nodeIndex) - 1)
}

/** The parent in a full tree, or `undefined` for the root (RFC 9420 §C). */
export function parentOf(nodeIndex: number, leafWidth: number): number | undefined {
  if (nodeIndex === rootOf(leafWidth)) return undefined
  const level = levelOf(nodeIndex)
  const isRightChild = ((nodeIndex >>> (level + 1)) & 1) === 1
  return isRightChild ? nodeIndex - 2 ** level : nodeIndex + 2 ** level
}

/** The other child of the parent, or `undefined` for the root (RFC 9420 §C). */
export function siblingOf(nodeIndex: number, leafWidth: number): number | undefined {
  const parent = parentOf(nodeIndex, leafWidth)
  if (parent === undefined) return undefined
  return nodeIndex < parent ? rightOf(parent) : leftOf(parent)
}

/** The ancestors of a node from its parent to the root (RFC 9420 §4.1.2). */
export function directPath(nodeIndex: number, leafWidth: number): number[] {
  const path: number[] = []
  for (let at = parentOf(nodeIndex, leafWidth); at !== undefined; at = parentOf(at, leafWidth)) path.push(at)
  return path
}

/** True if the leaf stands in the subtree of the node, which may be the leaf itself. */
export function isBelow(leafIndex: number, nodeIndex: number): boolean {
  const reach = 2 ** levelOf(nodeIndex) - 1
  const leaf = leafToNode(leafIndex)
  return nodeIndex - reach <= leaf && leaf <= nodeIndex + reach
}

/** The lowest node that has both leaves below it (RFC 9420 §C). The leaves must differ. */
export function commonAncestor(leafA: number, leafB: number): number {
  if (leafA === leafB) throw new RangeError("a leaf has no common ancestor with itself")
  const level = 32 - Math.clz32(leafA ^ leafB)
  const subtree = Math.floor(leafA / 2 ** level)
  return subtree * 2 ** (level + 1) + 2 ** level - 1
}
