import { leftOf, nodeWidth, parentOf, rightOf, rootOf, siblingOf } from "../tree-math.ts"
import { expectSame } from "./expect.ts"

/** A case of tree-math.json. */
export interface TreeMathCase {
  readonly cipher_suite?: number
  readonly n_leaves: number
  readonly n_nodes: number
  readonly root: number
  readonly left: readonly (number | null)[]
  readonly right: readonly (number | null)[]
  readonly parent: readonly (number | null)[]
  readonly sibling: readonly (number | null)[]
}

/** RFC 9420 §C: indices in the array form of a full tree. */
export function checkTreeMath(vector: TreeMathCase): void {
  const { n_leaves: leaves } = vector
  const nodes = Array.from({ length: vector.n_nodes }, (_, nodeIndex) => nodeIndex)
  expectSame("node count", nodeWidth(leaves), vector.n_nodes)
  expectSame("root", rootOf(leaves), vector.root)
  expectSame(
    "left",
    nodes.map((node) => leftOf(node) ?? null),
    vector.left,
  )
  expectSame(
    "right",
    nodes.map((node) => rightOf(node) ?? null),
    vector.right,
  )
  expectSame(
    "parent",
    nodes.map((node) => parentOf(node, leaves) ?? null),
    vector.parent,
  )
  expectSame(
    "sibling",
    nodes.map((node) => siblingOf(node, leaves) ?? null),
    vector.sibling,
  )
}
