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
