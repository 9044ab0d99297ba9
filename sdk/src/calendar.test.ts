import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Calendar, CLOCK_TOLERANCE_MS, EARLIEST_MS, LATEST_MS, UNHEARD_MS } from "./calendar.ts"
import { TestClock } from "./testing/test-clock.ts"

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const YEAR_MS = 366 * DAY_MS
const OFF_MS = [2 * DAY_MS, -2 * DAY_MS, 10 * YEAR_MS, -10 * YEAR_MS]

/** A machine whose calendar is off, and what the right time is. */
function machine(aheadMs: number) {
  const clock = new TestClock()
  clock.calendarAheadMs = aheadMs
  const trueMs = (): number => clock.unixMs() - clock.calendarAheadMs
  return { clock, trueMs, calendar: new Calendar(clock, undefined) }
}

/** As an honest server says it. */
const truth = (trueMs: number) => ({ serverMs: trueMs, uncertaintyMs: 20 })

describe("a calendar that has not heard its server", () => {
  it("is the machine's", () => {
    const { clock, calendar } = machine(0)
    clock.calendarAheadMs = DAY_MS
    expect(calendar.unixMs()).toBe(clock.unixMs())
    expect(calendar.record()).toBeUndefined()
  })

  it.each([
    ["before this program was made", -60 * YEAR_MS, EARLIEST_MS],
    ["after it will be of use", 60 * YEAR_MS, LATEST_MS],
  ])("is never %s", (_title, aheadMs, shownMs) => {
    expect(machine(aheadMs).calendar.unixMs()).toBe(shownMs)
  })
})

describe("a calendar that hears its server", () => {
  it.each([0, 10 * MINUTE_MS, -10 * MINUTE_MS])("follows the machine's, if that is off by %d ms", (aheadMs) => {
    const { clock, trueMs, calendar } = machine(aheadMs)
    expect(calendar.hear(truth(trueMs()))).toBe("agrees")
    clock.advance(1000)
    expect(calendar.unixMs()).toBe(clock.unixMs())
    const { earliestMs, latestMs } = calendar.bounds()
    expect([earliestMs, latestMs]).toEqual([clock.unixMs(), trueMs()].toSorted((a, b) => a - b))
    expect(calendar.aheadMs).toBe(0)
  })

  it.each(OFF_MS)("follows the server, if the machine's is off by %d ms", (aheadMs) => {
    const { clock, trueMs, calendar } = machine(aheadMs)
    expect(calendar.hear(truth(trueMs()))).toBe("differs")
    clock.advance(1000)
    expect(calendar.unixMs()).toBe(trueMs())
    expect(calendar.bounds()).toEqual({ earliestMs: trueMs() - 20, latestMs: trueMs() + 20 })
    expect(calendar.aheadMs).toBe(-aheadMs)
  })

  it("counts what the answer took for the server, up to where nobody could tell", () => {
    const { trueMs, calendar } = machine(0)
    const lateMs = CLOCK_TOLERANCE_MS + 5000
    expect(calendar.hear({ serverMs: trueMs() + lateMs, uncertaintyMs: 5000 })).toBe("agrees")
    expect(calendar.hear({ serverMs: trueMs() + lateMs, uncertaintyMs: 4999 })).toBe("differs")
  })

  it.each([...OFF_MS, 10 * MINUTE_MS])("is not moved by a machine's clock that jumps by %d ms meanwhile", (jumpMs) => {
    for (const aheadMs of [0, 10 * YEAR_MS]) {
      const { clock, trueMs, calendar } = machine(aheadMs)
      calendar.hear(truth(trueMs()))
      const beforeMs = calendar.unixMs()
      clock.calendarAheadMs += jumpMs
      clock.advance(1000)
      expect(calendar.unixMs()).toBe(beforeMs + 1000)
    }
  })

  it.each([0, ...OFF_MS])("goes on while the machine sleeps, if its clock is off by %d ms", (aheadMs) => {
    const { clock, trueMs, calendar } = machine(aheadMs)
    calendar.hear(truth(trueMs()))
    calendar.connectionEnded()
    const beforeMs = calendar.unixMs()
    // Timers stand still, the calendar does not.
    clock.calendarAheadMs += 8 * 3_600_000
    clock.advance(1000)
    expect(calendar.unixMs()).toBe(beforeMs + 8 * 3_600_000 + 1000)
  })

  it.each([UNHEARD_MS + DAY_MS, -DAY_MS, 10 * YEAR_MS])("does not believe a sleep of %d ms", (jumpMs) => {
    const { clock, trueMs, calendar } = machine(0)
    calendar.hear(truth(trueMs()))
    calendar.connectionEnded()
    const beforeMs = calendar.unixMs()
    clock.calendarAheadMs += jumpMs
    clock.advance(1000)
    expect(calendar.unixMs()).toBe(beforeMs + 1000)
  })
})

