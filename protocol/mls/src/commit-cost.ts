import { branchesAbove, childBeside } from "./tree-node.ts"
import type { Branch, TreeNode } from "./tree-node.ts"

/**
 * What the next commits cost, counted in HPKE ciphertexts: one for each key that a path secret is sealed to (RFC 9420 §7.5).
 *
 * In a tree whose nodes all have keys it is one for each level. Nodes without a key (after a Remove, or above newcomers) and
 * unmerged leaves cost more, up to one for each member.
 */
export interface CommitCost {
  /** Of our own next path, before what else the commit adds and removes. */
  readonly own: number
  /** Of the path of the member who has the most to seal. */
  readonly worst: number
  /**
   * For each node above our leaf, from its parent to the root, how many keys it takes to reach all below it. The least is 1,
   * and every commit from below leads to it.
   */
  readonly reachAbove: readonly number[]
}

/** The cost of commits in the tree of `root`, as seen by the member at `leafIndex`. Walks over the tree once. */
export function commitCost(root: TreeNode, leafIndex: number): CommitCost {
  let own = 0
  let at: Survey = { reach: 1, worst: 0 }
  const reachAbove: number[] = []
  for (const branch of branchesAbove(root, leafIndex)) {
    const beside = survey(childBeside(branch, leafIndex))
    own += beside.reach
    at = join(branch, at, beside)
    reachAbove.push(at.reach)
  }
  return { own, worst: at.worst, reachAbove }
}

/** What is to be known of a subtree. */
interface Survey {
  /** How many keys its resolution has (RFC 9420 §4.1.1). */
  readonly reach: number
  /** The most that a path from below has to seal up to here; `-Infinity` where there is nobody. */
  readonly worst: number
}

const NOBODY: Survey = { reach: 0, worst: -Infinity }
const ONE_MEMBER: Survey = { reach: 1, worst: 0 }

function survey(node: TreeNode): Survey {
  if (node.isEmpty) return NOBODY
  return node.kind === "leaf" ? ONE_MEMBER : join(node, survey(node.left), survey(node.right))
}

function join({ value }: Branch, one: Survey, other: Survey): Survey {
  const reach = value === undefined ? one.reach + other.reach : 1 + value.unmergedLeaves.length
  return { reach, worst: Math.max(one.worst + other.reach, other.worst + one.reach) }
}
