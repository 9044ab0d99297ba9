import { suite0001 } from "@qpc/crypto/node"
import { toHex } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Device } from "../testing/device.ts"
import { told, World } from "../testing/world.ts"

/** One thing that happens; the numbers choose who. */
type Happening =
  | { readonly kind: "say" | "commit" | "lose" | "swap"; readonly who: number }
  | { readonly kind: "restart"; readonly who: number }

const happenings: fc.Arbitrary<Happening[]> = fc.array(
  fc.record({
    kind: fc.constantFrom("say", "say", "say", "lose", "swap", "commit", "restart"),
    who: fc.nat({ max: 2 }),
  }),
  { minLength: 5, maxLength: 30 },
)

/** What a device lacks of another's texts, up to the last one that it has: the model, which knows all. */
function lacking(device: Device, sender: Device, sealed: readonly string[]): number[] {
  const has = new Set(
    told(device, "text")
      .filter(isOf(sender))
      .map(({ text }) => text),
  )
  const last = sealed.findLastIndex((text) => has.has(text))
  return sealed.flatMap((text, at) => (at < last && !has.has(text) ? [at + 1] : []))
}

/** What it was told to lack and not told to have since. */
function toldToLack(device: Device, sender: Device): number[] {
  const found = told(device, "gap_found").filter(isOf(sender)).flatMap(numbersOf)
  const delivered = told(device, "gap_closed").filter(isOf(sender))
  const closed = new Set(delivered.filter(({ outcome }) => outcome === "delivered").flatMap(numbersOf))
  return found.filter((number) => !closed.has(number)).toSorted((a, b) => a - b)
}

const isOf =
  ({ inboxKey }: Device) =>
  ({ device }: { readonly device: Uint8Array }): boolean =>
    toHex(device) === toHex(inboxKey)

function numbersOf({ from, to }: { readonly from: number; readonly to: number }): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at)
}

/** Lets all of it happen. @returns the texts of each, in the order in which they were sealed */
function play(world: World, devices: readonly Device[], happened: readonly Happening[]): string[][] {
  const sealed: string[][] = devices.map(() => [])
  for (const [at, { kind, who }] of happened.entries()) {
    const device = devices[who]!
    const inbox = world.service.inbox(device.inboxKey)
    if (kind === "restart") device.restart()
    // Commits are followed in order, and never lost: they have a log of their own.
    if (kind === "commit") {
      world.settle()
      device.send({ kind: "update_keys" })
      world.settle()
    }
    if (kind === "say") {
      device.text(`text ${at}`)
      device.flush(world.service)
      sealed[who]!.push(`text ${at}`)
    }
    if (kind === "lose") inbox.shift()
    if (kind === "swap") inbox.push(...inbox.splice(0, 1))
  }
  world.settle()
  return sealed
}

function expectToldAsMissing(devices: readonly Device[], sealed: readonly string[][]): void {
  for (const device of devices) {
    for (const [at, sender] of devices.entries()) {
      if (sender !== device) expect(toldToLack(device, sender)).toEqual(lacking(device, sender, sealed[at]!))
    }
  }
}

describe("over any losses and any order", () => {
  it("the gaps that are told are the texts that are missing, and no others", () => {
    fc.assert(
      fc.property(happenings, (happened) => {
        const world = new World(suite0001)
        const devices = world.group(3, { limits: { gapAsks: 0 } })
        const sealed = play(world, devices, happened)
        world.run(60_000)
        expectToldAsMissing(devices, sealed)
      }),
      { numRuns: 40 },
    )
  })

  it("what others still have is had in the end, and the rest is told", () => {
    fc.assert(
      fc.property(happenings, (happened) => {
        const world = new World(suite0001)
        const devices = world.group(3)
        const sealed = play(world, devices, happened)
        world.run(30 * 60_000)
        expectToldAsMissing(devices, sealed)
        for (const device of devices) {
          const lost = told(device, "gap_closed").filter(({ outcome }) => outcome !== "delivered")
          expect(lost.every(({ outcome }) => outcome === "keys_gone")).toBe(true)
        }
      }),
      { numRuns: 20 },
    )
  })
})
