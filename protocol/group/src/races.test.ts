import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import type { Device } from "./testing/device.ts"
import { nth } from "./testing/nth.ts"
import { agree, EQUALS, told, World } from "./testing/world.ts"

/** All orders of a short list. */
function ordersOf<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]]
  return items.flatMap((first, i) =>
    ordersOf([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [first].concat(rest)),
  )
}

const intentsEnded = (devices: readonly Device[]): boolean =>
  devices.every(({ member }) => member.openIntentCount === 0)

describe("commits at the same time", () => {
  it.each(ordersOf([0, 1, 2]))(
    "of three members have one winner each epoch, and all get their way: order %d %d %d",
    (...order) => {
      const world = new World(suite0001)
      const members = world.group(4, { roles: EQUALS })
      const newcomers = [world.device(), world.device()]
      nth(members, 0).send({ kind: "invite", keyPackages: [nth(newcomers, 0).keyPackage()] })
      nth(members, 1).send({ kind: "invite", keyPackages: [nth(newcomers, 1).keyPackage()] })
      nth(members, 2).send({ kind: "remove", members: [nth(members, 3).self] })
      for (const i of order) nth(members, i).flush(world.service)
      world.settle()
      const everyone = [...members.slice(0, 3), ...newcomers]
      expect(agree(everyone)).toBe(true)
      expect(nth(members, 0).member.epoch).toBe(4n)
      expect(nth(members, 0).member.members()).toHaveLength(5)
      expect(nth(members, 3).member.isActive).toBe(false)
      expect(intentsEnded(everyone)).toBe(true)
      for (const member of members.slice(0, 3)) expect(told(member, "intent_done")).toHaveLength(1)
    },
  )

  it.each(Array.from({ length: 24 }, (_, i) => i + 1))("of five members end well in any order: seed %d", (seed) => {
    const world = new World(suite0001, seed)
    const members = world.group(5)
    const newcomer = world.device()
    nth(members, 0).send({ kind: "invite", keyPackages: [newcomer.keyPackage()] })
    nth(members, 1).send({ kind: "update_keys" })
    nth(members, 2).send({ kind: "invite", keyPackages: [newcomer.keyPackage()] })
    nth(members, 3).send({ kind: "update_keys" })
    nth(members, 4).send({ kind: "update_keys" })
    for (const member of members) member.text("while they race")
    world.settleShuffled(seed, seed % 2 === 0)
    const everyone = [...members, newcomer]
    expect(agree(everyone)).toBe(true)
    expect(intentsEnded(everyone)).toBe(true)
    for (const member of members) {
      expect(told(member, "intent_done")).toHaveLength(1)
      expect(told(member, "intent_failed")).toEqual([])
      expect(member.shown()).toEqual(Array.from({ length: 4 }, () => "while they race"))
    }
  })

  it("of two who remove each other leave the first one in the group", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3, { roles: EQUALS })
    alice.send({ kind: "remove", members: [bob.self] })
    bob.send({ kind: "remove", members: [alice.self] })
    bob.flush(world.service)
    world.settle()
    expect(alice.member.isActive).toBe(false)
    expect(told(alice, "intent_failed")).toMatchObject([{ reason: "removed_from_group" }])
    expect(agree([bob, carol])).toBe(true)
  })

  it("of two who want the same need one commit", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3, { roles: EQUALS })
    alice.send({ kind: "remove", members: [carol.self] })
    bob.send({ kind: "remove", members: [carol.self] })
    world.settle()
    expect(alice.member.epoch).toBe(2n)
    expect(told(alice, "intent_done")).toHaveLength(1)
    expect(told(bob, "intent_done")).toHaveLength(1)
  })

  it("say which attempt an intent is in", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    alice.send({ kind: "update_keys" })
    bob.send({ kind: "update_keys" })
    alice.flush(world.service)
    bob.flush(world.service)
    bob.receiveNext(world.service)
    expect(told(bob, "intent_rebased")).toMatchObject([{ epoch: 2n, attempt: 2 }])
    world.settle()
    expect(told(bob, "intent_done")).toHaveLength(1)
  })

  it("fail after too many conflicts, and leave the member free to go on", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { limits: { intentAttempts: 3 } })
    bob.send({ kind: "update_keys" })
    for (let round = 0; round < 3; round++) {
      alice.send({ kind: "update_keys" })
      alice.flush(world.service)
      alice.receiveNext(world.service)
      bob.receiveNext(world.service)
      bob.outbox = []
    }
    expect(told(bob, "intent_failed")).toMatchObject([{ reason: "too_many_conflicts" }])
    bob.send({ kind: "update_keys" })
    world.settle()
    expect(agree([alice, bob])).toBe(true)
    expect(told(bob, "intent_done")).toHaveLength(1)
  })

  it("fail when the key package expired meanwhile", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    alice.send({ kind: "invite", keyPackages: [world.device().keyPackage(3_600_000)] })
    bob.send({ kind: "update_keys" })
    bob.flush(world.service)
    world.clock.nowMs += 3 * 3_600_000
    world.settle()
    expect(told(alice, "intent_failed")).toMatchObject([{ reason: "key_package_rejected" }])
    expect(agree([alice, bob])).toBe(true)
  })
})

