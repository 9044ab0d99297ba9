import { toHex } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { KeySet } from "./key-set.ts"

interface Holder {
  readonly key: Uint8Array
}

const access = { keyOf: ({ key }: Holder) => key, pathOf: (key: Uint8Array) => key }
const holder = (...key: number[]): Holder => ({ key: Uint8Array.from(key) })

const alike = (at: number): Holder => holder(...Array.from({ length: 28 }, () => 9), at >>> 8, at & 0xff)

/** Few different bytes and lengths, so that keys repeat, begin alike and end early. */
const keys = fc.array(fc.constantFrom(0, 1, 16, 17, 255), { maxLength: 4 })
const step = fc.record({ key: keys, isAdded: fc.boolean(), isKept: fc.boolean() })

describe("key set", () => {
  it("agrees with a plain map, and never changes a set that was made before", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 300, maxLength: 600, size: "max" }), (steps) => {
        let set = KeySet.empty(access)
        let model = new Map<string, number>()
        for (const { key, isAdded, isKept } of steps) {
          const changed = holder(...key)
          const name = toHex(changed.key)
          const count = model.get(name) ?? 0
          if (!isAdded && count === 0) continue
          const next = isAdded ? set.with(changed) : set.without(changed)
          expect(set.count(changed.key)).toBe(count)
          expect(next.count(changed.key)).toBe(isAdded ? count + 1 : count - 1)
          if (!isKept) continue
          set = next
          model = new Map(model).set(name, isAdded ? count + 1 : count - 1)
        }
        expect(set.repeatedCount).toBe([...model.values()].filter((count) => count > 1).length)
      }),
      { numRuns: 50 },
    )
  })

  it("finds every key among thousands, and no other", () => {
    const holders = Array.from({ length: 3000 }, (_, at) => holder(at >>> 8, at & 0xff, 7))
    const set = holders.reduce((all, one) => all.with(one), KeySet.empty(access))
    expect(holders.every(({ key }) => set.count(key) === 1)).toBe(true)
    expect(set.has(Uint8Array.of(0, 0, 8))).toBe(false)
    expect(set.has(Uint8Array.of(0, 0))).toBe(false)
    expect(holders.reduce((all, one) => all.without(one), set).has(holders.at(9)!.key)).toBe(false)
  })

  it("costs no more comparisons for keys that were chosen to begin alike", () => {
    let comparisons = 0
    const counting = { ...access, keyOf: ({ key }: Holder) => (comparisons++, key) }
    let set = KeySet.empty(counting)
    for (let at = 0; at < 4096; at++) set = set.with(alike(at))
    comparisons = 0
    set.count(alike(4000).key)
    expect(comparisons).toBeLessThanOrEqual(5)
  })

  it("refuses to remove what is not there", () => {
    expect(() => KeySet.empty(access).without(holder(1))).toThrow("unreachable")
  })
})
