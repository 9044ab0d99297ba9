import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import type { Device } from "./testing/device.ts"
import { nth } from "./testing/nth.ts"
import { agree, envelopeOf, told, World } from "./testing/world.ts"

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** Long enough for everybody's turn, too short for the first key update in a group of this size. */
const NO_UPDATES = { updateKeysAfterMs: 0 }

/** A group grown by one commit, of whose members only those at some leaves are there; the others never come. */
function coldGroup(world: World, memberCount: number, isThere: (leaf: number) => boolean, limits: object = NO_UPDATES) {
  const all = Array.from({ length: memberCount }, () => world.device({ limits }))
  const present = all.filter((_, leaf) => leaf === 0 || isThere(leaf))
  world.devices.splice(0, world.devices.length, ...present)
  nth(all).create("garden")
  nth(all).send({ kind: "invite", keyPackages: all.slice(1).map((other) => other.keyPackage()) })
  world.settle()
  return present
}

const commitsOf = (device: Device): bigint => device.member.epoch - 1n

describe("a group grown by one commit", () => {
  it("is warmed by one member of eight, one after the other, and then stays as it is", { timeout: 60_000 }, () => {
    const world = new World(suite0001)
    const present = coldGroup(world, 256, (leaf) => leaf % 8 === 0 || leaf === 255)
    const last = nth(present, present.length - 1)
    // The path of the last member seals to each of the 128 members in the other half, and to 127 beside it.
    expect(envelopeOf(last.send({ kind: "update_keys" })).length).toBeGreaterThan(128 * 80)
    last.outbox.length = 0
    world.run(MINUTE_MS)
    expect(commitsOf(nth(present))).toBeLessThanOrEqual(3n)
    world.run(59 * MINUTE_MS)
    const commits = commitsOf(nth(present))
    expect(commits).toBeGreaterThan(10n)
    expect(commits).toBeLessThan(32n)
    expect(agree(present)).toBe(true)
    expect(world.service.offered.commits).toBeLessThan(2 * 32)
    world.run(10 * DAY_MS)
    expect(commitsOf(nth(present))).toBe(commits)
    for (const device of present) {
      const { length } = envelopeOf(device.send({ kind: "update_keys" }))
      expect(length).toBeLessThan(2 * 8 * 80 + 2048)
    }
  })

  it("is warmed by others where the first in line are away", { timeout: 60_000 }, () => {
    const world = new World(suite0001)
    const present = coldGroup(world, 64, (leaf) => leaf % 8 === 5)
    world.run(3 * 60 * MINUTE_MS)
    expect(commitsOf(nth(present))).toBeGreaterThan(2n)
    expect(commitsOf(nth(present))).toBeLessThanOrEqual(8n)
    expect(agree(present)).toBe(true)
  })

  it("is warmed across restarts", () => {
    const world = new World(suite0001)
    const present = coldGroup(world, 64, (leaf) => leaf % 8 === 0)
    for (let minute = 0; minute < 60; minute++) {
      world.run(MINUTE_MS)
      for (const device of present) device.restart()
    }
    expect(commitsOf(nth(present))).toBeGreaterThan(2n)
    expect(commitsOf(nth(present))).toBeLessThan(8n)
    expect(agree(present)).toBe(true)
  })

  it.each([
    ["it is small", 31, NO_UPDATES],
    ["that is turned off", 64, { ...NO_UPDATES, warmEveryMs: 0 }],
    ["only larger ones are to be", 64, { ...NO_UPDATES, warmFromMembers: 65 }],
  ])("is left cold where %s", (_, memberCount, limits) => {
    const world = new World(suite0001)
    const present = coldGroup(world, memberCount, (leaf) => leaf % 8 === 0, limits)
    world.run(10 * DAY_MS)
    expect(commitsOf(nth(present))).toBe(0n)
  })

  it("tells nobody of commits that nobody asked for", () => {
    const world = new World(suite0001)
    const present = coldGroup(world, 64, (leaf) => leaf % 8 === 0)
    for (const device of present) device.events.length = 0
    world.run(60 * MINUTE_MS)
    const kinds = new Set(present.flatMap(({ events }) => events.map(({ kind }) => kind)))
    expect([...kinds]).toEqual(["epoch_changed"])
  })

  it("lets what people want go first", () => {
    const world = new World(suite0001)
    const present = coldGroup(world, 64, (leaf) => leaf % 8 === 0)
    const eager = nth(present, 3)
    const newcomer = world.device()
    eager.send({ kind: "invite", keyPackages: [newcomer.keyPackage()] })
    world.clock.nowMs += 10 * MINUTE_MS
    expect(eager.tick().outgoing).toEqual([])
    world.settle()
    expect(told(eager, "intent_done")).toHaveLength(1)
    expect(newcomer.isMember).toBe(true)
  })
})

