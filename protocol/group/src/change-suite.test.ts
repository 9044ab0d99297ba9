import { newXWingSuite, suite0001, suite0003 } from "@qpc/crypto/node"
import type { CipherSuite } from "@qpc/crypto"
import { describe, expect, it } from "vitest"
import { ADMIN_ROLE } from "@qpc/gsp"
import type { Step } from "./step.ts"
import type { Device } from "./testing/device.ts"
import { nth } from "./testing/nth.ts"
import { SigningLog } from "./testing/signing-log.ts"
import { agree, envelopeOf, EQUALS, leafOf, told, World } from "./testing/world.ts"

const suites = [suite0001, suite0003]
const DAY_MS = 86_400_000

/** Asks for another suite with fresh key packages of everybody else. */
function change(author: Device, others: readonly Device[], suite: CipherSuite = suite0003): Step {
  const keyPackages = others.map((other) => other.keyPackage(DAY_MS, suite))
  return author.send({ kind: "change_suite", suiteId: suite.id, keyPackages })
}

const suitesOf = (devices: readonly Device[]): number[] => devices.map(({ member }) => member.suiteId)
const epochOf = ({ member }: Device): bigint => member.epoch

describe("a change of the cipher suite", () => {
  it.each([2, 5])("takes all %i members along, with name, roles, timer and epochs", (memberCount) => {
    const world = new World(suite0001)
    const members = world.group(memberCount, { suites })
    const [alice, bob] = [nth(members), nth(members, 1)]
    alice.send({
      kind: "set_roles",
      assignments: [{ identityKey: bob.self, role: ADMIN_ROLE }],
      permissions: new Map(),
    })
    alice.send({ kind: "set_timer", disappearAfterSeconds: 60 })
    world.settle()
    const before = { settings: alice.member.settings, groupId: alice.member.groupId, epoch: epochOf(alice) }

    change(alice, members.slice(1))
    world.settle()
    expect(agree(members)).toBe(true)
    expect(suitesOf(members)).toEqual(members.map(() => suite0003.id))
    expect(alice.member).toMatchObject({ ...before, epoch: before.epoch + 1n })
    expect(told(alice, "intent_done")).toHaveLength(3)
    const [toldBob] = told(bob, "suite_changed")
    expect(toldBob).toMatchObject({ epoch: epochOf(bob), by: alice.self, suiteId: suite0003.id })
    expect(toldBob?.used).toMatchObject({ isLastResort: false })
  })

  it("goes to the post-quantum suite, and texts and changes go on there", () => {
    const xWing = newXWingSuite()
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3, { suites: [xWing] })
    change(alice, [bob, carol], xWing)
    world.settle()
    bob.text("hello")
    alice.send({ kind: "rename", name: "orchard" })
    world.settle()
    expect(suitesOf([alice, bob, carol])).toEqual([xWing.id, xWing.id, xWing.id])
    expect([alice.shown(), carol.shown()]).toEqual([["hello"], ["hello"]])
    expect(agree([alice, bob, carol])).toBe(true)
  })

  it("keeps texts of the epochs before readable, and who wrote them known", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3, { suites, roles: EQUALS })
    const late = [bob.text("one"), carol.text("two")].map(envelopeOf)
    bob.outbox = []
    carol.outbox = []
    change(carol, [alice, bob])
    world.settle()
    expect([leafOf(alice, bob), leafOf(alice, carol)]).toEqual([2, 0])
    alice.restart()
    for (const envelope of late) alice.receive(envelope)
    expect(told(alice, "text").map(({ sender, text }) => [text, sender])).toEqual([
      ["one", bob.self],
      ["two", carol.self],
    ])
    alice.restart()
    alice.receive(nth(late))
    expect(alice.shown()).toEqual(["one", "two"])
  })

  it("forgets the group of before when its epochs are too old", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { suites, limits: { pastEpochs: 2 } })
    const late = envelopeOf(bob.text("late"))
    bob.outbox = []
    change(alice, [bob])
    world.settle()
    const kept = (): boolean => [...alice.store.records()].some(({ key }) => key.startsWith("replaced/"))
    alice.send({ kind: "update_keys" })
    world.settle()
    expect(kept()).toBe(true)
    alice.send({ kind: "update_keys" })
    world.settle()
    expect(kept()).toBe(false)
    alice.receive(late)
    expect(told(alice, "dropped")).toMatchObject([{ reason: "epoch_too_old" }])
  })

  it.each<["removed_from_group" | "left_group", "remove" | "leave"]>([
    ["removed_from_group", "remove"],
    ["left_group", "leave"],
  ])("forgets the group of before with the membership: %s", (ending, way) => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { suites })
    change(alice, [bob])
    world.settle()
    const kept = (): boolean => [...bob.store.records()].some(({ key }) => key.startsWith("replaced/"))
    expect(kept()).toBe(true)
    if (way === "remove") alice.send({ kind: "remove", members: [bob.self] })
    else bob.send({ kind: "leave" })
    world.settle()
    world.run(60_000)
    expect([bob.member.condition().ending, kept()]).toEqual([ending, false])
    bob.restart()
  })

  it("can be made twice in a row", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { suites })
    const late = envelopeOf(bob.text("from the first"))
    bob.outbox = []
    change(alice, [bob])
    world.settle()
    change(bob, [alice], suite0001)
    world.settle()
    expect(told(bob, "refused")).toMatchObject([{ reason: "suite_not_allowed" }])
    change(alice, [bob], suite0001)
    world.settle()
    alice.restart()
    alice.receive(late)
    expect([alice.shown(), suitesOf([alice, bob]), epochOf(bob)]).toEqual([["from the first"], [1, 1], 3n])
  })

  it("continues the log of epochs, which states what the new suite's keys are", () => {
    const world = new World(suite0001, 1, new SigningLog(suite0001))
    const [alice, bob] = world.group(2, { suites })
    change(alice, [bob])
    world.settle()
    bob.text("hello")
    world.settle()
    expect([alice, bob].flatMap((device) => told(device, "log_anomaly"))).toEqual([])
    expect([agree([alice, bob]), alice.shown()]).toEqual([true, ["hello"]])
  })

  it("takes all devices of a person along", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { suites })
    const phone = world.device({ person: bob.keys, suites })
    bob.send({ kind: "add_devices", keyPackages: [phone.keyPackage()] })
    world.settle()
    change(alice, [bob, phone])
    world.settle()
    expect(agree([alice, bob, phone])).toBe(true)
    expect(nth(alice.member.members(), 1).devices).toHaveLength(2)
  })

  it("of a group of one needs nobody", () => {
    const world = new World(suite0001)
    const [alice] = world.group(1, { suites })
    change(alice, [])
    world.settle()
    alice.restart()
    expect(alice.member).toMatchObject({ suiteId: suite0003.id, epoch: 1n })
  })

  it("lets people come in afterwards, and leave", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { suites })
    change(alice, [bob])
    world.settle()
    const carol = world.device({ suites })
    alice.send({ kind: "invite", keyPackages: [carol.keyPackage(DAY_MS, suite0003)] })
    world.settle()
    carol.text("hello")
    world.settle()
    bob.send({ kind: "leave" })
    world.settle()
    world.run(60_000)
    expect([alice.shown(), bob.member.hasLeft, agree([alice, carol])]).toEqual([["hello"], true, true])
  })
})

