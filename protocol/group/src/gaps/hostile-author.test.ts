import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import type { GroupLimits } from "../limits.ts"
import { lose, nextEpoch, say } from "../testing/lost-texts.ts"
import { World } from "../testing/world.ts"

const HOUR_MS = 3_600_000
const WITHHELD = 70
/** Of two such texts only one finds room in an answer of Mallory's. */
const LONG = "x".repeat(10_000)

const QUIET: GroupLimits = { updateKeysAfterMs: 0 }
const WITHOUT_END: GroupLimits = {
  ...QUIET,
  envelopeBytes: 64 * 1024,
  keptTextBytes: 1 << 22,
  redeliveredTexts: 10_000,
  redeliveredBytes: 1 << 30,
  controlsPerEpoch: 10_000,
}

/**
 * Bob has gone after a text that Carol got and Alice did not. Mallory kept many texts from Alice before her last one, and answers each
 * time that she is asked for them, with one.
 */
function scene() {
  const world = new World(suite0001)
  const [alice, bob, carol] = world.group(3, { limits: QUIET })
  const mallory = world.device({ limits: WITHOUT_END })
  alice.send({ kind: "invite", keyPackages: [mallory.keyPackage()] })
  world.settle()
  say(world, bob, "lost")
  lose(world, alice)
  say(world, bob, "read")
  world.settle()
  say(world, mallory, ...Array.from({ length: WITHHELD }, (_, at) => `${at} ${LONG}`))
  lose(world, alice)
  say(world, mallory, "last")
  world.settle()
  world.devices.splice(world.devices.indexOf(bob), 1)
  const epoch = alice.member.epoch
  const longTexts = (): number => alice.shown().filter((text) => text.endsWith(LONG)).length
  return { world, alice, carol, mallory, epoch, longTexts }
}

describe("a member who withholds texts and hands them out one by one", () => {
  it("does not keep the texts of others from being asked for, in the same epoch", () => {
    const { world, alice, epoch, longTexts } = scene()
    world.run(HOUR_MS)
    expect(alice.member.epoch).toBe(epoch)
    expect(alice.shown()).toContain("lost")
    expect(longTexts()).toBe(8)
  })

  it("does not keep whoever asks from answering others", () => {
    const { world, alice, carol, mallory } = scene()
    world.run(HOUR_MS)
    world.devices.splice(world.devices.indexOf(mallory), 1)
    say(world, alice, "not for Carol")
    lose(world, carol)
    say(world, alice, "for Carol")
    world.settle()
    world.run(HOUR_MS)
    expect(carol.shown()).toContain("not for Carol")
  })

  it("is asked for more of them in the next epoch, and by whoever started anew", () => {
    const { world, alice, longTexts } = scene()
    world.run(HOUR_MS)
    nextEpoch(world, alice)
    world.run(HOUR_MS)
    expect(longTexts()).toBe(16)
    alice.restart()
    alice.tick()
    world.settle()
    expect(longTexts()).toBe(24)
  })
})
