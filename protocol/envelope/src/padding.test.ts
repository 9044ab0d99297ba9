import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { paddedBytes } from "./padding.ts"

describe("size buckets", () => {
  it.each([
    [0, 256],
    [1, 256],
    [256, 256],
    [257, 512],
    [512, 512],
    [40_000, 65_536],
    [65_536, 65_536],
    [65_537, 131_072],
    [131_073, 196_608],
  ])("round %d up to %d", (contentBytes, bucketBytes) => {
    expect(paddedBytes(contentBytes)).toBe(bucketBytes)
  })

  it("hold their content and are stable", () => {
    fc.assert(
      fc.property(fc.nat({ max: 10_000_000 }), (contentBytes) => {
        const bucketBytes = paddedBytes(contentBytes)
        expect(bucketBytes).toBeGreaterThanOrEqual(contentBytes)
        expect(paddedBytes(bucketBytes)).toBe(bucketBytes)
      }),
    )
  })

  it.each([-1, 0.5, Number.NaN])("are not defined for %s", (contentBytes) => {
    expect(() => paddedBytes(contentBytes)).toThrow(RangeError)
  })
})
