import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { race } from "./race.ts"
import type { Attempt } from "./race.ts"

const never = new AbortController().signal
const after = (ms: number, result: string | Error): Attempt<string>["run"] => {
  return async () =>
    await new Promise((resolve, reject) => {
      setTimeout(() => (typeof result === "string" ? resolve(result) : reject(result)), ms)
    })
}

describe("race", () => {
  const discarded: string[] = []
  const rules = {
    signal: never,
    isFinal: (error: unknown) => (error as Error).message === "final",
    discard: (result: string) => void discarded.push(result),
  }
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => {
    vi.useRealTimers()
    discarded.length = 0
  })

  it("does not start the second while the first has its head start", async () => {
    const second = vi.fn(after(0, "second"))
    const winner = race(
      [
        { delayMs: 0, run: after(50, "first") },
        { delayMs: 100, run: second },
      ],
      rules,
    )
    await vi.advanceTimersByTimeAsync(200)
    expect(await winner).toBe("first")
    expect(second).not.toHaveBeenCalled()
  })

  it("starts the second at once when the first failed", async () => {
    const attempts = [
      { delayMs: 0, run: after(10, new Error("no")) },
      { delayMs: 10_000, run: after(10, "second") },
    ]
    const winner = race(attempts, rules)
    await vi.advanceTimersByTimeAsync(20)
    expect(await winner).toBe("second")
  })

  it("discards what comes too late, and tells it that it is over", async () => {
    let loser: AbortSignal | undefined
    const first: Attempt<string>["run"] = async (signal) => {
      loser = signal
      return await after(500, "first")(signal)
    }
    const winner = race(
      [
        { delayMs: 0, run: first },
        { delayMs: 100, run: after(10, "second") },
      ],
      rules,
    )
    await vi.advanceTimersByTimeAsync(150)
    expect(await winner).toBe("second")
    expect(loser?.aborted).toBe(true)
    await vi.advanceTimersByTimeAsync(500)
    expect(discarded).toEqual(["first"])
  })

  it("lets nobody win after a final error", async () => {
    const attempts = [
      { delayMs: 0, run: after(10, "first") },
      { delayMs: 0, run: after(5, new Error("final")) },
    ]
    const outcome = race(attempts, rules).catch((error: Error) => error.message)
    await vi.advanceTimersByTimeAsync(20)
    expect(await outcome).toBe("final")
    expect(discarded).toEqual(["first"])
  })

  it("fails with the last attempt's error when all failed", async () => {
    const attempts = [
      { delayMs: 0, run: after(50, new Error("first")) },
      { delayMs: 0, run: after(5, new Error("second")) },
    ]
    const outcome = race(attempts, rules).catch((error: Error) => error.message)
    await vi.advanceTimersByTimeAsync(100)
    expect(await outcome).toBe("second")
  })

  it("fails with the signal's reason when it is aborted", async () => {
    const controller = new AbortController()
    const outcome = race([{ delayMs: 0, run: after(50, "first") }], { ...rules, signal: controller.signal }).catch(
      (error: unknown) => error,
    )
    controller.abort("enough")
    expect(await outcome).toBe("enough")
  })
})
