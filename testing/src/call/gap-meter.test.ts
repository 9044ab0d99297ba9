import { describe, expect, it } from "vitest"
import { GapMeter } from "./gap-meter.ts"

/** A meter of turns of 20 ms: x is heard, - is not. */
function meterOf(turns: string): GapMeter {
  const meter = new GapMeter()
  for (let at = 0; at < turns.length; at++) meter.turn(turns[at] === "x", 20 * at)
  meter.end(20 * (turns.length - 1))
  return meter
}

describe("the meter of gaps", () => {
  it("finds the longest time without sound, from the first turn that was heard on", () => {
    expect(meterOf("---xx-x---xx").longestIn(0, 1000)).toBe(60)
    expect(meterOf("---xxx").longestIn(0, 1000)).toBe(0)
    expect(meterOf("x---").longestIn(0, 1000)).toBe(60)
  })

  it("counts a gap for each time that it lies in", () => {
    const meter = meterOf("x-x---x")
    expect(meter.longestIn(0, 30)).toBe(20)
    expect(meter.longestIn(0, 61)).toBe(60)
    expect(meter.longestIn(120, 200)).toBe(0)
  })
})
