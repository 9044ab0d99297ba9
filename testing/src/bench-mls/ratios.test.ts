import { describe, expect, it } from "vitest"
import { judged, meaningOf, ratiosOf, WANTED } from "./ratios.ts"

const valueOf = (name: string, ratios: ReturnType<typeof ratiosOf>): number | undefined =>
  ratios.find((one) => one.name === name)?.value

describe("the ratios", () => {
  it("of messages are rates of ours over rates of others", () => {
    const measured = [
      { name: "ours", perSecond: [700] },
      { name: "bound", perSecond: [1000] },
      { name: "tsmls", perSecond: [100] },
    ]
    const ratios = ratiosOf([{ operation: "protect", memberCount: 2, measured }])
    expect(valueOf("protect_vs_bound", ratios)).toBe(0.7)
    expect(valueOf("protect_vs_tsmls", ratios)).toBe(7)
  })

  it("of group operations to the bound are times of ours over times of the bound", () => {
    const measured = [
      { name: "ours", perSecond: [10] },
      { name: "bound", perSecond: [15] },
    ]
    const ratios = ratiosOf([{ operation: "join", memberCount: 1000, measured }])
    expect(ratios).toMatchObject([{ name: "join1000_vs_bound", value: 1.5, isMet: true }])
  })

  it("compare only what has the same suite", () => {
    const measured = [
      { name: "ours", perSecond: [100] },
      { name: "ours_chacha", perSecond: [50] },
      { name: "openmls_wasm", perSecond: [25] },
    ]
    const ratios = ratiosOf([{ operation: "add", memberCount: 10, measured }])
    expect(valueOf("add10_vs_openmls_wasm", ratios)).toBe(2)
  })

  it("name the worst case against OpenMLS in WebAssembly", () => {
    const theirs = { name: "corecrypto", perSecond: [100] }
    const ratios = ratiosOf([
      { operation: "add", memberCount: 10, measured: [{ name: "ours", perSecond: [300] }, theirs] },
      { operation: "join", memberCount: 10, measured: [{ name: "ours", perSecond: [90] }, theirs] },
    ])
    expect(ratios[0]).toMatchObject({ name: "worst_vs_corecrypto", value: 0.9, isMet: false })
    expect(ratios[0]!.what).toContain("join10_vs_corecrypto")
  })

  it("have names of their own", () => {
    const names = WANTED.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })
})

describe("the meaning of a ratio", () => {
  it.each([
    { operation: "update_warm", memberCount: 1000, other: "bound", name: "update1000_vs_bound", target: 2 },
    { operation: "update_warm", memberCount: 100, other: "bound", name: "update_warm100_vs_bound", target: undefined },
    { operation: "create", memberCount: 0, other: "tsmls", name: "create_vs_tsmls", target: undefined },
  ] as const)("of $operation at $memberCount is called $name", ({ operation, memberCount, other, name, target }) => {
    expect(meaningOf(operation, memberCount, other)).toMatchObject(target === undefined ? { name } : { name, target })
  })
})

describe("a verdict", () => {
  it.each([
    { direction: "higher is better", value: 0.7, isMet: true },
    { direction: "higher is better", value: 0.69, isMet: false },
    { direction: "lower is better", value: 0.7, isMet: true },
    { direction: "lower is better", value: 0.71, isMet: false },
  ] as const)("on $value where $direction is $isMet", ({ direction, value, isMet }) => {
    expect(judged({ name: "r", what: "", direction, target: 0.7 }, value).isMet).toBe(isMet)
  })

  it("is not given where nothing is wanted", () => {
    expect(judged({ name: "r", what: "", direction: "higher is better" }, 1)).not.toHaveProperty("isMet")
  })
})