describe("the keys of a member", () => {
  it("are renewed soon after joining, and then every month", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    world.run(14 * MINUTE_MS)
    expect(alice.member.epoch).toBe(1n)
    world.run(17 * MINUTE_MS)
    expect(alice.member.epoch).toBe(2n)
    world.run(26 * DAY_MS)
    expect(alice.member.epoch).toBe(2n)
    world.run(5 * DAY_MS)
    expect(alice.member.epoch).toBe(4n)
    expect(agree([alice, bob])).toBe(true)
  })

  it("are renewed a month after the last commit, whatever that was for", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2, { limits: { updateSpacingMs: 60 * DAY_MS } })
    world.run(20 * DAY_MS)
    alice.send({ kind: "update_keys" })
    world.settle()
    world.run(6 * DAY_MS)
    expect(alice.member.epoch).toBe(2n)
    world.run(4 * DAY_MS)
    expect(alice.member.epoch).toBe(3n)
    world.run(16 * DAY_MS)
    expect(alice.member.epoch).toBe(3n)
  })

  it("are renewed at once by whoever slept over it, and after a clock was wrong by years", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    world.clock.nowMs += 400 * DAY_MS
    alice.restart()
    alice.tick()
    world.settle()
    expect(alice.member.epoch).toBe(2n)
    world.clock.nowMs -= 4000 * DAY_MS
    for (const device of [alice, bob]) device.tick()
    world.run(31 * DAY_MS)
    expect(alice.member.epoch).toBeGreaterThan(3n)
  })

  it("are not renewed where there is nobody else, or that is turned off", () => {
    const world = new World(suite0001)
    const [alone] = world.group(1)
    const [alice, bob] = world.group(2, { limits: NO_UPDATES })
    world.run(100 * DAY_MS)
    expect([alone, alice, bob].map(({ member }) => member.epoch)).toEqual([0n, 1n, 1n])
  })

  it("are renewed in turn, spread over time, by those who joined together", { timeout: 60_000 }, () => {
    const world = new World(suite0001)
    const present = world.group(12)
    world.run(15 * MINUTE_MS)
    expect(commitsOf(nth(present))).toBe(0n)
    world.run(90 * MINUTE_MS)
    expect(commitsOf(nth(present))).toBeLessThan(10n)
    world.run(110 * MINUTE_MS)
    expect(commitsOf(nth(present))).toBe(11n)
    expect(world.service.offered.commits).toBeLessThan(20)
  })

  it("are renewed later where another commit is first", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    world.clock.nowMs += 40 * DAY_MS
    expect(alice.tick().outgoing).toHaveLength(1)
    expect(bob.tick().outgoing).toHaveLength(1)
    world.settle()
    expect(alice.member.epoch).toBe(2n)
    expect(alice.member.openIntentCount + bob.member.openIntentCount).toBe(0)
    world.run(31 * MINUTE_MS)
    expect(alice.member.epoch).toBe(3n)
    expect(agree([alice, bob])).toBe(true)
  })
})
