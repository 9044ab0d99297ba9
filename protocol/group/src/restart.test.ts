import { suite0001 } from "@qpc/crypto/node"
import { toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { memberFromBytes } from "./wake.ts"
import { GroupStateError } from "./state-error.ts"
import { STATE_VERSION } from "./state-version.ts"
import type { Device } from "./testing/device.ts"
import { nth } from "./testing/nth.ts"
import { seededRandom } from "./testing/seeded-random.ts"
import { agree, envelopeOf, told, World } from "./testing/world.ts"

const wake = (device: Device, bytes: Uint8Array, keys = device.keys) =>
  memberFromBytes(suite0001, bytes, { device: keys, random: seededRandom(9) })
const refusal = (code: string) => expect.objectContaining({ name: "GroupStateError", code })

describe("a stored member", () => {
  it("wakes up as it was, down to the byte", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(3)
    alice.text("one")
    bob.text("two")
    alice.send({ kind: "update_keys" })
    alice.send({ kind: "invite", keyPackages: [world.device().keyPackage()] })
    alice.send({ kind: "remove", members: [bob.self] })
    bob.receive(nth(world.service.inbox(bob.inboxKey).concat([envelopeOf(alice.text("three"))])))
    for (const device of [alice, bob]) {
      const stored = device.member.toBytes()
      expect(toHex(wake(device, stored).toBytes())).toBe(toHex(stored))
    }
  })

  it("does not seal anything with a key or a number it used before", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    for (const text of ["one", "two", "three"]) {
      alice.text(text)
      alice.restart()
    }
    world.settle()
    expect(bob.shown()).toEqual(["one", "two", "three"])
    expect(told(bob, "dropped")).toEqual([])
  })

  it("remembers what it showed", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const envelope = envelopeOf(alice.text("once"))
    bob.receive(envelope)
    bob.restart()
    expect(bob.receive(envelope).events).toMatchObject([{ kind: "dropped", reason: "replay_detected" }])
    expect(bob.shown()).toEqual(["once"])
  })

  it.each(["before the network took it", "before the echo", "after the echo", "all the time"])(
    "carries its intents through a restart %s",
    (when) => {
      const world = new World(suite0001)
      const [alice, bob] = world.group(2)
      const newcomers = [world.device(), world.device()]
      for (const newcomer of newcomers) alice.send({ kind: "invite", keyPackages: [newcomer.keyPackage()] })
      if (when !== "before the echo") alice.restart()
      alice.flush(world.service)
      if (when !== "before the network took it") alice.restart()
      alice.receiveNext(world.service)
      if (when !== "before the network took it") alice.restart()
      world.settle()
      expect(agree([alice, bob, ...newcomers])).toBe(true)
      expect(told(alice, "intent_done")).toHaveLength(2)
    },
  )

  it("rebases after a restart what was staged before it", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3)
    alice.send({ kind: "remove", members: [carol.self] })
    alice.restart()
    bob.send({ kind: "update_keys" })
    bob.flush(world.service)
    alice.receiveNext(world.service)
    alice.restart()
    world.settle()
    expect(agree([alice, bob])).toBe(true)
    expect(carol.member.isActive).toBe(false)
    expect(told(alice, "intent_rebased")).toHaveLength(1)
  })

  it("keeps early envelopes through a restart", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    alice.send({ kind: "update_keys" })
    alice.flush(world.service)
    alice.receiveNext(world.service)
    bob.receive(envelopeOf(alice.text("early")))
    alice.outbox = []
    bob.restart()
    world.settle()
    expect(bob.shown()).toEqual(["early"])
  })
})

describe("waking a member", () => {
  it("refuses any damage to the stored bytes", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2)
    alice.send({ kind: "update_keys" })
    const stored = alice.member.toBytes()
    for (let at = 1; at < stored.length; at += 37) {
      const damaged = stored.slice()
      damaged.set([255 - nth([...stored.subarray(at, at + 1)])], at)
      expect(() => wake(alice, damaged)).toThrow(refusal("corrupt"))
    }
    for (const lengthBytes of [0, 1, 31, stored.length - 1]) {
      expect(() => wake(alice, stored.slice(0, lengthBytes))).toThrow(GroupStateError)
    }
  })

  it("refuses the state of another identity, and of a newer program", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const stored = alice.member.toBytes()
    expect(() => wake(alice, stored, bob.keys)).toThrow(refusal("wrong_identity"))
    stored[0] = STATE_VERSION + 1
    expect(() => wake(alice, stored)).toThrow(refusal("unknown_version"))
  })

  it("does not print secrets in its refusal", () => {
    const [alice] = new World(suite0001).group(2)
    const stored = alice.member.toBytes()
    try {
      wake(alice, stored.slice(1))
      expect.unreachable()
    } catch (error) {
      expect(JSON.stringify(error)).not.toMatch(/[0-9a-f]{16}/)
    }
  })
})

describe("a member that was disposed", () => {
  it("does nothing any more", () => {
    const [alice] = new World(suite0001).group(2)
    const { member } = alice
    member[Symbol.dispose]()
    member[Symbol.dispose]()
    expect(() => member.send({ kind: "text", text: "?" }, 0)).toThrow(TypeError)
    expect(() => member.receive(new Uint8Array(0), 0)).toThrow(TypeError)
    expect(() => member.toBytes()).toThrow(TypeError)
  })
})