describe("intents of one member", () => {
  it("wait for the pending commit, and then follow in one", () => {
    const world = new World(suite0001)
    const members = world.group(2)
    const newcomers = [world.device(), world.device(), world.device()]
    const steps = newcomers.map((newcomer) =>
      nth(members, 0).send({ kind: "invite", keyPackages: [newcomer.keyPackage()] }),
    )
    expect(steps.map(({ outgoing }) => outgoing.length)).toEqual([1, 0, 0])
    expect(nth(members, 0).member.openIntentCount).toBe(3)
    world.settle()
    expect(agree([...members, ...newcomers])).toBe(true)
    expect(nth(members, 0).member.epoch).toBe(3n)
    expect(told(nth(members, 0), "intent_done")).toHaveLength(3)
  })

  it("are limited", () => {
    const [alice] = new World(suite0001).group(2, { limits: { queuedIntents: 1 } })
    const kinds = [1, 2, 3].map(() => alice.send({ kind: "update_keys" }).events[0])
    expect(kinds).toMatchObject([
      { kind: "intent_queued" },
      { kind: "intent_queued" },
      { kind: "refused", reason: "too_many_intents" },
    ])
  })

  it("do not hold up texts", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    alice.send({ kind: "update_keys" })
    alice.text("meanwhile")
    world.settle()
    expect(told(bob, "text")).toMatchObject([{ text: "meanwhile", epoch: 1n }])
  })
})

describe("a lost answer of the delivery service", () => {
  it("changes nothing: the same message is sent again and comes back once", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    alice.send({ kind: "update_keys" })
    const lost = nth(alice.outbox)
    expect(world.service.offer(lost)).toBe("accepted")
    expect(world.service.offer(lost)).toBe("duplicate")
    alice.outbox = []
    world.settle()
    expect(agree([alice, bob])).toBe(true)
    expect(told(alice, "intent_done")).toHaveLength(1)
  })

  it("and an echo that comes twice is dropped once", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2)
    alice.send({ kind: "update_keys" })
    alice.flush(world.service)
    const echo = nth(world.service.inbox(alice.inboxKey))
    alice.receive(echo)
    expect(alice.receive(echo).events).toMatchObject([{ kind: "dropped", reason: "epoch_too_old", code: 3 }])
    expect(alice.member.epoch).toBe(2n)
  })

  it("to a claim that lost ends when the winner arrives", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    alice.send({ kind: "update_keys" })
    bob.send({ kind: "update_keys" })
    bob.flush(world.service)
    const lost = nth(alice.outbox)
    expect(world.service.offer(lost)).toBe("epoch_conflict")
    const noted = alice.member.conflict(lost.messageId, world.clock.nowMs)
    expect(noted).toEqual({ outgoing: [], events: [], wakeAtMs: world.clock.nowMs + 30_000 })
    alice.outbox = []
    world.settle()
    expect(agree([alice, bob])).toBe(true)
    expect(told(alice, "intent_done")).toHaveLength(1)
  })
})
