import { suite0001 } from "@qpc/crypto/node"
import { newMessageId } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { OUR_EXTENSIONS, TEXT_NUMBERS_EXTENSION } from "../group-profile.ts"
import { gapsOf, lose, nextEpoch, say } from "../testing/lost-texts.ts"
import { nth } from "../testing/nth.ts"
import { Outlaw } from "../testing/outlaw.ts"
import { seededRandom } from "../testing/seeded-random.ts"
import { told, World } from "../testing/world.ts"

const MINUTE_MS = 60_000
const UNCOUNTED = OUR_EXTENSIONS.filter((type) => type !== TEXT_NUMBERS_EXTENSION)

/** Alice and Bob, Mallory who may invite, and a newcomer whose program does not count. */
function withMallory() {
  const world = new World(suite0001)
  const [alice, bob] = world.group(2)
  const [mallory, old] = [77, 78].map((seed) => new Outlaw(suite0001, seed, world.clock.nowMs)) as [Outlaw, Outlaw]
  alice.send({ kind: "invite", keyPackages: [mallory.keyPackage()] })
  world.settle()
  mallory.join(nth(world.service.inbox(mallory.inboxKey)))
  for (const device of [alice, bob]) device.events.length = 0
  /** The delivery service takes a commit of Mallory's like any other, and all follow it. */
  const offer = (envelope: Uint8Array): void => {
    const recipients = [alice.inboxKey, bob.inboxKey]
    const claim = {
      epoch: alice.member.epoch,
      membersAfter: [...recipients, mallory.inboxKey, old.inboxKey],
      authenticatorHash: new Uint8Array(32),
    }
    const messageId = newMessageId(world.clock.nowMs, seededRandom(5))
    world.service.offer({ messageId, groupId: alice.member.groupId, deliveries: [{ recipients, envelope }], claim })
    world.settle()
  }
  return { offer, world, alice, bob, mallory, uncounted: old.keyPackage(old.self, UNCOUNTED), old }
}

describe("a commit that ends the counting of texts", () => {
  it("is told to everybody, with its author, and not again while nothing is counted", () => {
    const { world, alice, bob, mallory, uncounted, offer } = withMallory()
    offer(mallory.commit({ adds: [uncounted] }))
    for (const device of [alice, bob]) {
      expect(told(device, "counting_stopped")).toEqual([{ kind: "counting_stopped", epoch: 3n, by: mallory.self }])
    }
    const another = new Outlaw(suite0001, 79, world.clock.nowMs)
    alice.send({ kind: "invite", keyPackages: [another.keyPackage(another.self, UNCOUNTED)] })
    world.settle()
    expect([alice.member.epoch, bob.member.epoch]).toEqual([4n, 4n])
    expect([alice, bob].map((device) => told(device, "counting_stopped").length)).toEqual([1, 1])
  })

  it("is told to its author, too, and anew once all have counted again", () => {
    const { world, alice, bob, uncounted, old } = withMallory()
    const stop = () => {
      alice.send({ kind: "invite", keyPackages: [uncounted] })
      world.settle()
    }
    stop()
    alice.send({ kind: "remove", members: [old.self] })
    world.settle()
    expect(told(alice, "counting_stopped")).toMatchObject([{ by: alice.self, epoch: 3n }])
    stop()
    expect(told(bob, "counting_stopped")).toMatchObject([{ epoch: 3n }, { epoch: 5n }])
  })

  it("is none where all go on counting: what is left out then is noticed", () => {
    const { world, alice, bob, mallory, old, offer } = withMallory()
    offer(mallory.commit({ adds: [old.keyPackage()] }))
    nextEpoch(world, bob)
    say(world, bob, "one")
    lose(world, alice)
    say(world, bob, "two")
    world.settle()
    world.run(MINUTE_MS)
    expect(told(alice, "counting_stopped")).toEqual([])
    expect(gapsOf(alice)).toEqual(["found 1 @4", "delivered 1"])
  })
})
