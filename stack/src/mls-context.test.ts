import { toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { MlsContext } from "./index.ts"

const DAY_MS = 86_400_000
const code = (expected: string) => expect.objectContaining({ code: expected })

function group(...names: readonly string[]): MlsContext[] {
  const [first, ...others] = names.map((name) => MlsContext.create(name))
  if (others.length === 0) return [first!]
  const { welcome } = first!.inviteMany(others.map((other) => other.exportKeyPackage()))
  first!.finalizeCommit()
  for (const other of others) other.acceptWelcome(welcome)
  return [first!, ...others]
}

describe("an MLS context", () => {
  it("begins as a group of one", () => {
    using alice = MlsContext.create("alice")
    expect([alice.identity, alice.epoch, alice.groupId.length, alice.leafIndex]).toEqual(["alice", 0n, 16, 0])
  })

  it("has one key package until a Welcome used it up", () => {
    const [alice, bob] = [MlsContext.create("alice"), MlsContext.create("bob")]
    const keyPackage = bob.exportKeyPackage()
    expect(toHex(keyPackage.subarray(0, 4))).toBe("00010001")
    expect(bob.exportKeyPackage()).toEqual(keyPackage)
    bob.acceptWelcome(alice.invite(keyPackage))
    expect(bob.exportKeyPackage()).not.toEqual(keyPackage)
  })

  it("makes a new key package once the old one's time is over", () => {
    let nowMs = 1_800_000_000_000
    const bob = MlsContext.create("bob", { unixMs: () => nowMs })
    const keyPackage = bob.exportKeyPackage()
    nowMs += 79 * DAY_MS
    expect(bob.exportKeyPackage()).toEqual(keyPackage)
    nowMs += 2 * DAY_MS
    expect(bob.exportKeyPackage()).not.toEqual(keyPackage)
  })

  it("takes key packages with the MLSMessage around them, too", () => {
    const [alice, bob] = [MlsContext.create("alice"), MlsContext.create("bob")]
    const keyPackage = bob.exportKeyPackage()
    bob.acceptWelcome(alice.invite(Uint8Array.of(0, 1, 0, 5, ...keyPackage)))
    expect(bob.epoch).toBe(1n)
  })

  it("invites many with one Welcome", () => {
    expect(group("alice", "bob", "carol", "dave").map(({ epoch }) => epoch)).toEqual([1n, 1n, 1n, 1n])
  })

  it("keeps no commit to itself that others need", () => {
    const [alice] = group("alice", "bob")
    const carol = MlsContext.create("carol")
    expect(() => alice!.invite(carol.exportKeyPackage())).toThrow(code("commit_would_be_lost"))
    expect(alice!.epoch).toBe(1n)
  })

  it("stages commits, ours and others', until they are finalized or cleared", () => {
    const [alice, bob] = group("alice", "bob") as [MlsContext, MlsContext]
    const { commit } = alice.inviteFull(MlsContext.create("carol").exportKeyPackage())
    expect(() => alice.removeMember(1)).toThrow(code("commit_pending"))
    alice.clearPendingCommit()
    expect(alice.epoch).toBe(1n)
    expect(bob.processMessage(commit)).toBe("commit")
    expect(() => bob.processMessage(commit)).toThrow(code("commit_pending"))
    bob.clearPendingCommit()
    bob.finalizeCommit()
    expect(bob.epoch).toBe(1n)
    const removal = bob.removeMember(alice.leafIndex)
    expect(bob.processMessage(removal)).toBe("commit")
    bob.finalizeCommit()
    expect(bob.epoch).toBe(2n)
  })

  it("is over for whoever is removed", () => {
    const [alice, bob] = group("alice", "bob") as [MlsContext, MlsContext]
    const removal = alice.removeMember(bob.leafIndex)
    bob.processMessage(removal)
    bob.finalizeCommit()
    expect(() => bob.removeMember(0)).toThrow(code("removed"))
    alice.finalizeCommit()
    bob.acceptWelcome(alice.invite(bob.exportKeyPackage()))
    expect([alice.epoch, bob.epoch]).toEqual([3n, 3n])
  })

  it("removes several at once", () => {
    const [alice, bob, carol, dave] = group("alice", "bob", "carol", "dave") as [
      MlsContext,
      MlsContext,
      MlsContext,
      MlsContext,
    ]
    const removal = alice.removeMembers([bob.leafIndex, carol.leafIndex])
    dave.processMessage(removal)
    for (const one of [alice, dave]) one.finalizeCommit()
    expect([alice.epoch, dave.epoch]).toEqual([2n, 2n])
    expect(() => alice.removeMember(bob.leafIndex)).toThrow(code("commit_refused"))
    expect(() => alice.removeMember(carol.leafIndex)).toThrow(code("commit_refused"))
  })

  it("refuses what it cannot use, by what is wrong with it", () => {
    const [alice, bob] = group("alice", "bob") as [MlsContext, MlsContext]
    const bytes = Uint8Array.of(1, 2, 3)
    expect(() => alice.inviteFull(bytes)).toThrow(code("bad_key_package"))
    expect(() => alice.removeMember(9)).toThrow(code("commit_refused"))
    expect(() => alice.processMessage(bytes)).toThrow(
      expect.objectContaining({ code: "bad_message", reason: "malformed" }),
    )
    expect(() => bob.acceptWelcome(bytes)).toThrow(code("bad_welcome"))
    expect(() => alice.inviteMany([])).toThrow(RangeError)
    expect(() => alice.removeMembers([])).toThrow(RangeError)
    expect(() => MlsContext.create("\ud800")).toThrow(RangeError)
    alice.close()
    alice.close()
    expect(() => alice.epoch).toThrow(code("closed"))
  })
})

describe("a stored MLS context", () => {
  it("comes back with its group, its signature key and its key package", () => {
    const [alice, bob] = group("alice", "bob") as [MlsContext, MlsContext]
    const carol = MlsContext.create("carol", { memberId: 3 })
    const keyPackage = carol.exportKeyPackage()
    const [restoredAlice, restoredCarol] = [alice, carol].map((one) => MlsContext.restoreState(one.exportState()))
    for (const one of [alice, carol]) one.close()
    const { commit, welcome } = restoredAlice!.inviteFull(keyPackage)
    restoredAlice!.finalizeCommit()
    bob.processMessage(commit)
    bob.finalizeCommit()
    restoredCarol!.acceptWelcome(welcome)
    expect([restoredAlice!.epoch, bob.epoch, restoredCarol!.epoch]).toEqual([2n, 2n, 2n])
    expect([restoredCarol!.identity, restoredCarol!.memberId]).toEqual(["carol", 3])
  })

  it("comes back with the commit that it had staged", () => {
    const [alice] = group("alice", "bob") as [MlsContext, MlsContext]
    alice.removeMember(1)
    const restored = MlsContext.restoreState(alice.exportState(), "alice")
    restored.finalizeCommit()
    expect(restored.epoch).toBe(2n)
  })

  it("does not come back from anything else", () => {
    const stored = MlsContext.create("alice").exportState()
    for (const lengthBytes of [0, 1, 10, stored.length >> 1, stored.length - 1]) {
      expect(() => MlsContext.restoreState(stored.subarray(0, lengthBytes))).toThrow(code("bad_state"))
    }
    expect(() => MlsContext.restoreState(Uint8Array.of(...stored, 0))).toThrow(code("bad_state"))
    expect(() => MlsContext.restoreState(Uint8Array.of(3, ...stored.subarray(1)))).toThrow(code("bad_state"))
    expect(() => MlsContext.restoreState(stored, "bob")).toThrow(code("bad_state"))
  })
})

it("an MLS context invites nobody who signs an id of somebody else", () => {
  const [alice, bob] = [MlsContext.create("alice", { memberId: 1 }), MlsContext.create("bob", { memberId: 1 })]
  const taken = expect.objectContaining({ code: "commit_refused", reason: "member_id_taken" })
  expect(() => alice.invite(bob.exportKeyPackage())).toThrow(taken)
  expect(() => MlsContext.create("carol", { memberId: 1_000_000 })).toThrow(RangeError)
})
