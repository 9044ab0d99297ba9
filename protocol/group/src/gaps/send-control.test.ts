import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { Device } from "../testing/device.ts"
import { gapsOf, lose, nextEpoch, say } from "../testing/lost-texts.ts"
import { nth } from "../testing/nth.ts"
import { World } from "../testing/world.ts"

const MINUTE_MS = 60_000
/** Nobody commits by themselves. */
const NO_UPKEEP = { updateKeysAfterMs: 0, updateSpacingMs: 0 }

/** Counts from now on what a device hands to the network. */
function countSent(device: Device): () => number {
  let count = 0
  device.flush = (service) => {
    count += device.outbox.length
    Device.prototype.flush.call(device, service)
  }
  return () => count
}

describe("missing texts", () => {
  it("are asked for by so many messages in an epoch, and for the rest in the next", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3, { limits: { ...NO_UPKEEP, controlsPerEpoch: 1 } })
    say(world, bob, "one")
    lose(world, alice)
    say(world, bob, "two")
    world.settle()
    bob.flush = () => void bob.outbox.splice(0)
    world.run(60 * MINUTE_MS)
    alice.restart()
    expect(gapsOf(alice)).toEqual(["found 1 @1"])
    nextEpoch(world, carol)
    world.run(MINUTE_MS)
    expect(gapsOf(alice)).toEqual(["found 1 @1", "delivered 1"])
  })

  it("cost nobody more messages than an epoch has room for, and keep nobody from reading the next text", () => {
    const world = new World(suite0001)
    const devices = world.group(8, { limits: { ...NO_UPKEEP, controlsPerEpoch: 8 } })
    for (let count = 0; count < 20; count++) {
      // One author's texts alone are asked for no more than once.
      const author = nth(devices, 1 + (count % 7))
      say(world, author, "withheld from all")
      for (const device of devices) lose(world, device)
      say(world, author, "shown")
      world.settle()
    }
    const sent = devices.map((device) => countSent(device))
    world.run(30 * MINUTE_MS)
    expect(Math.max(...sent.map((count) => count()))).toBe(8)
    for (const [at, device] of devices.entries()) say(world, device, `after ${at}`)
    world.settle()
    for (const device of devices) expect(device.shown().filter((text) => text.startsWith("after"))).toHaveLength(7)
  })
})
