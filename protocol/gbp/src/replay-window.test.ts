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

/** What came before, what comes now, and whether it is taken. */
const EDGES: readonly (readonly [string, readonly number[], number, boolean])[] = [
  ["the first number, of a new window", [], 1, true],
  ["number 0, of a new window", [], 0, false],
  ["a number below 0", [], -1, false],
  ["number 0, of a window that moved", [7], 0, false],
  ["the newest again", [7], 7, false],
  ["the next", [7], 8, true],
  ["the one before, if it did not come", [7], 6, true],
  ["the one before, if it came", [6, 7], 6, false],
  ["the oldest, if it did not come", [2000], 977, true],
  ["the oldest, if it came", [977, 2000], 977, false],
  ["the one behind the oldest, if it did not come", [2000], 976, false],
  ["the one behind the oldest, if it came", [976, 2000], 976, false],
  ["number 1 where it is the oldest", [1024], 1, true],
  ["number 1 where it is behind the oldest", [1025], 1, false],
  ["number 2 where it is the oldest", [1025], 2, true],
  ["a seen number after the longest jump that keeps it", [5, 1028], 5, false],
  ["the number that takes a seen one's place", [5], 1029, true],
  ["the number that took a seen one's place, again", [5, 1029], 1029, false],
  ["one next to that place, which nobody had", [5, 1029], 6, true],
  ["a number one window before the newest", [2048], 1024, false],
  ["one of a window that was jumped over", [1, 5000], 3000, false],
  ["the last of a word", [64], 31, true],
  ["the first of the next word", [64], 32, true],
  ["a seen number beside the edge of a word", [32, 64], 32, false],
  ["the last place of the window, where the first is newest", [1024], 1023, true],
  ["the first place of the window, where the last is newest", [1023], 1024, true],
  ["the largest number", [1], 0xffff_ffff, true],
  ["the largest number again", [0xffff_ffff], 0xffff_ffff, false],
  ["the oldest below the largest", [0xffff_ffff], 0xffff_fc00, true],
  ["the one behind the oldest below the largest", [0xffff_ffff], 0xffff_fbff, false],
]

describe("the edges of a replay window", () => {
  it.each(EDGES)("%s", (_, before, sequence, isTaken) => {
    expect(windowOf(...before).accept(sequence)).toBe(isTaken)
  })

  it.each(EDGES)("%s, after a restart", (_, before, sequence, isTaken) => {
    expect(restored(stored(windowOf(...before))).accept(sequence)).toBe(isTaken)
  })

  it.each(EDGES.filter(([, , , isTaken]) => isTaken))("%s, and then no more", (_, before, sequence) => {
    expect(windowOf(...before, sequence).accept(sequence)).toBe(false)
  })
})
