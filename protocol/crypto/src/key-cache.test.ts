import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { KeyCache } from "./key-cache.ts"

describe("key cache", () => {
  it("makes an entry once and finds it again", () => {
    const cache = new KeyCache<number>(2)
    expect(cache.of("a", () => 1)).toBe(1)
    expect(cache.of("a", () => 2)).toBe(1)
    expect(cache.peek("a")).toBe(1)
  })

  it("forgets the least recently used entry beyond its limit", () => {
    const cache = new KeyCache<number>(2)
    cache.of("a", () => 1)
    cache.of("b", () => 2)
    cache.of("a", () => 3)
    cache.of("c", () => 4)
    expect([cache.peek("a"), cache.peek("b"), cache.peek("c")]).toEqual([1, undefined, 4])
  })

  it("forgets on demand, one entry or all", () => {
    const cache = new KeyCache<number>(3)
    for (const name of ["a", "b", "c"]) cache.of(name, () => 1)
    cache.forget("b")
    expect([cache.size, cache.peek("b")]).toEqual([2, undefined])
    cache.clear()
    expect(cache.size).toBe(0)
  })

  it("keeps nothing of an entry that could not be made", () => {
    const cache = new KeyCache<number>(1)
    cache.of("a", () => 1)
    expect(() =>
      cache.of("b", () => {
        throw new RangeError("no key")
      }),
    ).toThrow(RangeError)
    expect([cache.size, cache.peek("a")]).toEqual([1, 1])
  })

  it("tells once of each entry that it forgets: by its limit, on demand, and all at the end", () => {
    const released: number[] = []
    const cache = new KeyCache<number>(2, (entry) => released.push(entry))
    for (const [at, name] of ["a", "b", "c"].entries()) cache.of(name, () => at)
    expect(released).toEqual([0])
    cache.forget("b")
    cache.forget("b")
    expect(released).toEqual([0, 1])
    cache.of("d", () => 3)
    cache.clear()
    cache.clear()
    expect(released).toEqual([0, 1, 2, 3])
    expect(cache.size).toBe(0)
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("refuses a limit of %s", (limit) => {
    expect(() => new KeyCache(limit)).toThrow(RangeError)
  })

  it("agrees with a list ordered by last use", () => {
    const step = fc.record({ name: fc.nat(6), forgets: fc.integer({ min: 0, max: 3 }).map((n) => n === 0) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), fc.integer({ min: 1, max: 5 }), (steps, limit) => {
        const cache = new KeyCache<number>(limit)
        let model: number[] = []
        for (const { name, forgets } of steps) {
          if (forgets) {
            cache.forget(String(name))
            model = model.filter((other) => other !== name)
            continue
          }
          const wasThere = model.includes(name)
          let made = false
          cache.of(String(name), () => {
            made = true
            return name
          })
          expect(made).toBe(!wasThere)
          model = [...model.filter((other) => other !== name), name].slice(-limit)
          expect(cache.size).toBe(model.length)
        }
      }),
    )
  })
})
