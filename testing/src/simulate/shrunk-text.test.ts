import { describe, expect, it } from "vitest"
import type { FaultName } from "./plan.ts"
import { shrunkText } from "./shrunk-text.ts"

const whole = { seed: 7n, hash: "aa", violations: [{ kind: "fork", what: "two" }] } as const
const without = new Set<FaultName>(["loss", "delay"])

describe("what shrinking says it has found", () => {
  it("is how to see the smaller run again", () => {
    const restrictions = { without, groupCount: 1, deviceCount: 3, durationMs: 900 }
    expect(shrunkText({ whole, small: { hash: "bb" }, restrictions })).toEqual([
      "this is the smallest run that was found",
      "see it again: npm run simulate -- --seed 7 --without loss,delay --groups 1 --devices 3 --duration 900",
    ])
  })

  it("is no smaller run where what is left out never came about: the trace is the same", () => {
    expect(shrunkText({ whole, small: { hash: "aa" }, restrictions: { without } })).toEqual([
      "nothing smaller was found that fails in this way: what can be left out never came about",
      "see it again: npm run simulate -- --seed 7 --without loss,delay",
    ])
  })

  it("is the whole run where nothing can be left out", () => {
    const lines = ["nothing smaller was found that fails in this way: this is the whole run"]
    expect(shrunkText({ whole, small: whole, restrictions: {} })).toEqual(lines)
    expect(shrunkText({ whole, small: whole, restrictions: { without: new Set() } })).toEqual(lines)
  })

  it("is nothing where the seed does not fail", () => {
    const passing = { ...whole, violations: [] }
    const lines = ["seed 7 does not fail: there is nothing to make smaller"]
    expect(shrunkText({ whole: passing, small: passing, restrictions: {} })).toEqual(lines)
  })
})
