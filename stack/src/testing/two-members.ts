import { GroupNode, MlsContext } from "../index.ts"
import type { GroupNodeOptions, NodeEvent, StreamType } from "../index.ts"

/** Alice, member 1, who made the group, and Bob, member 2. For tests only. */
export interface TwoMembers {
  readonly aliceMls: MlsContext
  readonly aliceNode: GroupNode
  readonly bobMls: MlsContext
  readonly bobNode: GroupNode
}

/** Two members in epoch 1. For tests only. */
export function twoMembers(options: GroupNodeOptions = {}): TwoMembers {
  const [aliceMls, bobMls] = [MlsContext.create("alice"), MlsContext.create("bob")]
  bobMls.acceptWelcome(aliceMls.invite(bobMls.exportKeyPackage()))
  const aliceNode = GroupNode.create(1, aliceMls.groupId, options)
  const bobNode = GroupNode.create(2, aliceMls.groupId, options)
  aliceNode.bootstrapAsCreator(aliceMls.epoch)
  bobNode.bootstrapAsJoiner(bobMls.epoch)
  return { aliceMls, aliceNode, bobMls, bobNode }
}

/** The payloads of a stream, out of what happened. For tests only. */
export function payloadsOf(events: readonly NodeEvent[], streamType: StreamType): Uint8Array[] {
  return events.flatMap((event) => {
    const isWanted = event.kind === "payload_received" && event.streamType === streamType
    return isWanted && event.plaintext !== undefined ? [event.plaintext] : []
  })
}

/** The names of the errors, out of what happened. For tests only. */
export function errorsOf(events: readonly NodeEvent[]): (string | undefined)[] {
  return events.filter(({ kind }) => kind === "error").map(({ reason }) => reason)
}
