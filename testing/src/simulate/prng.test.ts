import { describe, expect, it } from "vitest"
import { Prng } from "./prng.ts"

/** From the state 1, 2, 3, 4: also in the tests of Rust's rand_xoshiro, made with the reference implementation. */
const REFERENCE = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804]

const first = (prng: Prng, count = 4): number[] => Array.from({ length: count }, () => prng.uint32())

describe("seeded chance", () => {
  it("is xoshiro128**", () => {
    expect(first(Prng.fromState([1, 2, 3, 4]), REFERENCE.length)).toEqual(REFERENCE)
  })

  it("repeats for the same seed and name", () => {
    expect(first(new Prng(7n, "a"))).toEqual(first(new Prng(7n, "a")))
  })

  it("differs when any half of the seed or the name does", () => {
    const streams = [new Prng(7n, "a"), new Prng(8n, "a"), new Prng(7n + (1n << 40n), "a"), new Prng(7n, "b")]
    expect(new Set(streams.map((prng) => first(prng).join())).size).toBe(4)
  })

  it("leaves a stream alone when another one is drawn from", () => {
    const [quiet, busy] = [new Prng(1n, "root"), new Prng(1n, "root")]
    first(busy.fork("other"), 100)
    first(busy, 3)
    expect(first(busy.fork("mine"))).toEqual(first(quiet.fork("mine")))
  })

  it("reaches both ends of a range and nothing beyond", () => {
    const prng = new Prng(3n, "range")
    const drawn = new Set(Array.from({ length: 200 }, () => prng.between(2, 4)))
    expect([...drawn].toSorted((a, b) => a - b)).toEqual([2, 3, 4])
  })

  it("gives bytes of any length, in the order of the words", () => {
    expect(Prng.fromState([1, 2, 3, 4]).bytes(6)).toEqual(Uint8Array.of(0x00, 0x2d, 0, 0, 0, 0))
  })
})
