import { describe, expect, it } from "vitest"
import { parseCount, parseDuration, parseFlag, parseRate, parseSize, UnitError } from "./units.ts"

describe("the units of options", () => {
  it.each([
    ["30", 30_000],
    ["500ms", 500],
    ["15m", 900_000],
    ["7d", 604_800_000],
  ])("reads the duration %s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each([
    ["4096", 4096],
    ["64KiB", 65_536],
    ["2GiB", 2_147_483_648],
  ])("reads the size %s", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  it.each([
    ["50/1s", { count: 50, windowMs: 1000 }],
    ["600/h", { count: 600, windowMs: 3_600_000 }],
    ["1/30d", { count: 1, windowMs: 2_592_000_000 }],
  ])("reads the rate %s", (text, rate) => {
    expect(parseRate(text)).toEqual(rate)
  })

  it.each(["", "-1", "1.5", "1y", "1 s", "0x10", "9".repeat(20), "toString"])("refuses the duration %j", (text) => {
    expect(() => parseDuration(text)).toThrow(UnitError)
  })

  it.each(["", "50", "50/", "/s", "0/1s", "5/0s", "1/1s/1s", "1/31d"])("refuses the rate %j", (text) => {
    expect(() => parseRate(text)).toThrow(UnitError)
  })

  it("refuses what is no count and no flag", () => {
    expect(() => parseCount("1KiB")).toThrow(UnitError)
    expect(() => parseFlag("perhaps")).toThrow(UnitError)
    expect([parseFlag("on"), parseFlag("no")]).toEqual([true, false])
  })
})
