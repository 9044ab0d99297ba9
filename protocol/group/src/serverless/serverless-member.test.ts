import { suite0001 } from "@qpc/crypto/node"
import { fromHex, toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { Mesh } from "../testing/mesh.ts"
import type { MeshDevice } from "../testing/mesh.ts"
import { nth } from "../testing/nth.ts"
import { EQUALS } from "../testing/world.ts"
import type { ServerlessLimits } from "./serverless-limits.ts"
import type { ServerlessOutgoing } from "./serverless-event.ts"

const DAY_MS = 86_400_000
const agree = (devices: readonly MeshDevice[]) =>
  new Set(devices.map(({ member }) => toHex(member.epochAuthenticator))).size === 1
const names = (devices: readonly MeshDevice[]) => devices.map(({ member }) => member.name)
const dropped = (device: MeshDevice) => device.told("dropped").map(({ reason }) => reason)
const envelopes = (messages: readonly ServerlessOutgoing[]) =>
  messages.flatMap(({ deliveries }) => deliveries.map(({ envelope }) => envelope))

function trio(limits: ServerlessLimits = {}) {
  const mesh = new Mesh(suite0001)
  const members = mesh.group(3, EQUALS, limits)
  return { mesh, members, alice: nth(members, 0), bob: nth(members, 1), carol: nth(members, 2) }
}

/** The first two have renamed the group in one epoch, each on a branch of their own; all else being equal, Alice's is chosen. */
function forked(limits: ServerlessLimits = {}) {
  const group = trio(limits)
  const { alice, bob } = group
  alice.send({ kind: "rename", name: "alice's" })
  bob.send({ kind: "rename", name: "bob's" })
  return { ...group, ofAlice: alice.publish(), ofBob: bob.publish() }
}

/** Makes so many commits, which nobody else hears of. */
function commits(device: MeshDevice, count: number): ServerlessOutgoing[] {
  return Array.from({ length: count }, () => {
    device.send({ kind: "update_keys" })
    return device.publish()
  }).flat()
}

describe("a group without a delivery service", () => {
  it("carries commits and texts to everybody", () => {
    const { mesh, members, alice, bob } = trio()
    alice.send({ kind: "rename", name: "orchard" })
    bob.text("hello")
    mesh.settle([], 1)
    expect(names(members)).toEqual(["orchard", "orchard", "orchard"])
    expect(members.map((device) => device.shown())).toEqual([["hello"], [], ["hello"]])
  })

  it("moves on with a commit once somebody took it, and not before", () => {
    const { alice } = trio()
    alice.send({ kind: "rename", name: "orchard" })
    expect([alice.member.epoch, alice.member.openIntentCount]).toEqual([1n, 1])
    alice.publish()
    expect([alice.member.epoch, alice.member.name, alice.member.openIntentCount]).toEqual([2n, "orchard", 0])
  })

  it("takes a commit back that nobody took", () => {
    const { alice } = trio()
    alice.send({ kind: "rename", name: "orchard" })
    alice.abandon()
    expect([alice.member.epoch, alice.member.name]).toEqual([1n, "garden"])
    expect(alice.told("intent_failed")).toMatchObject([{ reason: "not_published" }])
  })

  it("counts a commit that comes round before its carrier answers", () => {
    const { alice } = trio()
    const [commit] = envelopes(alice.send({ kind: "rename", name: "orchard" }).outgoing)
    alice.receive(commit!)
    alice.publish()
    expect([alice.member.epoch, alice.member.name]).toEqual([2n, "orchard"])
  })

  it("lets somebody who is alone change the group at once", () => {
    const alice = new Mesh(suite0001).device()
    alice.create("garden", EQUALS)
    alice.send({ kind: "rename", name: "orchard" })
    alice.send({ kind: "update_keys" })
    expect([alice.outbox.length, alice.member.epoch, alice.member.name]).toEqual([0, 2n, "orchard"])
  })

  it("keeps what comes before the commit that it needs", () => {
    const { alice, bob } = trio()
    const made = commits(alice, 2)
    alice.text("from the third epoch")
    const late = [...made, ...alice.publish()].toReversed()
    for (const envelope of envelopes(late)) bob.receive(envelope)
    expect([bob.member.epoch, bob.shown()]).toEqual([3n, ["from the third epoch"]])
  })
})

describe("two branches", () => {
  it.each([1, 2, 3, 4])("become one, whoever hears of which first (seed %i)", (seed) => {
    const { mesh, members, ofAlice, ofBob } = forked()
    mesh.settle([...ofAlice, ...ofBob], seed)
    expect(agree(members)).toBe(true)
    expect(names(members)).toEqual(["alice's", "alice's", "alice's"])
  })

  it("end with a word to those whose branch was given up, and to those whose intent came to nothing", () => {
    const { bob, ofAlice, mesh } = forked()
    bob.events.length = 0
    mesh.deliver(ofAlice, [bob])
    expect(bob.events).toMatchObject([
      { kind: "branch_changed", forkEpoch: 1n, leftEpoch: 2n, epoch: 2n, rule: "committer" },
      { kind: "settings_changed", changed: ["name"] },
      { kind: "epoch_changed", epoch: 2n },
      { kind: "intent_failed", reason: "superseded" },
    ])
  })

  it("do not cost an intent that has nothing to do with the fork", () => {
    const { mesh, members, alice, bob } = trio()
    alice.send({ kind: "rename", name: "alice's" })
    bob.send({ kind: "set_timer", disappearAfterSeconds: 60 })
    mesh.settle([...alice.publish(), ...bob.publish()], 1)
    expect(agree(members)).toBe(true)
    expect(nth(members, 2).member.settings).toMatchObject({ name: "alice's", disappearAfterSeconds: 60 })
    expect(bob.told("intent_rebased")).toHaveLength(1)
    expect(bob.told("intent_failed")).toEqual([])
  })

  it("ask for a new invitation of whoever was invited on the one that is given up", () => {
    const { mesh, alice, bob } = trio()
    const dave = mesh.device()
    alice.send({ kind: "rename", name: "alice's" })
    bob.send({ kind: "invite", keyPackages: [dave.keyPackage()] })
    const [ofAlice, ofBob] = [alice.publish(), bob.publish()]
    mesh.deliver(ofBob, [dave])
    expect(dave.member.epoch).toBe(2n)
    mesh.deliver(ofAlice, [bob])
    expect(bob.told("intent_failed")).toMatchObject([{ reason: "invited_on_lost_branch" }])
    expect(bob.member.members()).toHaveLength(3)
  })

  it("are weighed once for all that comes together", () => {
    const { alice, bob, carol, ofAlice, ofBob } = forked()
    const child = commits(bob, 1)
    carol.receive(...envelopes([...ofAlice, ...ofBob, ...child]))
    expect(carol.told("branch_changed")).toEqual([])
    alice.receive(...envelopes([...child, ...ofBob]))
    expect(alice.told("branch_changed")).toMatchObject([{ leftEpoch: 2n, epoch: 3n, rule: "depth" }])
    expect(agree([alice, bob, carol])).toBe(true)
  })

  it("are both readable, and people who were heard decide between them", () => {
    const { mesh, carol, bob, ofAlice, ofBob } = forked()
    mesh.deliver(ofBob, [carol])
    bob.text("one")
    carol.text("two")
    const heard = bob.publish()
    mesh.deliver(ofAlice, [carol])
    expect([carol.member.name, carol.member.branches()]).toMatchObject(["alice's", { rule: "committer", branches: 2 }])
    mesh.deliver(heard, [carol])
    expect([carol.member.name, carol.member.branches()]).toMatchObject(["bob's", { rule: "depth", hasQuorum: true }])
  })

  it("survive a restart at any moment", () => {
    const { bob, carol, ofAlice, ofBob, mesh } = forked()
    bob.text("on the branch")
    bob.restart()
    mesh.deliver(ofBob, [carol])
    carol.restart()
    mesh.deliver(ofAlice, [carol, bob])
    for (const device of [bob, carol]) device.restart()
    expect(names([bob, carol])).toEqual(["alice's", "alice's"])
  })
})

describe("a text on a branch that is given up", () => {
  it("is sent again, and shown once by those who saw it there", () => {
    const { mesh, alice, bob, carol, ofAlice, ofBob } = forked()
    mesh.deliver(ofBob, [carol])
    bob.text("hello")
    const first = bob.publish()
    mesh.deliver(first, [carol])
    mesh.deliver(ofAlice, [bob, carol])
    const again = bob.publish()
    mesh.deliver(again)
    expect([alice.shown(), carol.shown()]).toEqual([["hello"], ["hello"]])
    expect(new Set(bob.told("text_sealed").map(({ mid }) => mid)).size).toBe(1)
    expect(dropped(carol)).toEqual(["duplicate_message"])
  })

  it("uses no key twice when its branch is given up, comes back, and is given up again", () => {
    const { mesh, alice, bob, carol, ofAlice, ofBob } = forked()
    carol.receive(...envelopes(ofBob))
    bob.text("first")
    bob.receive(...envelopes(ofAlice))
    expect(bob.member.name).toBe("alice's")
    bob.text("second")
    bob.receive(...envelopes(commits(carol, 1)))
    expect(bob.member.name).toBe("bob's")
    bob.restart()
    bob.text("third")
    bob.receive(...envelopes(commits(alice, 2)))
    expect(bob.member.name).toBe("alice's")
    mesh.settle([...ofAlice, ...ofBob], 1)
    expect([alice.shown(), carol.shown()].map((texts) => texts.toSorted())).toEqual([
      ["first", "second", "third"],
      ["first", "second", "third"],
    ])
  })

  it("is reported as lost if there was no room to keep it", () => {
    const { mesh, bob, ofAlice } = forked({ resendBytes: 0 })
    bob.text("hello")
    mesh.deliver(ofAlice, [bob])
    expect(bob.told("text_lost")).toMatchObject([{ reason: "not_kept" }])
  })

  it("waits if its author is not in the group, and is shown when the branch comes back", () => {
    const { carol, ofAlice, ofBob, bob, byDave } = withStranger()
    carol.receive(...envelopes([...ofAlice, ...ofBob, ...byDave]))
    expect([carol.member.name, carol.shown()]).toEqual(["alice's", []])
    carol.restart()
    carol.receive(...envelopes(commits(bob, 1)))
    expect([carol.member.members().length, carol.shown()]).toEqual([4, ["hello"]])
  })

  it("is reported if its author is not in the group when the branch is gone for good", () => {
    const { mesh, carol, ofAlice, ofBob, byDave, dave } = withStranger()
    carol.receive(...envelopes([...ofAlice, ...ofBob, ...byDave]))
    mesh.clock.nowMs += 7 * DAY_MS
    carol.tick()
    expect(carol.told("text_of_lost_branch")).toMatchObject([{ sender: dave.self, epoch: 2n }])
    expect(carol.shown()).toEqual([])
  })
})

/** Bob invited Dave on the branch that is given up, and Dave wrote there. */
function withStranger() {
  const group = trio()
  const { mesh, alice, bob } = group
  const dave = mesh.device()
  alice.send({ kind: "rename", name: "alice's" })
  bob.send({ kind: "invite", keyPackages: [dave.keyPackage()] })
  const [ofAlice, ofBob] = [alice.publish(), bob.publish()]
  mesh.deliver(ofBob, [dave])
  dave.text("hello")
  return { ...group, dave, ofAlice, ofBob, byDave: dave.publish() }
}

describe("an epoch for which there was no room", () => {
  const NARROW = { keptEpochs: 4, rollbackEpochs: 3 }

  it("is not grown a second time by whoever made it", () => {
    const { mesh, alice, bob, ofAlice, ofBob } = forked(NARROW)
    bob.text("on the branch that is pushed out")
    for (const part of [ofAlice, commits(alice, 2)]) mesh.deliver(part, [bob])
    expect(bob.member.branches()).toMatchObject({ keptEpochs: 4, branches: 1 })
    bob.restart()
    bob.receive(...envelopes(ofBob))
    expect([dropped(bob), bob.told("must_rejoin"), bob.told("text_lost")]).toEqual([["commit_known"], [], []])
    mesh.deliver(bob.publish(), [alice])
    expect(alice.shown()).toEqual(["on the branch that is pushed out"])
  })

  it("is not grown a second time by others, who wrote there: their ratchet would begin anew", () => {
    const { mesh, alice, carol, ofAlice, ofBob } = forked(NARROW)
    mesh.deliver(ofBob, [carol])
    carol.text("on the branch that is pushed out")
    for (const part of [ofAlice, commits(alice, 2)]) mesh.deliver(part, [carol])
    carol.restart()
    mesh.deliver(ofBob, [carol])
    expect([dropped(carol), carol.member.branches()]).toMatchObject([["commit_known"], { branches: 1 }])
  })

  it("counts for its author", () => {
    const { mesh, alice, bob, carol } = trio({ ...NARROW, commitsOfOneAuthor: 1 })
    const [first, second] = [1, 2].map(() => {
      const made = envelopes(bob.send({ kind: "update_keys" }).outgoing)
      bob.abandon()
      return made
    })
    carol.receive(...first!)
    for (const part of [commits(alice, 1), commits(alice, 2)]) mesh.deliver(part, [carol])
    carol.receive(...second!)
    expect([dropped(carol), carol.member.branches()]).toMatchObject([["too_many_commits"], { branches: 1 }])
  })

  it("is never one of the branch that is about to be chosen, however long it is", () => {
    const { mesh, alice, bob } = trio({ keptEpochs: 4, rollbackEpochs: 3 })
    mesh.deliver(commits(alice, 12), [bob])
    expect([bob.member.epoch, bob.member.branches().keptEpochs, agree([alice, bob])]).toEqual([13n, 4, true])
  })
})

describe("old epochs", () => {
  it("are forgotten beyond the depth, with their secrets", () => {
    const { alice } = trio({ rollbackEpochs: 2 })
    const old = toHex(alice.member.epochAuthenticator)
    commits(alice, 2)
    expect(toHex(alice.member.toBytes())).toContain(old)
    commits(alice, 1)
    expect(toHex(alice.member.toBytes())).not.toContain(old)
    expect(alice.member.branches()).toMatchObject({ keptEpochs: 3, oldestEpoch: 2n })
  })

  it("are forgotten after the time, when the member is ticked", () => {
    const { mesh, alice } = trio({ rollbackMs: DAY_MS })
    commits(alice, 1)
    expect(alice.wakeAtMs).toBe(mesh.clock.nowMs + DAY_MS)
    mesh.clock.nowMs += DAY_MS
    alice.tick()
    expect([alice.member.branches().keptEpochs, alice.wakeAtMs]).toEqual([1, undefined])
  })

  it("are not gone back to", () => {
    const { mesh, alice, ofBob } = forked({ rollbackEpochs: 2 })
    commits(alice, 2)
    mesh.deliver(ofBob, [alice])
    expect([alice.member.name, dropped(alice)]).toEqual(["alice's", ["epoch_too_old"]])
  })

  it("take the branches with them that began there", () => {
    const { mesh, alice, ofBob } = forked({ rollbackEpochs: 2 })
    mesh.deliver(ofBob, [alice])
    expect(alice.member.branches()).toMatchObject({ keptEpochs: 4, branches: 2 })
    commits(alice, 2)
    expect(alice.member.branches()).toMatchObject({ keptEpochs: 3, branches: 1 })
  })
})

describe("a removal", () => {
  it("is not undone by more commits of whoever is removed", () => {
    const { mesh, members, alice, bob, carol } = trio()
    bob.send({ kind: "remove", members: [alice.self] })
    const removal = bob.publish()
    const undoing = commits(alice, 4)
    carol.receive(...envelopes(undoing), ...envelopes(removal))
    expect(carol.member.branches().rule).toBe("removed_author")
    mesh.deliver(removal, [alice])
    expect([alice.member.isActive, alice.told("removed_from_group")]).toMatchObject([false, [{ by: bob.self }]])
    expect(agree(members.slice(1))).toBe(true)
    expect(alice.text("anybody?").events).toMatchObject([{ kind: "refused", reason: "not_a_member" }])
  })

  it("is taken back with its branch", () => {
    const { mesh, members, alice, bob, carol } = trio()
    alice.send({ kind: "rename", name: "alice's" })
    bob.send({ kind: "remove", members: [carol.self] })
    const [ofAlice, ofBob] = [alice.publish(), bob.publish()]
    mesh.deliver(ofBob, [carol])
    expect(carol.member.isActive).toBe(false)
    carol.restart()
    const more = [...ofAlice, ...commits(alice, 1)]
    mesh.deliver(more, [carol])
    expect([carol.member.isActive, carol.member.name, carol.member.members().length]).toEqual([true, "alice's", 3])
    mesh.settle([...more, ...ofBob], 1)
    expect(members.filter(({ member }) => member.isActive)).toHaveLength(2)
  })
})

describe("bytes that nobody should have sent", () => {
  it("wait as long as they may belong to a branch that is not known, and are dropped then", () => {
    const { mesh, alice, bob } = trio()
    const [good] = envelopes(alice.text("hello").outgoing)
    const forged = good!.slice()
    forged[forged.length - 1]! ^= 1
    bob.receive(forged, fromHex("00"), new Uint8Array(0))
    expect([bob.member.branches().waitingEnvelopes, dropped(bob)]).toEqual([1, ["reserved_value", "truncated"]])
    bob.receive(good!)
    expect(bob.shown()).toEqual(["hello"])
    mesh.clock.nowMs += 10 * 60_000
    bob.tick()
    expect(dropped(bob)).toEqual(["reserved_value", "truncated", "epoch_in_future"])
  })

  it("do not make a known commit count twice", () => {
    const { bob, alice } = trio()
    const made = envelopes(commits(alice, 1))
    bob.receive(...made, ...made)
    expect([bob.member.branches().keptEpochs, dropped(bob)]).toEqual([2, ["commit_known"]])
  })

  it("end a member whose commit was taken after all", () => {
    const { alice } = trio()
    const [commit] = envelopes(alice.send({ kind: "rename", name: "orchard" }).outgoing)
    alice.abandon()
    alice.receive(commit!)
    expect(alice.told("must_rejoin")).toMatchObject([{ reason: "abandoned_commit" }])
    expect(alice.text("hello").events).toMatchObject([{ kind: "refused", reason: "must_rejoin" }])
  })

  it("cannot make a member follow more commits of one author than the limit", () => {
    const { alice, bob } = trio({ commitsOfOneAuthor: 2 })
    const made = Array.from({ length: 3 }, () => {
      const [commit] = envelopes(alice.send({ kind: "update_keys" }).outgoing)
      alice.abandon()
      return commit!
    })
    bob.receive(...made)
    expect([bob.member.branches().keptEpochs, dropped(bob)]).toEqual([3, ["too_many_commits"]])
  })
})
