import { describe, expect, it } from "vitest"
import { nodeRandom } from "./node-random.ts"

describe("randomness on Node", () => {
  it.each([0, 1, 16, 17, 32, 100_000])("gives %i bytes of plain memory of their own", (lengthBytes) => {
    const bytes = nodeRandom(lengthBytes)
    expect(bytes.constructor).toBe(Uint8Array)
    expect([bytes.byteLength, bytes.buffer.byteLength]).toEqual([lengthBytes, lengthBytes])
  })

  it("never gives the same 16 bytes twice", () => {
    const seen = new Set(Array.from({ length: 1000 }, () => nodeRandom(16).toString()))
    expect(seen.size).toBe(1000)
  })

  it.each([1, 3, 4, 7, 10, 16])("fills %i bytes at every position alike, however often it is asked", (lengthBytes) => {
    const draws = 4000
    const zeros = Array.from({ length: lengthBytes }, () => 0)
    for (let draw = 0; draw < draws; draw++) {
      const bytes = nodeRandom(lengthBytes)
      expect(bytes.length).toBe(lengthBytes)
      for (const [at, byte] of bytes.entries()) zeros[at] = (zeros[at] ?? 0) + (byte === 0 ? 1 : 0)
    }
    // 15.6 expected; 60 or more has a probability below 10^-15.
    expect(Math.max(...zeros)).toBeLessThan(60)
  })

  it("never gives the same bytes twice in draws of mixed length", () => {
    const seen = new Set<string>()
    for (let draw = 0; draw < 3000; draw++)
      seen.add(
        nodeRandom(8 + (draw % 12))
          .subarray(0, 8)
          .toString(),
      )
    expect(seen.size).toBe(3000)
  })

  it.each([-1, 1.5, Number.NaN])("refuses a length of %s", (lengthBytes) => {
    expect(() => nodeRandom(lengthBytes)).toThrow(RangeError)
  })
})
