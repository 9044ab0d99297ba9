import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import type { Device } from "./testing/device.ts"
import { agree, EQUALS, told, World } from "./testing/world.ts"

describe("more wishes to leave than one commit has place for", () => {
  it("are carried out by several, and stop neither texts nor changes", () => {
    const world = new World(suite0001)
    const limits = { envelopeBytes: 12_288 } // The proposals of all who leave take 13 KB.
    const [alice, bob] = world.group(2, { limits })
    const leavers = Array.from({ length: 34 }, () => world.device({ limits }))
    // A Welcome for all of them would not fit either.
    for (const some of [leavers.slice(0, 17), leavers.slice(17)]) {
      alice.send({ kind: "invite", keyPackages: some.map((leaver) => leaver.keyPackage()) })
      world.settle()
    }
    alice.events.length = 0
    for (const leaver of leavers) leaver.send({ kind: "leave" })
    for (const leaver of leavers) leaver.flush(world.service)
    while (alice.receiveNext(world.service));
    alice.text("still here")
    alice.send({ kind: "rename", name: "orchard" })
    world.settle()
    world.run(600_000)
    expect(told(alice, "members_changed").map(({ left }) => left.length)).toEqual([16, 16, 2])
    expect(told(alice, "intent_failed")).toEqual([])
    expect(bob.shown()).toEqual(["still here"])
    expect(bob.member.name).toBe("orchard")
    expect(agree([alice, bob])).toBe(true)
  })
})

describe("the turn to let somebody go", () => {
  it("is at once that of the first who stays, where those before them want to leave too", () => {
    const world = new World(suite0001)
    const members = world.group(5, { roles: EQUALS })
    const [alice, bob, carol, dave, erin] = members as readonly Device[] as [Device, Device, Device, Device, Device]
    const inMs = ({ wakeAtMs }: Device): number => wakeAtMs! - world.clock.nowMs
    for (const device of [bob, carol, dave]) device.send({ kind: "leave" })
    bob.flush(world.service)
    erin.receiveNext(world.service)
    expect(inMs(erin)).toBeGreaterThanOrEqual(20_000)
    for (const device of [carol, dave]) {
      device.flush(world.service)
      erin.receiveNext(world.service)
    }
    expect(inMs(erin)).toBe(0)
    erin.tick()
    world.settle()
    expect(told(alice, "members_changed")).toMatchObject([{ by: erin.self, left: [bob.self, carol.self, dave.self] }])
    expect(alice.member.epoch).toBe(2n)
  })

  it("is not put off by others who want to leave later", () => {
    const world = new World(suite0001)
    const members = world.group(4, { roles: EQUALS })
    const [alice, bob, , dave] = members as readonly Device[] as [Device, Device, Device, Device]
    bob.send({ kind: "leave" })
    bob.flush(world.service)
    dave.receiveNext(world.service)
    const turnAtMs = dave.wakeAtMs!
    world.clock.nowMs = turnAtMs - 1
    alice.send({ kind: "leave" })
    alice.flush(world.service)
    dave.receiveNext(world.service)
    expect(dave.wakeAtMs).toBeLessThanOrEqual(turnAtMs)
  })
})
