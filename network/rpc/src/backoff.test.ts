import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { backoffDelayMs, defaultBackoff } from "./backoff.ts"

const most = (lengthBytes: number): Uint8Array => new Uint8Array(lengthBytes).fill(0xff)
const least = (lengthBytes: number): Uint8Array => new Uint8Array(lengthBytes)

describe("back-off", () => {
  it("doubles its bound from 250 ms up to 30 s", () => {
    const bounds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 2000].map((failures) => backoffDelayMs(failures, defaultBackoff, most))
    expect(bounds).toEqual([249, 499, 999, 1999, 3999, 7999, 15_999, 29_999, 29_999, 29_999])
  })

  it("may be nothing at all", () => {
    expect(backoffDelayMs(9, defaultBackoff, least)).toBe(0)
  })

  it("stays below its bound for any randomness", () => {
    const randoms = fc.uint8Array({ minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), randoms, (failures, bytes) => {
        const delayMs = backoffDelayMs(failures, defaultBackoff, () => bytes)
        expect(delayMs).toBeGreaterThanOrEqual(0)
        expect(delayMs).toBeLessThan(Math.min(30_000, 250 * 2 ** (failures - 1)))
      }),
    )
  })
})
