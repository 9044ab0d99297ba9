import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Multiset } from "./multiset.ts"

/** The model: counts that are copied whole. */
function countsOf(model: ReadonlyMap<number, number>): [number, number][] {
  return [...model].filter(([, count]) => count > 0).toSorted(([a], [b]) => a - b)
}

function setOf(...values: readonly string[]): Multiset<string> {
  const set = Multiset.empty<string>()
  for (const value of values) set.add(value)
  return set
}

/** Each value with how often it is there. */
function contentsOf(set: Multiset<string>): string {
  return [...set.values()]
    .map((value) => `${value}${set.count(value)}`)
    .toSorted()
    .join(" ")
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

  it("counts how often each value is there, and how many are there more than once", () => {
    const set = setOf("a", "b", "a", "a", "b", "c")
    expect(["a", "b", "c", "d"].map((value) => set.count(value))).toEqual([3, 2, 1, 0])
    expect(["c", "d"].map((value) => set.has(value))).toEqual([true, false])
    expect(set.repeatedCount).toBe(2)
    for (const value of ["a", "b", "c"]) set.remove(value)
    expect([...set.values()]).toEqual(["a", "b"])
    expect(set.repeatedCount).toBe(1)
  })

  it("shares what it had with a fork, and nothing that either does from then on", () => {
    const origin = setOf("a", "a", "b", "c")
    const fork = origin.fork()
    fork.add("b")
    fork.remove("c")
    fork.add("d")
    fork.add("e")
    fork.remove("e")
    origin.remove("a")
    origin.add("c")
    expect([contentsOf(origin), origin.repeatedCount]).toEqual(["a1 b1 c2", 1])
    expect([contentsOf(fork), fork.repeatedCount]).toEqual(["a2 b2 d1", 2])
    expect(contentsOf(fork.fork())).toBe("a2 b2 d1")
  })

  it("is the same after so many changes that a fork makes itself a base of its own", () => {
    const origin = Multiset.empty<number>()
    for (let value = 0; value < 10; value++) origin.add(value)
    const fork = origin.fork()
    for (let value = 5; value < 10; value++) fork.remove(value)
    for (let value = 10; value < 200; value++) fork.add(value)
    const again = fork.fork()
    again.remove(0)
    const kept = [0, 1, 2, 3, 4, ...Array.from({ length: 190 }, (_, at) => at + 10)]
    expect([...origin.values()]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect([...fork.values()]).toEqual(kept)
    expect([...again.values()]).toEqual(kept.slice(1))
  })

  it("does not let a fork of nothing write into its origin", () => {
    const origin = Multiset.empty<string>()
    origin.fork().add("a")
    expect(origin.has("a")).toBe(false)
  })

  it("refuses to remove what is not there", () => {
    expect(() => Multiset.empty<string>().remove("a")).toThrow("unreachable: a value is removed that was never added")
  })
})
