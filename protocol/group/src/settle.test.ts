import { suite0001 } from "@qpc/crypto/node"
import { newMessageId } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { memberFromBytes } from "./wake.ts"
import type { Device } from "./testing/device.ts"
import { nth } from "./testing/nth.ts"
import { seededRandom } from "./testing/seeded-random.ts"
import { agree, envelopeOf, told, World } from "./testing/world.ts"

const WINNER_MS = 30_000

/** Sends nothing to the network; tells the member that another commit was first. */
function refuseAsLate(device: Device, world: World, missedCommits: readonly Uint8Array[] = []) {
  const { messageId } = nth(device.outbox.splice(0))
  return device.take(device.member.conflict(messageId, world.clock.nowMs, missedCommits))
}

describe("a commit that the delivery service will never take", () => {
  it("is given up, its intent fails, and the next one has its turn", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    alice.send({ kind: "update_keys" })
    alice.send({ kind: "invite", keyPackages: [world.device().keyPackage()] })
    const refused = nth(alice.outbox.splice(0))
    alice.take(alice.member.abandon(refused.messageId, world.clock.nowMs))
    expect(told(alice, "intent_failed")).toMatchObject([{ reason: "refused_by_service" }])
    expect(alice.member.openIntentCount).toBe(1)
    world.settle()
    expect(told(alice, "intent_done")).toHaveLength(1)
    expect(agree([alice, bob])).toBe(true)
  })

  it("is another one than those it has not sent or has sent before", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2)
    const text = nth(alice.text("hello").outgoing)
    alice.send({ kind: "update_keys" })
    const unknown = newMessageId(world.clock.nowMs, seededRandom(5))
    const before = alice.member.toBytes()
    expect(alice.member.abandon(unknown, world.clock.nowMs)).toMatchObject({ outgoing: [], events: [] })
    expect(alice.member.toBytes()).toEqual(before)
    expect(alice.member.abandon(text.messageId, world.clock.nowMs)).toMatchObject({ outgoing: [], events: [] })
    expect(alice.member.openIntentCount).toBe(1)
  })

  it("leaves a member that wakes as it was", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    alice.send({ kind: "update_keys" })
    alice.take(alice.member.abandon(nth(alice.outbox.splice(0)).messageId, world.clock.nowMs))
    alice.restart()
    alice.text("still here")
    bob.send({ kind: "update_keys" })
    world.settle()
    expect(agree([alice, bob])).toBe(true)
    expect(bob.shown()).toEqual(["still here"])
  })

  it("ends in having to rejoin if it comes back after all, even after a restart", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const envelope = envelopeOf(alice.send({ kind: "update_keys" }))
    alice.take(alice.member.abandon(nth(alice.outbox.splice(0)).messageId, world.clock.nowMs))
    alice.restart()
    alice.send({ kind: "update_keys" })
    bob.receive(envelope)
    const { epoch } = alice.member
    expect(alice.receive(envelope).events.slice(1)).toMatchObject([
      { kind: "intent_failed", reason: "must_rejoin" },
      { kind: "must_rejoin", reason: "abandoned_commit", epoch },
    ])
    alice.restart()
    expect(alice.member.isActive).toBe(false)
    expect(alice.text("hello?").events).toEqual([{ kind: "refused", reason: "must_rejoin" }])
  })
})

describe("a member whose place another takes", () => {
  it("ends what was open, and is out", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2)
    alice.send({ kind: "update_keys" })
    expect(alice.take(alice.member.giveUp())).toMatchObject({
      outgoing: [],
      events: [{ kind: "intent_failed", reason: "must_rejoin" }],
    })
    expect(alice.member).toMatchObject({ isActive: false, openIntentCount: 0 })
    expect(alice.take(alice.member.giveUp())).toMatchObject({ outgoing: [], events: [] })
  })
})

