import { suite0001 } from "@qpc/crypto/node"
import type { MessageId } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { Device } from "../testing/device.ts"
import { gapsOf, nextEpoch, say } from "../testing/lost-texts.ts"
import { nth } from "../testing/nth.ts"
import { World } from "../testing/world.ts"

const MINUTE_MS = 60_000

/** Seals texts that never leave the device. @returns their ids */
function neverSent(device: Device, count: number): MessageId[] {
  const ids = Array.from({ length: count }, () => nth(device.text("never").outgoing).messageId)
  device.outbox = []
  return ids
}

/** No carrier will take these. The device wakes up from its records after each. */
function abandon(world: World, device: Device, messageIds: readonly MessageId[]): void {
  for (const messageId of messageIds) {
    device.take(device.member.abandon(messageId, world.clock.nowMs))
    device.restart()
  }
}

describe("a text that its author gave up", () => {
  it("is missed by nobody", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const [refused] = bob.text("never").outgoing
    bob.outbox = []
    bob.take(bob.member.abandon(refused!.messageId, world.clock.nowMs))
    bob.restart()
    say(world, bob, "hello")
    world.settle()
    world.run(MINUTE_MS)
    expect(alice.shown()).toEqual(["hello"])
    expect(gapsOf(alice)).toEqual([])
  })

  it("after the next one was sealed is taken back when it is asked for", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const [refused] = bob.text("never").outgoing
    bob.outbox = []
    say(world, bob, "hello")
    bob.take(bob.member.abandon(refused!.messageId, world.clock.nowMs))
    world.settle()
    world.run(MINUTE_MS)
    expect(gapsOf(alice)).toEqual(["found 1 @1", "given_up 1"])
  })

  it("is missed by nobody where the keys of its epoch are gone", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3)
    const refused = neverSent(bob, 1)
    for (let epochs = 0; epochs < 4; epochs++) nextEpoch(world, carol)
    abandon(world, bob, refused)
    say(world, bob, "hello")
    world.settle()
    world.run(MINUTE_MS)
    expect(gapsOf(alice)).toEqual([])
  })

  it("is missed by nobody where the group's timer let nobody keep it", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    alice.send({ kind: "set_timer", disappearAfterSeconds: 5 })
    world.settle()
    const refused = neverSent(bob, 1)
    world.clock.nowMs += 10_000
    bob.tick()
    abandon(world, bob, refused)
    say(world, bob, "hello")
    world.settle()
    world.run(MINUTE_MS)
    expect(gapsOf(alice)).toEqual([])
  })

  it("among many is taken back when it is asked for", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    abandon(world, bob, neverSent(bob, 20))
    say(world, bob, "hello")
    world.settle()
    world.run(10 * MINUTE_MS)
    expect(gapsOf(alice)).toEqual(["found 1-12 @1", ...Array.from({ length: 12 }, (_, at) => `given_up ${at + 1}`)])
  })

  it("is missed where newer ones have its place among those that are remembered", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { limits: { rememberedNumbers: 1 } })
    const refused = neverSent(bob, 1)
    say(world, bob, "one")
    abandon(world, bob, refused)
    say(world, bob, "two")
    world.settle()
    world.run(MINUTE_MS)
    expect(gapsOf(alice)).toEqual(["found 1 @1", "nobody_has_it 1"])
  })

  it("is missed where newer ones have its place among those that were given up", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { limits: { rememberedNumbers: 1 } })
    for (const count of [1, 1]) abandon(world, bob, neverSent(bob, count))
    say(world, bob, "hello")
    world.settle()
    world.run(MINUTE_MS)
    expect(gapsOf(alice)).toEqual(["found 1 @1", "nobody_has_it 1"])
  })

  it("uses up no number if it was never sealed", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { limits: { envelopeBytes: 2000 } })
    expect(bob.text("x".repeat(3000)).events).toMatchObject([{ kind: "refused", reason: "text_too_large" }])
    say(world, bob, "hello")
    world.settle()
    world.run(MINUTE_MS)
    expect(gapsOf(alice)).toEqual([])
  })
})
