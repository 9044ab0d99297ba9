import { equalBytes } from "@qpc/wire"
import type { TreeNode } from "./tree-node.ts"

/** A place in the tree whose content is not what it was. At least one of the two is there. */
export interface ChangedNode {
  readonly nodeIndex: number
  readonly before: TreeNode["value"]
  readonly after: TreeNode["value"]
}

/**
 * The nodes in which two trees differ, in the order of their indices; one tree may be wider than the other. Costs no more
 * than what changed where one tree was made from the other, because they share the rest.
 */
export function* changedNodes(before: TreeNode | undefined, after: TreeNode | undefined): Generator<ChangedNode> {
  const at = taller(before, after)
  if (before === after || at === undefined) return
  // The smaller of two trees is the left end of the wider one (RFC 9420 §7.7).
  const [left, right] = [below(before, at, "left"), below(after, at, "left")]
  yield* changedNodes(left, right)
  const [was, is] = [valueAt(before, at), valueAt(after, at)]
  if (!isSame(was, is)) yield { nodeIndex: at.nodeIndex, before: was, after: is }
  yield* changedNodes(below(before, at, "right"), below(after, at, "right"))
}

function taller(one: TreeNode | undefined, other: TreeNode | undefined): TreeNode | undefined {
  return one === undefined || (other !== undefined && other.nodeIndex > one.nodeIndex) ? other : one
}

function below(node: TreeNode | undefined, at: TreeNode, side: "left" | "right"): TreeNode | undefined {
  if (node === undefined) return undefined
  if (node.nodeIndex !== at.nodeIndex) return side === "left" ? node : undefined
  return node.kind === "leaf" ? undefined : node[side]
}

function valueAt(node: TreeNode | undefined, at: TreeNode): TreeNode["value"] {
  return node?.nodeIndex === at.nodeIndex ? node.value : undefined
}

function isSame(one: TreeNode["value"], other: TreeNode["value"]): boolean {
  if (one === undefined || other === undefined) return one === other
  return one === other || equalBytes(one.encoded, other.encoded)
}
