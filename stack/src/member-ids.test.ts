import { describe, expect, it } from "vitest"
import { GapClient, GroupNode, GtpClient, MlsContext, StreamType } from "./index.ts"
import type { NodeEvent } from "./index.ts"
import { TestClock, threeMembers } from "./testing/three-members.ts"
import type { TestPeer } from "./testing/three-members.ts"
import { errorsOf, payloadsOf } from "./testing/two-members.ts"

const text = ({ node, mls }: TestPeer, messageId = 1n) => GtpClient.create().send(node, mls, 0, messageId, "hello").wire
const audio = ({ node, mls }: TestPeer) => GapClient.create().send(node, mls, 0, 1, 0n, Uint8Array.of(1)).wire
const receive = ({ node, mls }: TestPeer, wire: Uint8Array): NodeEvent[] => node.onWire(mls, wire)
const code = (expected: string) => expect.objectContaining({ code: expected })
const as = (mls: MlsContext, memberId: number): TestPeer => {
  const node = GroupNode.create(memberId, mls.groupId)
  node.bootstrapAsJoiner(mls.epoch)
  return { mls, node }
}

/** Alice removes somebody, and everybody who stays follows. */
function remove(alice: TestPeer, gone: TestPeer, stays: readonly TestPeer[]): void {
  const commit = alice.mls.removeMember(gone.mls.leafIndex)
  alice.mls.finalizeCommit()
  for (const { mls } of stays) {
    mls.processMessage(commit)
    mls.finalizeCommit()
  }
}

/** Alice lets somebody in, and everybody follows. */
function add(alice: TestPeer, name: string, others: readonly TestPeer[], memberId?: number): MlsContext {
  const mls = MlsContext.create(name, memberId === undefined ? {} : { memberId })
  const { commit, welcome } = alice.mls.inviteFull(mls.exportKeyPackage())
  alice.mls.finalizeCommit()
  for (const other of others) {
    other.mls.processMessage(commit)
    other.mls.finalizeCommit()
  }
  mls.acceptWelcome(welcome)
  return mls
}

