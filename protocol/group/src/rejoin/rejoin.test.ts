import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { nth } from "../testing/nth.ts"
import { SigningLog } from "../testing/signing-log.ts"
import { WayBack } from "../testing/way-back.ts"
import { agree, told, World } from "../testing/world.ts"

/** Four people; the last was away while the others changed the group. */
function lostOne() {
  const log = new SigningLog(suite0001)
  const world = new World(suite0001, 1, log)
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
  return { log, world, all, back: new WayBack(suite0001, world, all[3]) }
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

  it("is in only by its own commit, and only if the log goes on with it", () => {
    const { log, back } = lostOne()
    const outgoing = back.commit()
    const envelopeBy = (by: SigningLog): Uint8Array => nth(by.label(outgoing).deliveries).envelope
    expect(back.confirm(envelopeBy(new SigningLog(suite0001)))).toEqual({
      kind: "rejected",
      reason: "head_contradicts",
    })
    expect(back.confirm(envelopeBy(log.fork(2)))).toEqual({ kind: "rejected", reason: "head_unsigned" })
    expect(back.confirm(nth(outgoing.deliveries).envelope)).toEqual({ kind: "rejected", reason: "head_missing" })
    expect(back.confirm(nth(back.request!.deliveries).envelope)).toEqual({ kind: "overtaken" })
    expect(back.confirm(envelopeBy(log))).toMatchObject({ kind: "joined" })
    expect(back.device.member.epoch).toBe(6n)
  })

  it("asks again where another commit was first", () => {
    const { world, all, back } = lostOne()
    const [alice] = all
    const outgoing = back.commit()
    alice.send({ kind: "rename", name: "orchard" })
    alice.flush(world.service)
    expect(world.service.offer(outgoing)).toBe("epoch_conflict")
    expect(back.confirm(back.next("commit"))).toEqual({ kind: "overtaken" })
    world.clock.nowMs += 1
    back.go()
    expect(agree(all)).toBe(true)
  })

  it("is answered by nobody any more once it is in", () => {
    const { world, all, back } = lostOne()
    back.go()
    world.clock.nowMs += 120_000
    for (const device of all.slice(0, 3)) {
      device.tick()
      expect(device.outbox).toEqual([])
    }
  })
})
