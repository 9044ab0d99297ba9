import { describe, expect, it } from "vitest"
import { ControlOpcode, GapClient, GroupNode, GtpClient, MlsContext, NONCE_REUSE_RISK, StreamType } from "./index.ts"
import type { GroupNodeOptions } from "./index.ts"
import { threeMembers } from "./testing/three-members.ts"
import type { TestPeer } from "./testing/three-members.ts"
import { errorsOf, payloadsOf, twoMembers } from "./testing/two-members.ts"

const PROFILES: readonly [string, GroupNodeOptions][] = [
  ["gbp/2", {}],
  ["gbp/1", { profile: "gbp/1", acceptedRisk: NONCE_REUSE_RISK }],
]
const { PrepareTransition, ReadyForTransition, ExecuteTransition, AbortTransition } = ControlOpcode
const code = (expected: string) => expect.objectContaining({ code: expected })

describe.each(PROFILES)("a restart in %s", (_, options) => {
  it("goes on where it was: what was sent before and after comes through once", () => {
    const { aliceMls, aliceNode, bobMls, bobNode } = twoMembers(options)
    const gtp = GtpClient.create()
    const before = gtp.send(aliceNode, aliceMls, 2, 1n, "before").wire
    const [stored, numbers] = [aliceMls.exportState(), aliceNode.exportOutSeq()]
    aliceMls.close()
    aliceNode.close()
    const mls = MlsContext.restoreState(stored, "alice")
    const node = GroupNode.create(1, mls.groupId, options)
    node.restoreOutSeq(numbers)
    expect(node.exportOutSeq()).toEqual(numbers)
    node.bootstrapAsCreator(mls.epoch)
    const after = gtp.send(node, mls, 2, 2n, "after").wire
    for (const wire of [before, after]) {
      expect(payloadsOf(bobNode.onWire(bobMls, wire), StreamType.Text)).toHaveLength(1)
    }
    expect(errorsOf(bobNode.onWire(bobMls, after))).toEqual(["replay_detected"])
  })

  it("sets the counts of audio sources back, and receivers take it for what it is", () => {
    const { aliceMls, aliceNode, bobMls, bobNode } = twoMembers(options)
    const bob = GapClient.create()
    const heard = (wire: Uint8Array) => {
      const [audio] = payloadsOf(bobNode.onWire(bobMls, wire), StreamType.Audio)
      const { status, seq, stream } = bob.accept(audio!, 1n)
      return [status, seq, stream]
    }
    const opus = Uint8Array.of(1)
    const before = GapClient.create()
    const [first, second, held] = [0, 1, 2].map(() => before.send(aliceNode, aliceMls, 2, 1, 0n, opus).wire)
    const mls = MlsContext.restoreState(aliceMls.exportState())
    mls.exportState()
    const node = GroupNode.create(1, mls.groupId, options)
    node.restoreOutSeq(aliceNode.exportOutSeq())
    node.bootstrapAsCreator(mls.epoch)
    const after = GapClient.create()
    const [third, fourth] = [0, 1].map(() => after.send(node, mls, 2, 1, 0n, opus).wire)
    expect([first!, second!, third!, fourth!, held!].map(heard)).toEqual([
      ["new", 1, 0],
      ["new", 2, 0],
      ["new", 1, 1],
      ["new", 2, 1],
      ["late", 3, undefined],
    ])
  })

  it("is refused with numbers of something else", () => {
    const { aliceMls, aliceNode } = twoMembers(options)
    const restore = () => {
      aliceNode.restoreOutSeq(Uint8Array.of(9, 9, 9, 9, 9))
      GtpClient.create().send(aliceNode, aliceMls, 2, 1n, "hello")
    }
    expect(restore).toThrow(code("bad_state"))
  })

  it("does not go back to numbers below those in use", () => {
    const { aliceMls, aliceNode } = twoMembers(options)
    const none = aliceNode.exportOutSeq()
    const gtp = GtpClient.create()
    gtp.send(aliceNode, aliceMls, 2, 1n, "hello")
    const one = aliceNode.exportOutSeq()
    gtp.send(aliceNode, aliceMls, 2, 2n, "hello")
    expect(none.length).toBeLessThan(one.length)
    expect(() => aliceNode.restoreOutSeq(one)).toThrow(expect.objectContaining({ name: "StackError" }))
  })
})

const text = ({ node, mls }: TestPeer) => GtpClient.create().send(node, mls, 0, 1n, "hello").wire
/** Alone: nothing but what was stored is known. */
const restored = (peer: TestPeer): TestPeer => {
  const mls = MlsContext.restoreState(peer.mls.exportState())
  const node = GroupNode.create(peer.node.memberId, mls.groupId)
  node.restoreOutSeq(peer.node.exportOutSeq())
  node.bootstrapAsJoiner(mls.epoch)
  return { mls, node }
}

