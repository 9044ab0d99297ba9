import { decodeWhole, DecodeError, encode, fromHex, toHex } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ReplayWindow } from "./replay-window.ts"

const stored = (window: ReplayWindow) => encode((writer) => window.write(writer))
const restored = (bytes: Uint8Array) => decodeWhole(bytes, (reader) => ReplayWindow.read(reader))
const windowOf = (...sequences: number[]) => {
  const window = new ReplayWindow()
  for (const sequence of sequences) expect(window.accept(sequence)).toBe(true)
  return window
}

describe("replay window", () => {
  it("accepts each sequence once, from 1", () => {
    const window = windowOf(1, 2)
    expect(window.accept(1)).toBe(false)
    expect(window.accept(2)).toBe(false)
    expect(window.accept(0)).toBe(false)
  })

  it("accepts a late frame once", () => {
    const window = windowOf(1, 5, 3)
    expect(window.accept(3)).toBe(false)
  })

  it("accepts the oldest of 1024 and refuses the one before it", () => {
    const window = windowOf(1025)
    expect(window.accept(1)).toBe(false)
    expect(window.accept(2)).toBe(true)
  })

  it("survives the largest jump", () => {
    const window = windowOf(1, 0xffff_ffff)
    expect(window.accept(0xffff_ffff)).toBe(false)
    expect(window.accept(0xffff_fffe)).toBe(true)
    expect(window.accept(1)).toBe(false)
  })

  it("agrees with a set that never forgets, through restarts", () => {
    const steps = fc.array(fc.integer({ min: -1100, max: 1100 }), { minLength: 100, maxLength: 300, size: "max" })
    fc.assert(
      fc.property(steps, (deltas) => {
        let window = new ReplayWindow()
        const accepted = new Set<number>()
        let newest = 0
        for (const delta of deltas) {
          const sequence = Math.max(1, newest + delta)
          expect(window.accept(sequence)).toBe(!accepted.has(sequence) && newest - sequence < 1024)
          accepted.add(sequence)
          newest = Math.max(newest, sequence)
          window = restored(stored(window))
        }
      }),
    )
  })

  it("is stored in five bytes while there are no gaps", () => {
    expect(toHex(stored(windowOf(1, 2, 3)))).toBe("0000000300")
    expect(toHex(stored(new ReplayWindow()))).toBe("0000000000")
    expect(stored(windowOf(2)).length).toBe(133)
  })

  it.each([
    ["0000000302", "an unknown form"],
    ["00000003010000000e00".repeat(124), "bits where there are no gaps"],
    ["00000003010000000600".repeat(124), "a newest that was not accepted"],
    ["00000003010000001800".repeat(124), "a bit beyond the newest"],
    ["00000003010000000900".repeat(124), "a bit for sequence 0"],
    ["000000030100000008", "an end in the middle"],
  ])("refuses stored bytes %#: %s", (hex) => {
    expect(() => restored(fromHex(hex))).toThrow(DecodeError)
  })
})