describe("a change of the cipher suite that is not alone", () => {
  it("is void if another commit was first, and made anew", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { suites })
    bob.send({ kind: "update_keys" })
    change(alice, [bob])
    bob.flush(world.service)
    world.settle()
    expect(told(alice, "intent_rebased")).toHaveLength(1)
    expect([agree([alice, bob]), suitesOf([alice, bob])]).toEqual([true, [3, 3]])
  })

  it("makes a change that came second anew in the new suite", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3, { suites })
    bob.send({ kind: "update_keys" })
    change(alice, [bob, carol])
    alice.flush(world.service)
    world.settle()
    expect(told(bob, "intent_done")).toHaveLength(1)
    expect([agree([alice, bob, carol]), epochOf(carol)]).toEqual([true, 3n])
  })

  it("fails if somebody came in meanwhile whom it would leave behind", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { suites })
    const carol = world.device({ suites })
    bob.send({ kind: "invite", keyPackages: [carol.keyPackage()] })
    change(alice, [bob])
    bob.flush(world.service)
    world.settle()
    expect(told(alice, "intent_failed")).toMatchObject([{ reason: "suite_key_package_missing" }])
    expect([agree([alice, bob, carol]), suitesOf([carol])]).toEqual([true, [1]])
  })

  it("goes on if somebody went meanwhile", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3, { suites })
    carol.send({ kind: "leave" })
    change(alice, [bob, carol])
    carol.flush(world.service)
    world.settle()
    world.run(60_000)
    expect([agree([alice, bob]), suitesOf([alice, bob]), carol.member.hasLeft]).toEqual([true, [3, 3], true])
  })

  it("loses no text of anybody", () => {
    const world = new World(suite0001)
    const members = world.group(3, { suites })
    const [alice, bob, carol] = members
    // Carol wants to leave: bob's text waits for a commit, and alice's commit is the one.
    carol.send({ kind: "leave" })
    carol.flush(world.service)
    bob.receiveNext(world.service)
    bob.text("held")
    change(alice, [bob, carol])
    alice.text("sealed before")
    alice.flush(world.service)
    world.settle()
    world.run(60_000)
    expect([alice.shown(), bob.shown()]).toEqual([["held"], ["sealed before"]])
  })
})

