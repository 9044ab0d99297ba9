import { RecordReader, toDeviceKey } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { KeptTexts } from "./kept-texts.ts"
import type { KeptText } from "./kept-texts.ts"

const limits = { keptTexts: 128, keptTextBytes: 10_000, keptTextMs: 5000 }
const [mallory, bob] = [toDeviceKey(new Uint8Array(32).fill(1)), toDeviceKey(new Uint8Array(32).fill(2))]
const all = { from: 1, to: 1000 }

function textOf(device: KeptText["device"], number: number, sizeBytes = 10): KeptText {
  const times = { sinceMs: 1000, untilMs: 4000 }
  return { device, since: 0n, number, epoch: 0n, ...times, envelope: new Uint8Array(sizeBytes) }
}

const numbersOf = (kept: KeptTexts, device: KeptText["device"]): number[] =>
  kept.find(device, 0n, all).map(({ number }) => number)

describe("texts that are kept", () => {
  it("of one device are not pushed out by another's many", () => {
    const kept = new KeptTexts()
    kept.add(textOf(bob, 1), limits)
    for (let number = 1; number <= 200; number++) kept.add(textOf(mallory, number), limits)
    expect(numbersOf(kept, bob)).toEqual([1])
    expect(numbersOf(kept, mallory)).toEqual(Array.from({ length: 127 }, (_, at) => at + 74))
  })

  it("of one device are not pushed out by another's large ones", () => {
    const kept = new KeptTexts()
    for (const number of [1, 2, 3]) kept.add(textOf(bob, number), limits)
    for (const number of [1, 2]) kept.add(textOf(mallory, number, 9000), limits)
    expect(numbersOf(kept, bob)).toEqual([1, 2, 3])
    expect(numbersOf(kept, mallory)).toEqual([2])
  })

  it("are kept as long as they were to be when the clock is set back, and no longer", () => {
    const kept = new KeptTexts()
    kept.add(textOf(bob, 1), limits)
    kept.forget(0n, 0, limits)
    expect(numbersOf(kept, bob)).toEqual([1])
    expect(kept.expiresAtMs).toBe(3000)
    const again = KeptTexts.fromRecords(new RecordReader([...kept.records()]))
    expect(again.expiresAtMs).toBe(3000)
    again.forget(0n, 3000, limits)
    expect(numbersOf(again, bob)).toEqual([])
  })

  it("are kept no longer than a limit that is lower now", () => {
    const kept = new KeptTexts()
    kept.add(textOf(bob, 1), limits)
    kept.forget(0n, 1500, { keptTextMs: 500 })
    expect(kept.expiresAtMs).toBe(2000)
  })
})
