import type { CommitCost } from "@qpc/mls"

/** Bounds of warming; see `GroupLimits`. */
export interface WarmingLimits {
  readonly warmFromMembers: number
  readonly warmCiphertextsPerLevel: number
}

/** What a member knows of the tree and its place in it. */
export interface TreeView {
  readonly cost: CommitCost
  readonly leafIndex: number
  /** All members' leaves, ascending. */
  readonly leaves: readonly number[]
}

/**
 * When it is our turn to warm the tree, as a place in a line from 0; `undefined` while there is nothing for us to do.
 *
 * A tree is cold when somebody's commit costs more than `warmCiphertextsPerLevel` for each of its levels: so after many were
 * invited at once, because nodes above newcomers have no keys. A commit warms all nodes above its author. Below a certain height
 * cold nodes cost less than warming them does, so one commit for each block of 2^height leaves is enough. In each cold block
 * the leftmost member comes first; the next one has a turn only after all blocks had theirs.
 *
 * Everybody computes the same line from the same tree, and whoever's nodes another has warmed meanwhile leaves it.
 */
export function warmingTurn(view: TreeView, limits: WarmingLimits): number | undefined {
  const { cost, leafIndex, leaves } = view
  const levels = cost.reachAbove.length
  if (leaves.length < limits.warmFromMembers || cost.worst <= limits.warmCiphertextsPerLevel * levels) return undefined
  const height = coldHeight(cost, blockHeight(levels, limits.warmCiphertextsPerLevel))
  if (height === undefined) return undefined
  const width = 2 ** height
  const block = Math.floor(leafIndex / width)
  const membersBefore = leaves.filter((leaf) => leaf >= block * width && leaf < leafIndex).length
  const blocks = 2 ** (levels - height)
  return membersBefore * blocks + block
}

/**
 * The greatest height below which the tree may stay cold. With a key at every higher node a path costs one ciphertext for each
 * of the upper levels and at most 2^height − 1 for the lower ones.
 */
function blockHeight(levels: number, perLevel: number): number {
  let height = 1
  while (height < levels && levels - (height + 1) + 2 ** (height + 1) - 1 <= perLevel * levels) height++
  return height
}

/** The height of the lowest cold node above us from `from` on; the root does not count, since nobody seals to it. */
function coldHeight({ reachAbove }: CommitCost, from: number): number | undefined {
  for (let height = from; height < reachAbove.length; height++) if (reachAbove[height - 1]! > 1) return height
  return undefined
}
