import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { agree, told, World } from "./testing/world.ts"

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
