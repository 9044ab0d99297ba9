import type { GroupId } from "@qpc/wire"
import { CheckedControl } from "./checked-control.ts"
import type { ControlPlane, NodeSurroundings } from "./control-plane.ts"
import { Frames1 } from "./frames-1.ts"
import { Frames2 } from "./frames-2.ts"
import type { Frames } from "./frames.ts"
import type { MemberIds } from "./member-ids.ts"
import { CheckedMemory } from "./node-memory.ts"
import type { NodeMemory } from "./node-memory.ts"
import type { ResolvedOptions } from "./node-options.ts"
import { PublishedControl } from "./published-control.ts"

/** What differs between the profiles. */
export interface NodeProfile {
  readonly frames: Frames
  readonly control: ControlPlane
  /** What is stored of the node. */
  readonly memory: NodeMemory
  /** Whose leaf has which member id; `undefined` in profile 1, where nobody proves anything. */
  readonly ids: MemberIds | undefined
}

/** What a profile is made from. */
interface ProfileParts {
  readonly groupId: GroupId
  readonly node: NodeSurroundings
  readonly options: ResolvedOptions
  /** The epoch of frames of profile 1. */
  readonly epoch: () => bigint
}

/** @throws RangeError for a member id that is none */
export function profileOf({ groupId, node, options, epoch }: ProfileParts): NodeProfile {
  const { profile, timeouts, acceptedRisk } = options
  if (profile === "gbp/2") {
    const frames = new Frames2(groupId, node.ownId, options.now)
    const control = new CheckedControl(node, frames.ids, timeouts)
    return { frames, ids: frames.ids, control, memory: new CheckedMemory(frames, control) }
  }
  const control = new PublishedControl(node, timeouts)
  const position = () => ({ epoch: epoch(), lastTransitionId: control.lastTransitionId })
  const frames = new Frames1({ groupId, memberId: node.ownId, acceptedRisk, position })
  const memory = {
    toBytes: () => frames.exportSequences(),
    restore: (bytes: Uint8Array) => frames.restoreSequences(bytes),
  }
  return { frames, ids: undefined, control, memory }
}
