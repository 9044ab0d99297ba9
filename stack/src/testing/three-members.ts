import { GroupNode, MlsContext } from "../index.ts"
import type { GroupNodeOptions } from "../index.ts"

/** One member with its keys and its node. For tests only. */
export interface TestPeer {
  readonly mls: MlsContext
  readonly node: GroupNode
}

/** A clock that stands still until it is moved. For tests only. */
export class TestClock {
  nowMs = 1000
  readonly now = (): number => this.nowMs
}

/** Alice, 1, the creator, with Bob, 2, and Carol, 3, in epoch 1. For tests only. */
export function threeMembers(options: GroupNodeOptions = {}): readonly [TestPeer, TestPeer, TestPeer] {
  const contexts = ["alice", "bob", "carol"].map((name) => MlsContext.create(name)) as [
    MlsContext,
    MlsContext,
    MlsContext,
  ]
  const [alice, bob, carol] = contexts
  const { welcome } = alice.inviteMany([bob.exportKeyPackage(), carol.exportKeyPackage()])
  alice.finalizeCommit()
  for (const other of [bob, carol]) other.acceptWelcome(welcome)
  const nodes = contexts.map((mls, at) => {
    const node = GroupNode.create(at + 1, mls.groupId, options)
    if (at === 0) node.bootstrapAsCreator(mls.epoch)
    else node.bootstrapAsJoiner(mls.epoch)
    node.drainEvents()
    return { mls, node }
  })
  return nodes as unknown as readonly [TestPeer, TestPeer, TestPeer]
}