describe("a change of the cipher suite and crashes", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "ends with everybody in one group, in any order and over restarts: seed %i",
    (seed) => {
      const world = new World(suite0001, seed)
      const members = world.group(4, { suites })
      change(nth(members), members.slice(1))
      nth(members, 1).send({ kind: "update_keys" })
      nth(members, 2).text("two")
      world.settleShuffled(seed, true)
      world.settle()
      expect(agree(members)).toBe(true)
      expect(suitesOf(members)).toEqual([3, 3, 3, 3])
      expect(nth(members, 3).shown()).toEqual(["two"])
    },
  )

  it("is given up when the service never takes it, and leaves nothing behind", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { suites })
    const step = change(alice, [bob])
    alice.outbox = []
    alice.restart()
    alice.take(alice.member.abandon(nth(step.outgoing).messageId, world.clock.nowMs))
    expect(told(alice, "intent_failed")).toMatchObject([{ reason: "refused_by_service" }])
    expect([...alice.store.records()].some(({ key }) => key === "next-group")).toBe(false)
    alice.restart()
    bob.text("still here")
    world.settle()
    expect(alice.shown()).toEqual(["still here"])
  })

  it("needs its author no more once the service has it", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3, { suites })
    change(alice, [bob, carol])
    alice.flush(world.service)
    for (const device of [bob, carol]) device.receiveNext(world.service)
    bob.text("without alice")
    bob.flush(world.service)
    carol.receiveNext(world.service)
    expect([carol.shown(), suitesOf([bob, carol])]).toEqual([["without alice"], [3, 3]])
    world.settle()
    expect([alice.shown(), agree([alice, bob, carol])]).toEqual([["without alice"], true])
  })
})

describe("a wish for another cipher suite", () => {
  it.each<[string, number]>([
    ["intent_done", 1],
    ["suite_other_signature", 2],
    ["suite_other_signature", 7],
    ["suite_unknown", 0x1234],
    ["suite_missing", 0xf002],
  ])("is answered with %s for suite %i", (reason, suiteId) => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { suites })
    alice.send({ kind: "change_suite", suiteId, keyPackages: [bob.keyPackage(DAY_MS, suite0003)] })
    world.settle()
    if (suiteId === 1) expect(told(alice, "intent_done")).toHaveLength(1)
    else expect(told(alice, "refused")).toMatchObject([{ reason }])
    expect(epochOf(bob)).toBe(1n)
  })

  it("is refused if it would weaken the group", () => {
    const xWing = newXWingSuite()
    const world = new World(xWing)
    const [alice, bob] = world.group(2, { suites: [suite0001] })
    change(alice, [bob], suite0001)
    expect(told(alice, "refused")).toMatchObject([{ reason: "suite_weaker" }])
  })

  it("is refused to whoever may not change the settings", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { suites })
    change(bob, [alice])
    expect(told(bob, "refused")).toMatchObject([{ reason: "suite_not_allowed" }])
  })

  it("is refused in a closed group", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { suites })
    alice.send({ kind: "close" })
    world.settle()
    change(alice, [bob])
    expect(told(alice, "refused")).toMatchObject([{ reason: "group_closed" }])
  })

  it("is refused if a device has no key package, or one that cannot be used", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3, { suites })
    change(alice, [bob])
    const keyPackages = [bob.keyPackage(DAY_MS, suite0003), carol.keyPackage()]
    alice.send({ kind: "change_suite", suiteId: 3, keyPackages })
    expect(told(alice, "refused").map(({ reason }) => reason)).toEqual([
      "suite_key_package_missing",
      "key_package_rejected",
    ])
  })

  it("waits alone: what is wanted before and after has commits of its own", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { suites })
    alice.send({ kind: "update_keys" })
    alice.send({ kind: "rename", name: "orchard" })
    change(alice, [bob])
    alice.send({ kind: "set_timer", disappearAfterSeconds: 60 })
    world.settle()
    expect(alice.member).toMatchObject({
      name: "orchard",
      suiteId: 3,
      settings: { disappearAfterSeconds: 60 },
      epoch: 5n,
    })
    expect(agree([alice, bob])).toBe(true)
  })
})
