import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { FrameWindow, WINDOW_FRAMES } from "./frame-window.ts"

/** What the window has to be, the obvious way: all counters that ever came. */
class Remembered {
  readonly #seen = new Set<bigint>()
  #newest = -1n

  check(counter: bigint): string | undefined {
    if (counter <= this.#newest - BigInt(WINDOW_FRAMES)) return "late"
    return this.#seen.has(counter) ? "replayed" : undefined
  }

  accept(counter: bigint): void {
    this.#seen.add(counter)
    if (counter > this.#newest) this.#newest = counter
  }
}

const steps = fc.oneof(fc.integer({ min: -1100, max: 1100 }), fc.integer({ min: -3, max: 5 }), fc.constant(2 ** 40))

describe("the window of counters", () => {
  it("takes each counter once within 1024 of the newest, like a memory of all of them", () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 200 }), (jumps) => {
        const [window, memory] = [new FrameWindow(), new Remembered()]
        let at = 0n
        for (const jump of jumps) {
          at = at + BigInt(jump) < 0n ? 0n : at + BigInt(jump)
          expect(window.check(at)).toBe(memory.check(at))
          if (window.check(at) !== undefined) continue
          window.accept(at)
          memory.accept(at)
        }
      }),
    )
  })

  it.each([
    ["the newest", 5000n, "replayed"],
    ["the oldest in it", 5000n - 1023n, undefined],
    ["the first behind it", 5000n - 1024n, "late"],
    ["the next", 5001n, undefined],
    ["the last there can be", 2n ** 64n - 1n, undefined],
  ])("knows %s", (_, counter, miss) => {
    const window = new FrameWindow()
    window.accept(5000n)
    expect(window.check(counter)).toBe(miss)
  })

  it("moves for nothing that was only looked at", () => {
    const window = new FrameWindow()
    window.accept(1n)
    window.check(2n ** 40n)
    expect(window.check(2n)).toBeUndefined()
  })
})

/** What came before, what comes now, and why it is not taken. */
const EDGES: readonly (readonly [string, readonly bigint[], bigint, "late" | "replayed" | undefined])[] = [
  ["the first counter, of a new window", [], 0n, undefined],
  ["another first counter", [], 1n, undefined],
  ["the first counter again", [0n], 0n, "replayed"],
  ["the first counter, overtaken by the next", [1n], 0n, undefined],
  ["the next", [7n], 8n, undefined],
  ["the one before, if it came", [6n, 7n], 6n, "replayed"],
  ["the oldest, if it came", [977n, 2000n], 977n, "replayed"],
  ["the one behind the oldest, if it came", [976n, 2000n], 976n, "late"],
  ["counter 0 where it is the oldest", [1023n], 0n, undefined],
  ["counter 0 where it is behind the oldest", [1024n], 0n, "late"],
  ["counter 1 where it is the oldest", [1024n], 1n, undefined],
  ["a seen counter after the longest jump that keeps it", [5n, 1028n], 5n, "replayed"],
  ["the counter that takes a seen one's place", [5n], 1029n, undefined],
  ["the counter that took a seen one's place, again", [5n, 1029n], 1029n, "replayed"],
  ["one next to that place, which nobody had", [5n, 1029n], 6n, undefined],
  ["one of a window that was jumped over", [1n, 5000n], 3000n, "late"],
  ["the last of a word", [64n], 31n, undefined],
  ["a seen counter beside the edge of a word", [32n, 64n], 32n, "replayed"],
  ["the last place of the window, where the first is newest", [1024n], 1023n, undefined],
  ["one beyond 32 bits", [2n ** 32n - 1n], 2n ** 32n, undefined],
  ["one before 2^32, seen, from beyond it", [2n ** 32n - 1n, 2n ** 32n], 2n ** 32n - 1n, "replayed"],
  ["one beyond 2^53, beside its neighbour", [2n ** 53n], 2n ** 53n + 1n, undefined],
  ["the last there can be, again", [2n ** 64n - 1n], 2n ** 64n - 1n, "replayed"],
  ["the oldest below the last there can be", [2n ** 64n - 1n], 2n ** 64n - 1024n, undefined],
  ["the one behind the oldest below the last", [2n ** 64n - 1n], 2n ** 64n - 1025n, "late"],
]

const windowOf = (...counters: readonly bigint[]): FrameWindow => {
  const window = new FrameWindow()
  for (const counter of counters) window.accept(counter)
  return window
}

describe("the edges of the window of counters", () => {
  it.each(EDGES)("%s", (_, before, counter, miss) => {
    expect(windowOf(...before).check(counter)).toBe(miss)
  })

  it.each(EDGES.filter(([, , , miss]) => miss === undefined))("%s, and then no more", (_, before, counter) => {
    expect(windowOf(...before, counter).check(counter)).toBe("replayed")
  })
})
