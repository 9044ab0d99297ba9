import { describe, expect, it } from "vitest"
import { ABSENCE_COUNTED_MS, ProfileTime } from "./profile-time.ts"
import { TestClock } from "./testing/test-clock.ts"

const YEAR_MS = 366 * 86_400_000

describe("a profile's own time", () => {
  it("begins at 0 and goes on with the clocks", () => {
    const clock = new TestClock()
    const time = new ProfileTime(clock, undefined)
    expect(time.nowMs()).toBe(0)
    clock.advance(1500)
    expect(time.nowMs()).toBe(1500)
  })

  it("counts every part of a millisecond once", () => {
    const clock = new TestClock()
    const stopped = { nowMs: () => clock.nowMs(), unixMs: () => 0, setTimer: clock.setTimer.bind(clock) }
    const time = new ProfileTime(stopped, undefined)
    for (let step = 0; step < 1000; step++) {
      clock.advance(0.3)
      time.nowMs()
    }
    expect(time.nowMs()).toBeGreaterThanOrEqual(299)
    expect(time.nowMs()).toBeLessThanOrEqual(300)
  })

  it("counts what passes while the program does not run", () => {
    const clock = new TestClock()
    const before = new ProfileTime(clock, undefined)
    clock.advance(1000)
    const stored = before.record()
    clock.advance(86_400_000)
    expect(new ProfileTime(clock, stored).nowMs()).toBe(1000 + 86_400_000)
  })

  it("counts what passes while the machine sleeps, when only the calendar goes on", () => {
    const clock = new TestClock()
    const time = new ProfileTime(clock, undefined)
    clock.calendarAheadMs = 8 * 3_600_000
    expect(time.nowMs()).toBe(8 * 3_600_000)
  })

  it("never goes back, and goes on where the calendar is set back by years", () => {
    const clock = new TestClock()
    const time = new ProfileTime(clock, undefined)
    clock.advance(1000)
    time.nowMs()
    clock.calendarAheadMs = -30 * YEAR_MS
    clock.advance(500)
    expect(time.nowMs()).toBe(1500)
    const stored = time.record()
    clock.calendarAheadMs = -60 * YEAR_MS
    expect(new ProfileTime(clock, stored).nowMs()).toBe(1500)
  })

  it.each([1, 10])("believes a calendar that is %d years ahead for 28 days, once", (years) => {
    const clock = new TestClock()
    const stored = new ProfileTime(clock, undefined).record()
    clock.calendarAheadMs = years * YEAR_MS
    const time = new ProfileTime(clock, stored)
    expect(time.nowMs()).toBe(ABSENCE_COUNTED_MS)
    clock.advance(1000)
    expect(time.nowMs()).toBe(ABSENCE_COUNTED_MS + 1000)
    expect(new ProfileTime(clock, time.record()).nowMs()).toBe(ABSENCE_COUNTED_MS + 1000)
  })
})
