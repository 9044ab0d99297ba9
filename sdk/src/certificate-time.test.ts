import { describe, expect, it } from "vitest"
import { Calendar } from "./calendar.ts"
import { certificateTime } from "./certificate-time.ts"
import { TestClock } from "./testing/test-clock.ts"

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const YEAR_MS = 366 * DAY_MS

describe("the certificate of a device", () => {
  it.each([0, 10 * MINUTE_MS, -10 * MINUTE_MS, 2 * DAY_MS, -2 * DAY_MS, 10 * YEAR_MS, -10 * YEAR_MS])(
    "counts at once and for five years, if the clock is off by %d ms or the server lies by as much",
    (offMs) => {
      const clock = new TestClock()
      const trueMs = clock.unixMs()
      for (const [aheadMs, lieMs] of [
        [offMs, 0],
        [0, offMs],
      ] as const) {
        clock.calendarAheadMs = aheadMs
        const calendar = new Calendar(clock, undefined)
        calendar.hear({ serverMs: trueMs + lieMs, uncertaintyMs: 0 })
        const { notBeforeMs, notAfterMs } = certificateTime(calendar)
        // Also for those whose clock is a little late.
        expect(notBeforeMs).toBeLessThanOrEqual(trueMs - 15 * MINUTE_MS)
        // Who lies back by two days makes it end two days early.
        expect(notAfterMs).toBeGreaterThanOrEqual(trueMs + 5 * YEAR_MS - 2 * DAY_MS)
      }
    },
  )

  it("never begins before there was such a program", () => {
    const clock = new TestClock()
    clock.calendarAheadMs = -60 * YEAR_MS
    const { notBeforeMs } = certificateTime(new Calendar(clock, undefined))
    expect(notBeforeMs).toBe(Date.UTC(2025, 0, 1))
  })
})
