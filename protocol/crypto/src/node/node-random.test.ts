import { describe, expect, it } from "vitest"
import { nodeRandom } from "./node-random.ts"

describe("randomness on Node", () => {
  it.each([0, 1, 32, 100_000])("gives %i bytes of plain memory of their own", (lengthBytes) => {
    const bytes = nodeRandom(lengthBytes)
    expect(bytes.constructor).toBe(Uint8Array)
    expect([bytes.byteLength, bytes.buffer.byteLength]).toEqual([lengthBytes, lengthBytes])
  })

  it("never gives the same 16 bytes twice", () => {
    const seen = new Set(Array.from({ length: 1000 }, () => nodeRandom(16).toString()))
    expect(seen.size).toBe(1000)
  })

  it.each([-1, 1.5, Number.NaN])("refuses a length of %s", (lengthBytes) => {
    expect(() => nodeRandom(lengthBytes)).toThrow(RangeError)
  })
})
