import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import type { GroupLimits } from "../limits.ts"
import { gapsOf, lose, nextEpoch, say } from "../testing/lost-texts.ts"
import { nth } from "../testing/nth.ts"
import { OUR_EXTENSIONS, TEXT_NUMBERS_EXTENSION } from "../group-profile.ts"
import { Outlaw } from "../testing/outlaw.ts"
import { envelopeOf, told, World } from "../testing/world.ts"

const MINUTE_MS = 60_000

describe("texts that never came", () => {
  it("are told and fetched from their author, who need not be believed", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3)
    say(world, bob, "one")
    world.settle()
    say(world, bob, "two", "three")
    lose(world, alice)
    say(world, bob, "four")
    world.settle()
    expect(alice.shown()).toEqual(["one", "four"])
    expect(gapsOf(alice)).toEqual([])
    world.run(MINUTE_MS)
    expect(gapsOf(alice)).toEqual(["found 2-3 @1", "delivered 2", "delivered 3"])
    expect(told(alice, "text").map(({ text, isLate, epoch }) => [text, isLate, epoch])).toEqual([
      ["one", undefined, 1n],
      ["four", undefined, 1n],
      ["two", true, 1n],
      ["three", true, 1n],
    ])
    expect(carol.shown()).toEqual(["one", "two", "three", "four"])
    expect(gapsOf(carol)).toEqual([])
  })

  it("are no gap when they only come in another order, and none once they came in time", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    say(world, bob, "one", "two", "three")
    world.service.inbox(alice.inboxKey).reverse()
    world.settle()
    world.run(MINUTE_MS)
    expect(alice.shown()).toEqual(["three", "two", "one"])
    expect(gapsOf(alice)).toEqual([])
  })

  it("at the end of an epoch show with their author's next one, and are read with the keys of their own", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3)
    say(world, bob, "one")
    world.settle()
    say(world, bob, "tail", "end")
    lose(world, alice)
    nextEpoch(world, carol)
    say(world, bob, "later")
    world.settle()
    world.run(MINUTE_MS)
    expect(gapsOf(alice)).toEqual(["found 2-3 @1", "delivered 2", "delivered 3"])
    expect(told(alice, "text").map(({ text, epoch }) => [text, epoch])).toEqual([
      ["one", 1n],
      ["later", 2n],
      ["tail", 1n],
      ["end", 1n],
    ])
  })

  it("over several epochs are each told with its own", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3, { limits: { gapAsks: 0 } })
    for (const text of ["one", "two"]) {
      say(world, bob, text)
      lose(world, alice)
      nextEpoch(world, carol)
    }
    say(world, bob, "three")
    world.settle()
    world.run(MINUTE_MS)
    expect(gapsOf(alice)).toEqual(["found 1 @1", "found 2 @2", "nobody_has_it 1", "nobody_has_it 2"])
  })

  it("are had from others where nothing that their author sends comes through", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3)
    say(world, bob, "one")
    lose(world, alice)
    say(world, bob, "two")
    world.settle()
    bob.flush = () => void bob.outbox.splice(0)
    world.run(5 * MINUTE_MS)
    expect(gapsOf(alice)).toEqual(["found 1 @1", "delivered 1"])
    expect(carol.events.filter(({ kind }) => kind === "dropped")).toEqual([])
  })

  it("are fetched in bounded portions, one member being asked at a time", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const texts = Array.from({ length: 70 }, (_, at) => `text ${at}`)
    say(world, bob, ...texts)
    lose(world, alice)
    say(world, bob, "last")
    world.settle()
    world.run(5 * MINUTE_MS)
    expect(alice.shown()).toEqual(["last", ...texts])
  })

  it("in a long gap are lost only where nobody has them: what is behind is asked for, too", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { limits: { keptTexts: 32 } })
    const texts = Array.from({ length: 70 }, (_, at) => `text ${at + 1}`)
    say(world, bob, ...texts)
    lose(world, alice)
    say(world, bob, "last")
    world.settle()
    world.run(10 * MINUTE_MS)
    expect(alice.shown()).toEqual(["last", ...texts.slice(39)])
    expect(gapsOf(alice).filter((one) => !one.startsWith("delivered"))).toEqual([
      "found 1-70 @1",
      "nobody_has_it 1-32",
      "nobody_has_it 33-39",
    ])
  })

  it("further behind than keys are kept are lost, and only those", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const texts = Array.from({ length: 149 }, (_, at) => `text ${at + 1}`)
    say(world, bob, ...texts)
    lose(world, alice)
    say(world, bob, "last")
    world.settle()
    world.run(10 * MINUTE_MS)
    // The newest hundred, less one for each of Bob's two answers before.
    expect(alice.shown()).toEqual(["last", ...texts.slice(51)])
  })

  it("are asked for no further back than the limit says, where nobody has the first ones", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { limits: { keptTexts: 0, reachableTexts: 5 } })
    say(world, bob, ...Array.from({ length: 40 }, (_, at) => `text ${at + 1}`))
    lose(world, alice)
    say(world, bob, "last")
    world.settle()
    world.run(10 * MINUTE_MS)
    expect(gapsOf(alice)).toEqual(["found 1-40 @1", "nobody_has_it 1-35", "nobody_has_it 36-40"])
  })

  it("are asked for in the newest part only of a gap that has no end", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { limits: { keptTexts: 0 } })
    const texts = Array.from({ length: 300 }, (_, at) => `text ${at + 1}`)
    say(world, bob, ...texts)
    lose(world, alice)
    say(world, bob, "last")
    world.settle()
    world.run(10 * MINUTE_MS)
    expect(gapsOf(alice)).toEqual([
      "found 1-300 @1",
      "nobody_has_it 1-172",
      "nobody_has_it 173-204",
      "nobody_has_it 205-236",
      "nobody_has_it 237-268",
      "nobody_has_it 269-300",
    ])
  })

  it("are lost where nobody has them any more, and that is told", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(3, { limits: { keptTexts: 1 } })
    say(world, bob, "one")
    lose(world, alice)
    say(world, bob, "two")
    world.settle()
    world.run(5 * MINUTE_MS)
    expect(gapsOf(alice)).toEqual(["found 1 @1", "nobody_has_it 1"])
  })

  it("are lost once the keys of their epoch are gone, and nobody is asked then", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3)
    say(world, bob, "one")
    lose(world, alice)
    for (let epochs = 0; epochs < 4; epochs++) nextEpoch(world, carol)
    say(world, bob, "two")
    world.settle()
    world.run(MINUTE_MS)
    expect(told(alice, "gap_found")).toMatchObject([{ from: 1, to: 1, firstEpoch: 1n, isAsked: false }])
    expect(told(alice, "gap_closed")).toMatchObject([{ outcome: "keys_gone" }])
  })

  it("are not kept longer than the group's timer lets them be read", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3)
    bob.send({ kind: "set_timer", disappearAfterSeconds: 60 })
    alice.send({ kind: "set_timer", disappearAfterSeconds: 60 })
    world.settle()
    say(world, bob, "secret")
    lose(world, alice)
    world.settle()
    world.run(2 * MINUTE_MS)
    say(world, bob, "later")
    world.settle()
    world.run(5 * MINUTE_MS)
    expect(gapsOf(alice)).toEqual(["found 1 @2", "nobody_has_it 1"])
    expect(carol.shown()).toEqual(["secret", "later"])
  })

  it("end with our membership, and that is told", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3)
    say(world, bob, "one")
    lose(world, carol)
    say(world, bob, "two")
    world.settle()
    alice.send({ kind: "remove", members: [carol.self] })
    world.settle()
    expect(gapsOf(carol)).toEqual(["found 1 @1", "not_a_member 1"])
  })

  it("are not missed by somebody who was not there yet, but from the first epoch on that they are in", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    say(world, bob, "before", "they came")
    world.settle()
    const dave = world.device()
    alice.send({ kind: "invite", keyPackages: [dave.keyPackage()] })
    world.settle()
    say(world, bob, "lost")
    lose(world, dave)
    nextEpoch(world, alice)
    say(world, bob, "hello")
    world.settle()
    world.run(MINUTE_MS)
    expect(gapsOf(dave)).toEqual(["found 3 @2", "delivered 3"])
    expect(dave.shown()).toEqual(["hello", "lost"])
  })

  it("are counted for each device by itself", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const second = world.secondDevice(bob)
    bob.send({ kind: "add_devices", keyPackages: [second.keyPackage()] })
    world.settle()
    say(world, bob, "first device")
    say(world, second, "second device")
    lose(world, alice)
    say(world, second, "again")
    world.settle()
    world.run(MINUTE_MS)
    expect(told(alice, "gap_found")).toMatchObject([{ sender: bob.self, device: second.inboxKey, from: 1, to: 1 }])
    expect(alice.shown()).toEqual(["again", "second device"])
  })
})