const readyOf = ({ node, mls }: TestPeer, prepare: Uint8Array, commit: Uint8Array): Uint8Array => {
  const transitionId = node.onWire(mls, prepare).at(-1)!.transitionId!
  mls.processMessage(commit)
  return node.sendControl(mls, 0, ReadyForTransition, transitionId, 0).wire
}

describe("a node of profile 2 that is restored", () => {
  it("knows whose member ids are whose: nobody takes another's", () => {
    const [alice, bob, carol] = threeMembers()
    for (const peer of [bob, carol]) alice.node.onWire(alice.mls, text(peer))
    const { node, mls } = restored(alice)
    const pretender = GroupNode.create(2, carol.mls.groupId)
    pretender.bootstrapAsJoiner(carol.mls.epoch)
    expect(errorsOf(node.onWire(mls, text({ node: pretender, mls: carol.mls })))).toEqual(["sender_mismatch"])
    const late = GtpClient.create().send(bob.node, bob.mls, 0, 2n, "again").wire
    expect(node.onWire(mls, late).at(-1)).toMatchObject({ sender: 2, isAuthenticated: true })
  })

  it("goes on with the coordinator and the last transition", () => {
    const [alice, bob] = threeMembers()
    alice.node.applyTransition(7)
    const { node } = restored(alice)
    expect([node.isCoordinator, node.lastTransitionId]).toEqual([true, 7])
    bob.node.onWire(bob.mls, alice.node.claimCoordinator(alice.mls).wire)
    const again = restored(bob)
    expect(() => again.node.claimCoordinator(again.mls)).toThrow(code("coordinator_is_active"))
  })

  it("goes on with the transition that it coordinates: who was ready is, and who was not is not", () => {
    const [alice, bob, carol] = threeMembers()
    const { commit } = alice.mls.inviteFull(MlsContext.create("dave").exportKeyPackage())
    const prepare = alice.node.sendControl(alice.mls, 0, PrepareTransition, 3, 0, commit).wire
    alice.node.onWire(alice.mls, readyOf(bob, prepare, commit))
    const early = restored(alice)
    expect(early.node.pendingTransitionId).toBe(3)
    expect(() => early.node.sendControl(early.mls, 0, ExecuteTransition, 3, 0)).toThrow(code("members_not_ready"))
    alice.node.onWire(alice.mls, readyOf(carol, prepare, commit))
    const { node, mls } = restored(alice)
    const execute = node.sendControl(mls, 0, ExecuteTransition, 3, 0).wire
    mls.finalizeCommit()
    expect([node.lastTransitionId, mls.epoch]).toEqual([3, 2n])
    expect(bob.node.onWire(bob.mls, execute)).toContainEqual(expect.objectContaining({ kind: "epoch_advanced" }))
  })

  it("does not execute a transition whose time was over", () => {
    const [alice, bob] = threeMembers()
    const commit = alice.mls.removeMember(2)
    const prepare = alice.node.sendControl(alice.mls, 0, PrepareTransition, 3, 0, commit).wire
    alice.node.onWire(alice.mls, readyOf(bob, prepare, commit))
    expect(errorsOf(alice.node.checkTimeouts(Number.MAX_SAFE_INTEGER))).toHaveLength(1)
    const { node, mls } = restored(alice)
    expect(() => node.sendControl(mls, 0, ExecuteTransition, 3, 0)).toThrow(code("wrong_transition"))
  })

  it("says of no transition that it was not executed, whose EXECUTE it heard", () => {
    const [alice, bob] = threeMembers()
    const commit = alice.mls.removeMember(2)
    const prepare = alice.node.sendControl(alice.mls, 0, PrepareTransition, 3, 0, commit).wire
    alice.node.onWire(alice.mls, readyOf(bob, prepare, commit))
    bob.mls.clearPendingCommit()
    bob.node.onWire(bob.mls, alice.node.sendControl(alice.mls, 0, ExecuteTransition, 3, 0).wire)
    const { node } = restored(bob)
    expect(errorsOf(node.checkTimeouts(Number.MAX_SAFE_INTEGER))).not.toContain("transition 3 was not executed")
  })

  it("comes in by a later transition than the one that was under way when it was stored", () => {
    const [alice, bob] = threeMembers()
    const prepare = alice.node.sendControl(alice.mls, 0, PrepareTransition, 3, 0, alice.mls.removeMember(1)).wire
    bob.node.onWire(bob.mls, prepare)
    const node = GroupNode.create(2, bob.mls.groupId)
    node.restoreOutSeq(bob.node.exportOutSeq())
    node.bootstrapAsJoiner(5, 7)
    expect(node.pendingTransitionId).toBe(7)
  })

  it("follows the transition that it prepared, once it has the commit again", () => {
    const [alice, bob] = threeMembers()
    const commit = alice.mls.removeMember(2)
    const prepare = alice.node.sendControl(alice.mls, 0, PrepareTransition, 3, 0, commit).wire
    alice.node.onWire(alice.mls, readyOf(bob, prepare, commit))
    const { node, mls } = restored(bob)
    expect(node.pendingTransitionId).toBe(3)
    mls.processMessage(commit)
    const execute = alice.node.sendControl(alice.mls, 0, ExecuteTransition, 3, 0).wire
    expect(errorsOf(node.onWire(mls, execute))).toEqual([])
    mls.finalizeCommit()
    expect([node.lastTransitionId, node.epoch]).toEqual([3, 2n])
  })

  it("does not use the id of a transition again that it gave up", () => {
    const [alice] = threeMembers()
    alice.node.sendControl(alice.mls, 0, PrepareTransition, 3, 0, alice.mls.removeMember(2))
    alice.node.sendControl(alice.mls, 0, AbortTransition, 3, 0)
    const { node, mls } = restored(alice)
    const prepare = (transitionId: number, commit: Uint8Array) =>
      node.sendControl(mls, 0, PrepareTransition, transitionId, 0, commit)
    const commit = mls.removeMember(2)
    expect(() => prepare(3, commit)).toThrow(code("wrong_transition"))
    expect(() => prepare(4, commit)).not.toThrow()
  })

  it("reads what the version before wrote, which knew of no transition under way", () => {
    const [alice] = threeMembers()
    const node = GroupNode.create(1, alice.mls.groupId)
    // Version 2, no numbers, transition 7, coordinator 1, no owners.
    node.restoreOutSeq(Uint8Array.of(2, 0, 0, 0, 0, 7, 1, 0, 0, 0, 1, 0))
    node.bootstrapAsJoiner(1)
    expect([node.lastTransitionId, node.isCoordinator, node.pendingTransitionId]).toEqual([7, true, 0])
  })

  it("refuses what is another node's, and numbers that were cut", () => {
    const [alice, bob] = threeMembers()
    alice.node.onWire(alice.mls, text(bob))
    const stored = alice.node.exportOutSeq()
    expect(() => GroupNode.create(2, bob.mls.groupId).restoreOutSeq(stored)).toThrow(code("bad_state"))
    expect(() => GroupNode.create(1, bob.mls.groupId).restoreOutSeq(stored.slice(0, -1))).toThrow(code("bad_state"))
  })

  it("takes numbers of a version that stored nothing else", () => {
    const [alice, bob] = threeMembers()
    const node = GroupNode.create(1, alice.mls.groupId)
    node.restoreOutSeq(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 1, 5, 2, 0, 0, 0, 9))
    node.bootstrapAsCreator(1)
    expect(bob.node.onWire(bob.mls, text({ node, mls: alice.mls })).at(-1)).toMatchObject({ sequenceNo: 10 })
  })
})

