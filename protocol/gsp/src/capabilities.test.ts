import { describe, expect, it } from "vitest"
import { Capabilities } from "./capabilities.ts"
import { classOf, classOfGroup, tokensOf } from "./conformance-class.ts"

function group(): Capabilities {
  const capabilities = new Capabilities()
  capabilities.advertise(1, ["opus", "fec", "red"])
  capabilities.advertise(2, ["opus", "fec"])
  capabilities.advertise(3, ["opus"])
  return capabilities
}

describe("the capabilities of a group", () => {
  it("are safe to use where everybody has them", () => {
    expect([...group().intersection()]).toEqual(["opus"])
    expect(group().groupSupports("opus")).toBe(true)
    expect(group().groupSupports("fec")).toBe(false)
  })

  it("tell who is behind", () => {
    expect(group().missing("fec")).toEqual([3])
    expect([...group().union()]).toEqual(["opus", "fec", "red"])
  })

  it("count for nothing where nobody advertised", () => {
    const nobody = new Capabilities()
    expect(nobody.groupSupports("opus")).toBe(false)
    expect([...nobody.intersection()]).toEqual([])
  })

  it("change with what a member says later, and when one goes", () => {
    const capabilities = group()
    capabilities.advertise(3, ["fec"])
    expect([...capabilities.intersection()]).toEqual(["fec"])
    capabilities.forget(3)
    expect([...capabilities.intersection()]).toEqual(["opus", "fec"])
    expect(capabilities.of(3)).toBeUndefined()
  })

  it("have limits, and what exceeds them changes nothing", () => {
    const capabilities = new Capabilities({ names: 2, nameCharacters: 4 })
    capabilities.advertise(1, ["opus", "fec"])
    expect(() => capabilities.advertise(1, ["a", "b", "c"])).toThrow(RangeError)
    expect(() => capabilities.advertise(1, ["longer"])).toThrow(RangeError)
    expect([...capabilities.of(1)!]).toEqual(["opus", "fec"])
  })
})

describe("a conformance class", () => {
  it("advertises itself and what is below", () => {
    expect(tokensOf("a")).toEqual(["gbp/class-a"])
    expect(tokensOf("c")).toEqual(["gbp/class-a", "gbp/class-b", "gbp/class-c"])
  })

  it("needs all below it", () => {
    expect(classOf(new Set(["gbp/class-a", "gbp/class-c"]))).toBe("a")
    expect(classOf(new Set(tokensOf("b")))).toBe("b")
    expect(classOf(new Set(tokensOf("c")))).toBe("c")
    expect(classOf(new Set(["gbp/class-b"]))).toBeUndefined()
  })

  it("of a group is that of its lowest member", () => {
    expect(classOfGroup([new Set(tokensOf("c")), new Set(tokensOf("b"))])).toBe("b")
    expect(classOfGroup([new Set(tokensOf("c")), new Set()])).toBeUndefined()
    expect(classOfGroup([])).toBeUndefined()
  })
})
