import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { SigningLog } from "../testing/signing-log.ts"
import { WayBack } from "../testing/way-back.ts"
import { agree, told, World } from "../testing/world.ts"

/** Four people; the last was away while the others changed the group. */
function lostOne() {
  const world = new World(suite0001, 1, new SigningLog(suite0001))
  const [alice, bob, carol] = world.group(3)
  const dave = world.device()
  alice.send({ kind: "invite", keyPackages: [dave.keyPackage()] })
  world.settle()
  const all = [alice, bob, carol, dave] as const
  for (let times = 0; times < 3; times++) {
    all[0].send({ kind: "rename", name: `garden ${times}` })
    for (let round = 0; round < 3; round++) {
      for (const device of all.slice(0, 3)) {
        device.flush(world.service)
        while (device.receiveNext(world.service));
      }
    }
  }
  world.service.inbox(all[3].inboxKey).length = 0
  for (const device of all) device.events.length = 0
  return { world, all, back: new WayBack(suite0001, world, all[3]) }
}

describe("a device that lost its group", () => {
  it("comes back by itself into the same place, and reads and writes", () => {
    const { world, all, back } = lostOne()
    const [alice, bob, carol, dave] = all
    back.go()
    expect(agree(all)).toBe(true)
    for (const other of [alice, bob, carol]) {
      expect(told(other, "member_rejoined")).toEqual([
        { kind: "member_rejoined", epoch: 6n, by: dave.self, device: dave.inboxKey },
      ])
      expect(told(other, "members_changed")).toEqual([])
      expect(told(other, "dropped")).toEqual([])
    }
    expect(told(dave, "rejoined")).toMatchObject([{ epoch: 6n, added: [], removed: [] }])
    dave.text("back")
    alice.text("welcome")
    world.settle()
    expect(bob.shown().toSorted()).toEqual(["back", "welcome"])
    expect(dave.shown()).toEqual(["welcome"])
    carol.send({ kind: "rename", name: "orchard" })
    world.settle()
    expect(agree(all)).toBe(true)
    for (const device of all) device.restart()
  })
})
