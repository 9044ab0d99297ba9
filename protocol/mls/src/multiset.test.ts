import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Multiset } from "./multiset.ts"

/** The model: counts that are copied whole. */
function countsOf(model: ReadonlyMap<number, number>): [number, number][] {
  return [...model].filter(([, count]) => count > 0).toSorted(([a], [b]) => a - b)
}

const change = fc.record({
  value: fc.nat(400),
  isAdded: fc.boolean(),
  forksFirst: fc.boolean(),
  dropsFork: fc.boolean(),
})

describe("multiset", () => {
  it("agrees with a plain map, and so does every fork", () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 600, maxLength: 900, size: "max" }), (changes) => {
        let set = Multiset.empty<number>()
        let model = new Map<number, number>()
        for (const { value, isAdded, forksFirst, dropsFork } of changes) {
          const [setBefore, modelBefore] = [set, new Map(model)]
          if (forksFirst) set = set.fork()
          const count = model.get(value) ?? 0
          if (isAdded) {
            set.add(value)
            model.set(value, count + 1)
          } else if (count > 0) {
            set.remove(value)
            model.set(value, count - 1)
          }
          if (forksFirst) {
            expect(setBefore.count(value)).toBe(modelBefore.get(value) ?? 0)
            if (dropsFork) [set, model] = [setBefore, modelBefore]
          }
          expect(set.count(value)).toBe(model.get(value) ?? 0)
        }
        expect([...set.values()].toSorted((a, b) => a - b)).toEqual(countsOf(model).map(([value]) => value))
        expect(set.repeatedCount).toBe(countsOf(model).filter(([, count]) => count > 1).length)
      }),
      { numRuns: 50 },
    )
  })

  it("does not let a fork of nothing write into its origin", () => {
    const origin = Multiset.empty<string>()
    origin.fork().add("a")
    expect(origin.has("a")).toBe(false)
  })

  it("refuses to remove what is not there", () => {
    expect(() => Multiset.empty<string>().remove("a")).toThrow("unreachable")
  })
})
