import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { withMallory } from "./testing/lost-device.ts"
import { nth } from "./testing/nth.ts"
import { envelopeOf, EQUALS, World } from "./testing/world.ts"

const YEARS_MS = 10 * 366 * 86_400_000

describe("a clock that is set back by years", () => {
  it("lets a commit that lost without a winner be made anew in time", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2)
    world.clock.nowMs += YEARS_MS
    alice.send({ kind: "update_keys" })
    alice.take(alice.member.conflict(nth(alice.outbox.splice(0)).messageId, world.clock.nowMs))
    world.clock.nowMs -= YEARS_MS
    alice.tick()
    expect(alice.wakeAtMs).toBe(world.clock.nowMs + 30_000)
    world.clock.nowMs += 30_000
    alice.tick()
    expect(alice.outbox).toHaveLength(1)
  })

  it("has what never came told and asked for in time, and keeps no text for years", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    world.clock.nowMs += YEARS_MS
    bob.text("lost")
    alice.receive(envelopeOf(bob.text("read")))
    world.clock.nowMs -= YEARS_MS
    for (const device of [alice, bob]) device.tick()
    expect(alice.wakeAtMs).toBe(world.clock.nowMs + 30_000)
    const keeps = (): boolean => bob.store.records().some(({ key }) => key.startsWith("kept/"))
    expect(keeps()).toBe(true)
    world.clock.nowMs += 3 * 86_400_000
    bob.tick()
    expect(keeps()).toBe(false)
  })

  it("lets somebody go when it is our turn, and reminds those who lost the wish", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3, { roles: EQUALS })
    world.clock.nowMs += YEARS_MS
    bob.send({ kind: "leave" })
    bob.flush(world.service)
    // Carol, whose turn is first, is away.
    alice.receiveNext(world.service)
    world.clock.nowMs -= YEARS_MS
    for (const device of [alice, bob]) device.tick()
    expect(alice.wakeAtMs).toBeLessThanOrEqual(world.clock.nowMs + 40_000)
    expect(bob.wakeAtMs).toBe(world.clock.nowMs + 24 * 3_600_000)
    expect(carol.isMember).toBe(true)
  })

  it("answers a device by its right clock that asked by one that was ahead", () => {
    const { world, alice, bob, dave, back } = withMallory()
    world.clock.nowMs += YEARS_MS
    world.service.offer(back.ask())
    for (const device of [alice, bob]) {
      device.receiveNext(world.service)
      device.outbox.length = 0
    }
    world.clock.nowMs -= YEARS_MS
    back.go()
    expect(dave.member.epoch).toBe(3n)
  })

  it("answers in its turn whoever asked when it was ahead", () => {
    const { world, alice, bob, back } = withMallory()
    world.clock.nowMs += YEARS_MS
    world.service.offer(back.ask())
    for (const device of [alice, bob]) device.receiveNext(world.service)
    world.clock.nowMs -= YEARS_MS
    // Three are in the line, and one of them at most has answered.
    const late = [alice, bob].filter(({ outbox }) => outbox.length === 0)
    expect(late.length).toBeGreaterThan(0)
    for (const device of late) {
      device.tick()
      expect(device.wakeAtMs).toBeLessThanOrEqual(world.clock.nowMs + 320_000)
    }
    world.clock.nowMs += 320_000
    for (const device of late) device.tick()
    expect(late.every(({ outbox }) => outbox.length === 1)).toBe(true)
  })
})
