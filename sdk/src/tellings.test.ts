import { describe, expect, it } from "vitest"
import { Tellings } from "./tellings.ts"

const HOUR_MS = 3_600_000

/** How long there was to wait before each of so many tellings that came as early as they could. */
function waits(tellings: Tellings, count: number): number[] {
  const found: number[] = []
  for (let [nowMs, i] = [0, 0]; i < count; i++) {
    const waitMs = tellings.leftMs(nowMs)
    found.push(waitMs)
    nowMs += waitMs
    tellings.said(nowMs)
  }
  return found
}

describe("what a server does not take", () => {
  it("is said at once, and again after twice as long each time", () => {
    expect(waits(new Tellings(), 5)).toEqual([0, 2000, 4000, 8000, 16_000])
  })

  it("is said again every six hours in the end", () => {
    expect(waits(new Tellings(), 30).slice(-10)).toEqual(Array.from({ length: 10 }, () => 6 * HOUR_MS))
  })

  it("is said at once where there is something new", () => {
    const tellings = new Tellings()
    waits(tellings, 10)
    tellings.beginAnew()
    expect(waits(tellings, 2)).toEqual([0, 2000])
  })
})