describe("the member id of a leaf", () => {
  it("is that of its first frame, and of no other leaf any more", () => {
    const [alice, bob, carol] = threeMembers()
    expect(alice.node.members(alice.mls).map(({ memberId }) => memberId)).toEqual([1, undefined, undefined])
    receive(alice, text(bob))
    expect(alice.node.members(alice.mls)).toEqual([
      { leafIndex: 0, memberId: 1, identity: "alice" },
      { leafIndex: 1, memberId: 2, identity: "bob" },
      { leafIndex: 2, memberId: undefined, identity: "carol" },
    ])
    expect(errorsOf(receive(alice, text(as(carol.mls, 2))))).toEqual(["sender_mismatch"])
    expect(errorsOf(receive(alice, text(as(carol.mls, 1))))).toEqual(["sender_mismatch"])
    expect(errorsOf(receive(alice, text(as(bob.mls, 4))))).toEqual(["sender_mismatch"])
  })

  it("is what the application says, if it is the first to say so", () => {
    const [alice, bob, carol] = threeMembers()
    const bind = (leafIndex: number, memberId: number) => () => alice.node.bindMember(alice.mls, leafIndex, memberId)
    bind(1, 2)()
    bind(1, 2)()
    expect(bind(1, 3)).toThrow(code("member_id_taken"))
    expect(bind(2, 2)).toThrow(code("member_id_taken"))
    expect(bind(2, 1)).toThrow(code("member_id_taken"))
    expect(bind(9, 9)).toThrow(RangeError)
    expect(bind(2, 1_000_000)).toThrow(RangeError)
    expect(errorsOf(receive(alice, text(as(carol.mls, 2))))).toEqual(["sender_mismatch"])
    expect(payloadsOf(receive(alice, text(bob)), StreamType.Text)).toHaveLength(1)
  })

  it("is what the leaf signs, from the beginning", () => {
    const [aliceMls, bobMls] = [MlsContext.create("alice"), MlsContext.create("bob", { memberId: 20 })]
    const carolMls = MlsContext.create("carol")
    const { welcome } = aliceMls.inviteMany([bobMls, carolMls].map((mls) => mls.exportKeyPackage()))
    aliceMls.finalizeCommit()
    for (const mls of [bobMls, carolMls]) mls.acceptWelcome(welcome)
    const alice = as(aliceMls, 1)
    expect(alice.node.members(aliceMls).map(({ memberId }) => memberId)).toEqual([1, 20, undefined])
    expect(errorsOf(receive(alice, text(as(carolMls, 20))))).toEqual(["sender_mismatch"])
    expect(receive(alice, text(as(bobMls, 20))).at(-1)).toMatchObject({ sender: 20, isAuthenticated: true })
    expect(() => text(as(bobMls, 21))).toThrow(code("member_id_taken"))
  })

  it("is not taken from whoever a staged commit brings in, and signs it", () => {
    const [alice, , carol] = threeMembers()
    alice.mls.inviteFull(MlsContext.create("dave", { memberId: 9 }).exportKeyPackage())
    expect(errorsOf(receive(alice, text(as(carol.mls, 9))))).toEqual(["sender_mismatch"])
    expect(receive(alice, text(carol)).at(-1)).toMatchObject({ sender: 3 })
  })

  it("is not inherited from somebody who signed it, said nothing and was removed", () => {
    const [alice] = threeMembers()
    const silent = add(alice, "silent", [], 9)
    alice.node.members(alice.mls)
    remove(alice, { mls: silent, node: alice.node }, [])
    const heir = as(add(alice, "heir", [], 9), 9)
    expect(errorsOf(receive(alice, text(heir)))).toEqual(["sender_mismatch"])
  })

  it("is not inherited with the leaf", () => {
    const [alice, bob, carol] = threeMembers()
    receive(alice, text(bob))
    remove(alice, bob, [carol])
    const dave = add(alice, "dave", [carol])
    expect(dave.leafIndex).toBe(1)
    expect(errorsOf(receive(alice, text(as(dave, 2))))).toEqual(["sender_mismatch"])
    expect(receive(alice, text(as(dave, 4))).at(-1)).toMatchObject({ sender: 4 })
  })

  it("is not that of whoever has the leaf now, in frames of whoever had it then", () => {
    const [alice, bob, carol] = threeMembers()
    receive(alice, audio(bob))
    // Bob keeps what he wrote as member 4, until somebody else has his leaf, and that id.
    const [late, lateAudio] = [text(as(bob.mls, 4)), audio(bob)]
    remove(alice, bob, [carol])
    const dave = as(add(alice, "dave", [carol]), 4)
    expect(receive(alice, text(dave)).at(-1)).toMatchObject({ sender: 4 })
    expect(errorsOf(receive(alice, late))).toEqual(["sender_mismatch"])
    expect(errorsOf(receive(alice, lateAudio))).toHaveLength(1)
  })

  it("is not that of whoever has the leaf now, in audio from as long ago as its keys last", () => {
    const [alice, bob, carol] = threeMembers({ now: new TestClock().now })
    receive(alice, audio(bob))
    const late = audio(bob)
    remove(alice, bob, [carol])
    for (const name of ["dave", "erin", "frank", "grace", "heidi"]) {
      const mls = add(alice, name, [carol])
      if (name === "dave") receive(alice, text(as(mls, 4)))
      alice.node.members(alice.mls)
    }
    expect(errorsOf(receive(alice, late))).toEqual(["sender_mismatch"])
  })

  it("holds for late frames of members who are still there", () => {
    const [alice, bob, carol] = threeMembers()
    receive(bob, text(alice))
    const late = text(alice, 2n)
    remove(alice, carol, [bob])
    expect(receive(bob, late).at(-1)).toMatchObject({ kind: "payload_received", sender: 1 })
  })

  it("is not known of newcomers in profile 1, nor bound", () => {
    const [alice] = threeMembers({ profile: "gbp/1" })
    expect(() => alice.node.bindMember(alice.mls, 1, 2)).toThrow(code("wrong_state"))
    expect(alice.node.members(alice.mls).map(({ memberId }) => memberId)).toEqual([1, undefined, undefined])
  })
})

it("whoever comes again takes another id, and is heard", () => {
  const [alice, bob, carol] = threeMembers()
  receive(alice, text(bob))
  remove(alice, bob, [carol])
  remove(alice, carol, [])
  const again = MlsContext.create("bob")
  again.acceptWelcome(alice.mls.invite(again.exportKeyPackage()))
  expect(payloadsOf(receive(as(again, 3), text(alice)), StreamType.Text)).toHaveLength(1)
  expect(errorsOf(receive(alice, text(as(again, 2))))).toEqual(["sender_mismatch"])
})

it("whoever was removed hears nothing", () => {
  const [alice, bob, carol] = threeMembers()
  const commit = alice.mls.removeMember(1)
  bob.mls.processMessage(commit)
  bob.mls.finalizeCommit()
  expect(errorsOf(receive(bob, text(carol)))).toEqual(["this member is out of the group"])
  expect(() => text(bob)).toThrow(code("removed"))
})
