import { describe, expect, it } from "vitest"
import { isAlive, lifetimeFrom } from "./lifetime.ts"

describe("a lifetime", () => {
  it("begins an hour early and ends when it is over", () => {
    expect(lifetimeFrom(7_200_999, 5000)).toEqual({ notBefore: 3600n, notAfter: 7205n })
  })

  it("does not begin before time does", () => {
    expect(lifetimeFrom(0, 0)).toEqual({ notBefore: 0n, notAfter: 0n })
    expect(lifetimeFrom(3_600_000, 0).notBefore).toBe(0n)
    expect(lifetimeFrom(3_601_000, 0).notBefore).toBe(1n)
  })

  it.each([
    [-1, 0],
    [0, -1],
    [Number.NaN, 0],
    [0, Number.NaN],
  ])("cannot be made of %d ms and %d ms", (nowMs, lifetimeMs) => {
    expect(() => lifetimeFrom(nowMs, lifetimeMs)).toThrow("time and lifetime must not be negative")
  })

  it("includes both of its ends", () => {
    const lifetime = { notBefore: 2n, notAfter: 3n }
    expect([1999, 2000, 3999, 4000].map((nowMs) => isAlive(lifetime, nowMs))).toEqual([false, true, true, false])
  })
})
