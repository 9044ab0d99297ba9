import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { SlidingWindow } from "./sliding-window.ts"

function limited(count: number, windowMs: number, keysLimit = 10) {
  const time = { nowMs: 0 }
  const window = new SlidingWindow({ count, windowMs }, { keysLimit, nowMs: () => time.nowMs })
  return { time, window }
}

describe("a sliding window", () => {
  it("admits a burst up to the limit and says when to come back", () => {
    const { time, window } = limited(2, 1000)
    expect([window.take("a"), window.take("a")]).toEqual([{ admitted: true }, { admitted: true }])
    time.nowMs = 400
    expect(window.take("a")).toEqual({ admitted: false, retryAfterMs: 600 })
    time.nowMs = 1000
    expect(window.take("a")).toEqual({ admitted: true })
  })

  it("counts each key on its own", () => {
    const { window } = limited(1, 1000)
    expect(window.take("a")).toEqual({ admitted: true })
    expect(window.take("b")).toEqual({ admitted: true })
    expect(window.take("a")).toMatchObject({ admitted: false })
  })

  it("does not count what was given back", () => {
    const { window } = limited(1, 1000)
    window.take("a")
    window.giveBack("a")
    expect(window.take("a")).toEqual({ admitted: true })
  })

  it("remembers no more keys than its limit and forgets the idlest first", () => {
    const { window } = limited(1, 1000, 2)
    for (const key of ["a", "b", "a", "c"]) window.take(key)
    expect(window.size).toBe(2)
    expect(window.take("a")).toMatchObject({ admitted: false })
    expect(window.take("b")).toEqual({ admitted: true })
  })

  it("never admits more than the limit in any window, and never refuses below it", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 20, maxLength: 200 })
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 6 }), (steps, count) => {
        const { time, window } = limited(count, 100)
        const admitted: number[] = []
        for (const gap of steps) {
          time.nowMs += gap
          const recent = admitted.filter((moment) => moment > time.nowMs - 100).length
          expect(window.take("a").admitted).toBe(recent < count)
          if (recent < count) admitted.push(time.nowMs)
        }
      }),
    )
  })
})
