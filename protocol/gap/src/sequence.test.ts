import { describe, expect, it } from "vitest"
import { extendSequence } from "./sequence.ts"

describe("a sequence number of 16 bits", () => {
  it.each([
    [5, 3, 5],
    [3, 5, 3],
    [0, 65_535, 65_536],
    [65_535, 65_536, 65_535],
    [65_535, 0, -1],
    [0, -1, 0],
    [32_767, 0, 32_767],
    [32_768, 0, -32_768],
    [10, 1_000_000, 983_050],
  ])("%i near %i is %i", (sequence, reference, extended) => {
    expect(extendSequence(sequence, reference)).toBe(extended)
  })
})
