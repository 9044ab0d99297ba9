import { GapClient, GroupNode, MlsContext } from "gbp-stack"

/** Somebody in the call: their keys, their frames, their audio. */
export interface CallMember {
  readonly mls: MlsContext
  readonly node: GroupNode
  readonly gap: GapClient
}

/** Two in a call. Their keys are zeroed when it is disposed of. */
interface Pair extends Disposable {
  readonly alice: CallMember
  readonly bob: CallMember
}

/** Alice makes a group and invites Bob. @param now - what both take for the time, in milliseconds */
export function aliceAndBob(now: () => number): Pair {
  const [aliceMls, bobMls] = [MlsContext.create("alice"), MlsContext.create("bob")]
  bobMls.acceptWelcome(aliceMls.invite(bobMls.exportKeyPackage()))
  const alice = inCall(aliceMls, 1, now)
  const bob = inCall(bobMls, 2, now)
  alice.node.bootstrapAsCreator(aliceMls.epoch)
  bob.node.bootstrapAsJoiner(bobMls.epoch)
  return {
    alice,
    bob,
    [Symbol.dispose]: () => {
      for (const { mls, node, gap } of [alice, bob]) for (const part of [gap, node, mls]) part[Symbol.dispose]()
    },
  }
}

function inCall(mls: MlsContext, memberId: number, now: () => number): CallMember {
  return { mls, node: GroupNode.create(memberId, mls.groupId, { now }), gap: GapClient.create({ now }) }
}