describe("audio of profile 2", () => {
  const opus = Uint8Array.of(1)
  const wireOf = ({ node, mls }: TestPeer) => GapClient.create().send(node, mls, 0, 1, 0n, opus).wire

  it("is heard before and after a restart within an epoch, once the restored state was stored", () => {
    const [alice, bob] = threeMembers()
    const before = wireOf(alice)
    const again = restored(alice)
    expect(() => wireOf(again)).toThrow(code("state_not_stored"))
    again.mls.exportState()
    for (const wire of [before, wireOf(again)]) {
      expect(payloadsOf(bob.node.onWire(bob.mls, wire), StreamType.Audio)).toEqual([expect.any(Uint8Array)])
    }
  })

  it("of several nodes of one context is sealed under one counter: no key and nonce is used twice", () => {
    const [alice, bob] = threeMembers()
    const other = GroupNode.create(1, alice.mls.groupId)
    other.bootstrapAsCreator(alice.mls.epoch)
    for (const node of [alice.node, other, alice.node]) bob.node.onWire(bob.mls, wireOf({ node, mls: alice.mls }))
    const last = bob.node.onWire(bob.mls, wireOf({ node: other, mls: alice.mls }))
    expect(last.at(-1)).toMatchObject({ kind: "payload_received", sequenceNo: 4 })
  })

  it("that comes back to who sent it is dropped", () => {
    const [alice] = threeMembers()
    expect(errorsOf(alice.node.onWire(alice.mls, wireOf(alice)))).toEqual(["own_frame"])
  })
})

it("numbers of profile 1 are written as the published stack writes them", () => {
  const { aliceMls, aliceNode } = twoMembers({ profile: "gbp/1" })
  GtpClient.create().send(aliceNode, aliceMls, 2, 1n, "hello")
  expect([...aliceNode.exportOutSeq()]).toEqual([1, 0, 0, 0, 2, 101, 0, 0, 0, 1, 0, 0, 0])
})

it("an older MLS state is refused by a node that saw a newer one", () => {
  const { aliceMls, aliceNode } = twoMembers()
  const old = MlsContext.restoreState(aliceMls.exportState())
  aliceMls.removeMember(1)
  aliceMls.finalizeCommit()
  aliceNode.members(aliceMls)
  expect(() => aliceNode.members(old)).toThrow(code("other_group"))
})
