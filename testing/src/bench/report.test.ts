import { describe, expect, it } from "vitest"
import { resultOf, toText } from "./report.ts"

const measured = [
  { name: "qpc", perSecond: [400, 400, 400] },
  { name: "other", perSecond: [100, 100, 200] },
  { name: "floor", perSecond: [800, 500, 500] },
]

describe("a result", () => {
  it("names the ratios of the first contender to the others", () => {
    const { ratios } = resultOf("mls", "protect", measured, { other: "protect_vs_other", floor: "protect_vs_floor" })
    expect(ratios).toEqual({ protect_vs_other: 4, protect_vs_floor: 0.8 })
  })

  it("has one row per contender", () => {
    const { rows } = resultOf("mls", "protect", measured, {})
    expect(rows.map(({ contender, perSecond }) => [contender, perSecond])).toEqual([
      ["qpc", 400],
      ["other", 100],
      ["floor", 500],
    ])
  })

  it("cannot name a ratio to somebody who did not take part", () => {
    expect(() => resultOf("mls", "protect", measured, { absent: "protect_vs_absent" })).toThrow(RangeError)
  })
})

describe("the text", () => {
  const machine = { node: "v26.0.0", cpu: "Some CPU", cores: 2, platform: "linux-x64", load: 1.5 }

  it("says where the machine was too busy to believe the numbers", () => {
    const text = toText({ machine: { ...machine, load: 3.14 }, ...resultOf("mls", "protect", measured, {}) })
    expect(text.split("\n")[1]).toBe("The machine is busy (load 3.1): run this again when it is not.")
  })

  it("names the machine, the rates and the ratios", () => {
    const text = toText({ machine, ...resultOf("mls", "protect", measured.slice(0, 2), { other: "protect_vs_other" }) })
    expect(text.split("\n")).toEqual([
      "Node v26.0.0 on Some CPU, 2 cores, linux-x64",
      "",
      "mls protect  qpc         400 /s",
      "             other       100 /s",
      "",
      "Ratios (medians over interleaved rounds; above 1 ours is faster)",
      "protect_vs_other      4.00",
    ])
  })
})
