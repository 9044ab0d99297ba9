import { describe, expect, it } from "vitest"
import { durationText, parseDuration } from "./duration.ts"
import { UsageError } from "./usage-error.ts"

describe("the time of a timer", () => {
  it.each([
    ["off", 0],
    ["30s", 30],
    ["5m", 300],
    ["1h", 3600],
    ["1d", 86_400],
    ["2w", 1_209_600],
    ["366d", 31_622_400],
  ])("is read: %s", (word, seconds) => {
    expect(parseDuration(word)).toBe(seconds)
  })

  it.each(["", "0s", "1", "d", "1.5h", "-1d", "367d", "1D", "1 d", "01d", "999999999w"])("is refused: %j", (word) => {
    expect(() => parseDuration(word)).toThrow(UsageError)
  })

  it.each([
    [86_400, "1d"],
    [5400, "1h 30m"],
    [86_399.2, "1d"],
    [90_061, "1d 1h"],
    [0, "1s"],
    [604_800 * 3, "3w"],
  ])("of %d seconds reads %s", (seconds, words) => {
    expect(durationText(seconds)).toBe(words)
  })
})
