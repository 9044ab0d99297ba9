import { describe, expect, it } from "vitest"
import { streamIdOf } from "./stream.ts"

describe("stream ids", () => {
  it("are the class base plus the member id times 100", () => {
    expect([streamIdOf("control", 7), streamIdOf("text", 7), streamIdOf("audio", 7), streamIdOf("signal", 7)]).toEqual([
      700, 701, 702, 703,
    ])
    expect(streamIdOf("signal", 999_999)).toBe(99_999_903)
    expect(() => streamIdOf("text", 1_000_000)).toThrow(RangeError)
  })
})