/** Mallory's texts do not come, as often as `gaps` says, and she takes nothing that she is asked. Then Bob's "lost" does not come. */
function flooded(gaps: number, limits: GroupLimits) {
  const world = new World(suite0001)
  const [alice, mallory, bob] = world.group(3, { limits })
  for (let at = 0; at <= gaps; at++) {
    const [device, text] = at < gaps ? [mallory, "lie"] : [bob, "lost"]
    say(world, device, text)
    lose(world, alice)
    say(world, device, "read")
    world.settle()
  }
  mallory.receiveNext = () => false
  return { world, alice, bob }
}

describe("somebody with many gaps", () => {
  it("keeps nobody waiting for the others' texts", () => {
    const { world, alice } = flooded(32, {})
    world.run(2 * MINUTE_MS)
    expect(alice.shown()).toContain("lost")
  })

  it("has nobody forget what others were asked for", () => {
    const { world, alice, bob } = flooded(17, { gapAsks: 1 })
    const receiveNext = bob.receiveNext.bind(bob)
    bob.receiveNext = () => false
    world.run(15 * MINUTE_MS)
    bob.receiveNext = receiveNext
    world.settle()
    expect(alice.shown()).toContain("lost")
  })
})

describe("a member with gaps", () => {
  it("goes on with them after a restart at each step", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3)
    const restart = (): void => {
      for (const device of [alice, bob, carol]) device.restart()
    }
    say(world, bob, "one", "two")
    lose(world, alice)
    restart()
    say(world, bob, "three")
    restart()
    for (let steps = 0; steps < 40; steps++) {
      for (const device of world.devices) {
        if ((device.wakeAtMs ?? Number.POSITIVE_INFINITY) <= world.clock.nowMs) device.tick()
        restart()
        device.flush(world.service)
        device.receiveNext(world.service)
        restart()
      }
      world.clock.nowMs += 2000
    }
    expect(alice.shown()).toEqual(["three", "one", "two"])
    expect(gapsOf(alice)).toEqual(["found 1-2 @1", "delivered 1", "delivered 2"])
  })

  it("writes no more for a message in a thousand than for one in ten", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { limits: { keptTexts: 4 } })
    const bytesOf = (): number => {
      alice.receive(envelopeOf(bob.text("hello")))
      return alice.store.last.putBytes
    }
    for (let texts = 0; texts < 10; texts++) bytesOf()
    const early = bytesOf()
    for (let texts = 0; texts < 300; texts++) alice.receive(envelopeOf(bob.text("hello")))
    expect(bytesOf()).toBeLessThanOrEqual(early + 8)
  })
})

describe("a group with somebody whose program does not count", () => {
  it("has texts without numbers, which everybody can read", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const old = new Outlaw(suite0001, 77, world.clock.nowMs)
    const knows = OUR_EXTENSIONS.filter((type) => type !== TEXT_NUMBERS_EXTENSION)
    alice.send({ kind: "invite", keyPackages: [old.keyPackage(old.self, knows)] })
    world.settle()
    old.join(nth(world.service.inbox(old.inboxKey)))
    say(world, bob, "one")
    lose(world, alice)
    say(world, bob, "two")
    world.settle()
    world.run(MINUTE_MS)
    expect(gapsOf(alice)).toEqual([])
    expect(alice.shown()).toEqual(["two"])
  })
})