describe("a server that lies about the time", () => {
  it.each([2 * DAY_MS, 10 * YEAR_MS])("cannot go back by %d ms behind what both clocks agreed on", (lieMs) => {
    const { clock, trueMs, calendar } = machine(0)
    calendar.hear(truth(trueMs()))
    clock.advance(DAY_MS)
    expect(calendar.hear(truth(trueMs() - DAY_MS - lieMs))).toBe("refused")
    expect(calendar.unixMs()).toBe(trueMs())
  })

  it("cannot go back into the time for which we have been running", () => {
    const { clock, trueMs, calendar } = machine(0)
    calendar.hear(truth(trueMs()))
    clock.advance(DAY_MS)
    expect(calendar.hear(truth(trueMs() - 60 * MINUTE_MS))).toBe("refused")
  })

  it("can go back to when it was last heard at most, also after a restart", () => {
    const { clock, trueMs, calendar } = machine(0)
    calendar.hear(truth(trueMs()))
    const heardMs = trueMs()
    clock.advance(30 * DAY_MS)
    const again = new Calendar(clock, calendar.record())
    expect(again.hear(truth(heardMs - CLOCK_TOLERANCE_MS - MINUTE_MS))).toBe("refused")
    expect(again.hear(truth(heardMs))).toBe("differs")
    expect(again.unixMs()).toBe(heardMs)
  })

  it("cannot go back behind what it said itself, where the machine's clock is wrong", () => {
    const { clock, trueMs, calendar } = machine(-10 * YEAR_MS)
    calendar.hear(truth(trueMs()))
    clock.advance(DAY_MS)
    expect(calendar.hear(truth(trueMs() - 2 * DAY_MS))).toBe("refused")
    expect(calendar.unixMs()).toBe(trueMs())
  })

  it("does not mislead for longer than it lies, where the machine's clock is right", () => {
    const { clock, trueMs, calendar } = machine(0)
    calendar.hear(truth(trueMs()))
    expect(calendar.hear(truth(trueMs() + 10 * YEAR_MS))).toBe("differs")
    expect(calendar.hear(truth(trueMs()))).toBe("agrees")
    expect(calendar.unixMs()).toBe(trueMs())
    // Nor does anything of the lie stay for when that clock breaks.
    clock.calendarAheadMs = -10 * YEAR_MS
    expect(calendar.hear(truth(trueMs()))).toBe("differs")
  })

  it("misled a machine whose clock was wrong too until that clock is set", () => {
    const { clock, trueMs, calendar } = machine(-10 * YEAR_MS)
    calendar.hear(truth(trueMs() + YEAR_MS))
    expect(calendar.hear(truth(trueMs()))).toBe("refused")
    clock.calendarAheadMs = 0
    expect(calendar.hear(truth(trueMs()))).toBe("agrees")
    expect(calendar.unixMs()).toBe(trueMs())
  })

  it.each([0, EARLIEST_MS - CLOCK_TOLERANCE_MS - 1, LATEST_MS + 1, 2 ** 64])("cannot say %d", (serverMs) => {
    const { trueMs, calendar } = machine(0)
    expect(calendar.hear({ serverMs, uncertaintyMs: 0 })).toBe("refused")
    expect(calendar.unixMs()).toBe(trueMs())
  })

  it("is told of once in a run", () => {
    const { calendar } = machine(0)
    expect([calendar.noteRefusal(), calendar.noteRefusal()]).toEqual([true, false])
  })
})

describe("a calendar that was stored", () => {
  it.each([0, ...OFF_MS])("corrects a clock that is still off by %d ms before the server is heard again", (aheadMs) => {
    const { clock, trueMs, calendar } = machine(aheadMs)
    calendar.hear(truth(trueMs()))
    clock.advance(40 * DAY_MS)
    const again = new Calendar(clock, calendar.record())
    expect(again.unixMs()).toBe(trueMs())
    expect(again.aheadMs).toBe(calendar.aheadMs)
  })

  it.each([-2 * DAY_MS, 10 * YEAR_MS, -10 * YEAR_MS])(
    "stands still, if the clock was set by %d ms meanwhile",
    (setMs) => {
      const { clock, trueMs, calendar } = machine(0)
      calendar.hear(truth(trueMs()))
      const heardMs = trueMs()
      clock.calendarAheadMs = setMs
      clock.advance(DAY_MS)
      expect(new Calendar(clock, calendar.record()).unixMs()).toBe(heardMs)
    },
  )
})

it("a calendar says a time that can be stored, whatever the clocks and the server say", () => {
  const ms = fc.oneof(fc.integer({ min: -(2 ** 52), max: 2 ** 52 }), fc.integer({ min: -YEAR_MS, max: YEAR_MS }))
  const step = fc.record({
    setMs: ms,
    serverMs: ms,
    uncertaintyMs: fc.nat(30_000),
    ranMs: fc.nat(DAY_MS),
    ends: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
      const clock = new TestClock()
      let calendar = new Calendar(clock, undefined)
      for (const { setMs, serverMs, uncertaintyMs, ranMs, ends } of steps) {
        clock.calendarAheadMs = setMs
        clock.advance(ranMs)
        calendar.hear({ serverMs: clock.unixMs() + serverMs, uncertaintyMs })
        if (ends) calendar = new Calendar(clock, calendar.record())
        for (const shownMs of [calendar.unixMs(), ...Object.values(calendar.record() ?? {})]) {
          expect(Number.isSafeInteger(shownMs)).toBe(true)
          expect(shownMs).toBeGreaterThanOrEqual(0)
        }
        expect(calendar.unixMs()).toBeGreaterThanOrEqual(EARLIEST_MS)
        expect(calendar.unixMs()).toBeLessThanOrEqual(LATEST_MS)
      }
    }),
  )
})
