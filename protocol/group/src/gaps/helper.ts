import { equalBytes } from "@qpc/wire"
import type { MemberState } from "../member-state.ts"
import { leavesOf } from "../roster.ts"
import type { Leaf } from "../roster.ts"
import type { PlacedGap } from "./gaps.ts"

/**
 * Whom to ask for texts: first their author, who alone can say that they were given up, then the others in the order of the tree, right
 * of ourselves first, so that not everybody asks the same member. One at a time; `undefined` once there is nobody left to ask.
 */
export function helperFor({ group, limits, device }: MemberState, { sender, gap }: PlacedGap): Leaf | undefined {
  if (gap.askCount >= limits.gapAsks) return undefined
  const others = leavesOf(group).filter(({ deviceKey }) => !equalBytes(deviceKey, device))
  const isAuthor = ({ deviceKey }: Leaf): boolean => equalBytes(deviceKey, sender.device.deviceKey)
  const isRight = ({ leafIndex }: Leaf): boolean => leafIndex > group.ownLeafIndex
  const rest = others.filter((leaf) => !isAuthor(leaf))
  const line = [...others.filter(isAuthor), ...rest.filter(isRight), ...rest.filter((leaf) => !isRight(leaf))]
  return line[gap.askCount]
}
