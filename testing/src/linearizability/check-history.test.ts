import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { linearize } from "./check-history.ts"
import type { Call, Model } from "./check-history.ts"

type Input = { readonly write: number } | "read"

/** A place for one number. */
const register: Model<number, Input> = {
  initial: 0,
  step: (state, input) => (input === "read" ? [state, `${state}`] : [input.write, "ok"]),
  nameOf: String,
}

const write = (value: number, calledAt: number, answeredAt: number): Call<Input> => ({
  input: { write: value },
  output: answeredAt === Infinity ? undefined : "ok",
  calledAt,
  answeredAt,
})
const read = (value: number, calledAt: number, answeredAt: number): Call<Input> => ({
  input: "read",
  output: `${value}`,
  calledAt,
  answeredAt,
})

describe("a history that is linearizable", () => {
  it.each<[string, Call<Input>[], number[]]>([
    ["is empty", [], []],
    ["is in order", [write(1, 1, 2), read(1, 3, 4)], [0, 1]],
    ["reads what is being written", [write(1, 1, 10), read(1, 2, 3), read(1, 4, 5)], [0, 1, 2]],
    ["reads what is not written yet", [write(1, 1, 10), read(0, 2, 3), read(1, 4, 5)], [1, 0, 2]],
    ["reads a write whose answer was lost", [write(1, 1, Infinity), read(0, 2, 3), read(1, 4, 5)], [1, 0, 2]],
    ["never reads a write whose answer was lost", [write(1, 1, Infinity), read(0, 2, 3)], [1]],
    [
      "has a lost write take effect after later ones",
      [write(1, 1, Infinity), write(2, 2, 3), read(1, 4, 5)],
      [1, 0, 2],
    ],
    ["has two writes in either order", [write(1, 1, 4), write(2, 2, 3), read(1, 5, 6)], [1, 0, 2]],
  ])("%s", (_title, history, order) => {
    expect(linearize(register, history)).toEqual(order)
  })
})

describe("a history that is not linearizable", () => {
  it.each<[string, Call<Input>[]]>([
    ["reads what was never written", [read(1, 1, 2)]],
    ["reads what was overwritten before", [write(1, 1, 2), write(2, 3, 4), read(1, 5, 6)]],
    ["reads what is written only later", [read(1, 1, 2), write(1, 3, 4)]],
    ["reads the new and then the old", [write(1, 1, 10), read(1, 2, 3), read(0, 4, 5)]],
    [
      "has two readers who see two writes in two orders",
      [write(1, 1, 20), write(2, 2, 21), read(1, 3, 4), read(2, 5, 6), read(1, 7, 8)],
    ],
    ["takes a lost write back", [write(1, 1, Infinity), read(1, 2, 3), read(0, 4, 5)]],
    ["reads a lost write before it was called", [read(1, 1, 2), write(1, 3, Infinity)]],
  ])("%s", (_title, history) => {
    expect(linearize(register, history)).toBeUndefined()
  })

  it("is found among calls that overlap in every way", () => {
    // The writes alone have 13! orders: only what is remembered of dead ends makes this quick.
    const writes = Array.from({ length: 13 }, (_, i) => write(i, i, 100 + i))
    expect(linearize(register, [...writes, read(99, 50, 60)])).toBeUndefined()
  })
})

describe("a history of more calls than can be checked", () => {
  it("is refused", () => {
    expect(() =>
      linearize(
        register,
        Array.from({ length: 31 }, () => read(0, 1, 2)),
      ),
    ).toThrow(RangeError)
  })
})

/** All that was answered, in any order, and some of the lost ones: what the definition says, word for word. */
function isLinearizableByDefinition(history: readonly Call<Input>[]): boolean {
  const place = (left: readonly Call<Input>[], state: number): boolean => {
    if (left.every(({ output }) => output === undefined)) return true
    return left.some((one) => {
      const others = left.filter((other) => other !== one)
      if (others.some((other) => other.answeredAt < one.calledAt)) return false
      const [next, output] = register.step(state, one.input)
      return (one.output === undefined || one.output === output) && place(others, next)
    })
  }
  return place(history, register.initial)
}

describe("the checker", () => {
  it("agrees with the definition on any small history", () => {
    const call = fc
      .tuple(fc.constantFrom("read", "write", "lost"), fc.integer({ min: 0, max: 2 }), fc.nat(12), fc.nat(6))
      .map(([kind, value, at, lasts]) => {
        // Calls and answers never happen at the same moment.
        const [calledAt, answeredAt] = [2 * at, 2 * (at + lasts) + 1]
        if (kind === "read") return read(value, calledAt, answeredAt)
        return write(value, calledAt, kind === "lost" ? Infinity : answeredAt)
      })
    const verdicts = { yes: 0, no: 0 }
    fc.assert(
      fc.property(fc.array(call, { maxLength: 6 }), (history) => {
        const isFound = linearize(register, history) !== undefined
        verdicts[isFound ? "yes" : "no"] += 1
        expect(isFound).toBe(isLinearizableByDefinition(history))
      }),
      { numRuns: 5000, seed: 1 },
    )
    // Both answers were asked for often enough.
    expect(Math.min(verdicts.yes, verdicts.no)).toBeGreaterThan(500)
  })
})