describe("what is remembered of our own commits", () => {
  it("is forgotten with their epoch", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2)
    const storedBytes: number[] = []
    // Past epochs and resumption keys are kept up to a limit of their own; after that nothing grows.
    for (let epoch = 0; epoch < 24; epoch++) {
      alice.send({ kind: "update_keys" })
      world.settle()
      storedBytes.push(alice.member.toBytes().length)
    }
    expect(new Set(storedBytes.slice(-4)).size).toBe(1)
  })
})

describe("a commit that is said to be late", () => {
  it("is made anew if no other commit comes in time", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    alice.send({ kind: "update_keys" })
    expect(refuseAsLate(alice, world).wakeAtMs).toBe(world.clock.nowMs + WINNER_MS)
    alice.restart()
    world.run(WINNER_MS - 1)
    expect(told(alice, "intent_rebased")).toEqual([])
    world.run(1)
    expect(told(alice, "intent_rebased")).toMatchObject([{ epoch: 1n, attempt: 2 }])
    expect(told(alice, "intent_done")).toHaveLength(1)
    expect(agree([alice, bob])).toBe(true)
  })

  it("fails in the end, if that goes on and on", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2, { limits: { intentAttempts: 3 } })
    alice.send({ kind: "update_keys" })
    for (let attempt = 1; attempt <= 3; attempt++) {
      refuseAsLate(alice, world)
      world.clock.nowMs += WINNER_MS
      alice.tick()
    }
    expect(told(alice, "intent_failed")).toMatchObject([{ reason: "winner_missing" }])
    expect(alice.outbox).toEqual([])
  })

  it("waits for nothing while the new one has no answer", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2)
    alice.send({ kind: "update_keys" })
    refuseAsLate(alice, world)
    world.clock.nowMs += WINNER_MS
    alice.tick()
    world.clock.nowMs += 10 * WINNER_MS
    expect(alice.tick().outgoing).toEqual([])
    expect(alice.outbox).toHaveLength(1)
  })

  it("takes the commit from the refusal where the inbox did not bring it", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    alice.send({ kind: "update_keys" })
    const winner = envelopeOf(bob.send({ kind: "update_keys" }))
    bob.receive(winner)
    refuseAsLate(alice, world, [winner])
    expect(alice.member.epoch).toBe(1n)
    world.clock.nowMs += WINNER_MS
    alice.tick()
    refuseAsLate(alice, world, [winner])
    expect(alice.member.epoch).toBe(2n)
    expect(told(alice, "intent_rebased").at(-1)).toMatchObject({ epoch: 2n, attempt: 3 })
    expect(agree([alice, bob])).toBe(true)
  })
})

describe("a member whose state was copied", () => {
  it.each([
    ["text", { kind: "text", text: "as if I were you" }],
    ["commit", { kind: "update_keys" }],
  ] as const)("stops when a %s arrives that it has not sent, and says so", (_, content) => {
    const world = new World(suite0001)
    const [alice] = world.group(2)
    const random = seededRandom(77)
    const copy = memberFromBytes(suite0001, alice.member.toBytes(), { device: alice.keys, random })
    alice.receive(envelopeOf(copy.send(content, world.clock.nowMs)))
    expect(told(alice, "must_rejoin")).toMatchObject([{ reason: "own_message_ahead" }])
    alice.restart()
    expect(alice.member.isActive).toBe(false)
    expect(alice.text("hello?").events).toEqual([{ kind: "refused", reason: "must_rejoin" }])
  })

  it("is not stopped by what others claim to be its messages", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const own = envelopeOf(alice.text("mine"))
    const commit = envelopeOf(alice.send({ kind: "update_keys" }))
    const forged = commit.slice()
    forged[forged.length - 1]! ^= 1
    for (const envelope of [own, forged, envelopeOf(bob.text("hi"))]) alice.receive(envelope)
    expect(told(alice, "must_rejoin")).toEqual([])
    world.settle()
    expect(agree([alice, bob])).toBe(true)
  })
})
