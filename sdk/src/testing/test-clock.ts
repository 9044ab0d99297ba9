import type { Clock } from "../clock.ts"

/** Time that a test moves; {@link TestClock.during} moves it while nothing else can happen. */
export class TestClock implements Clock {
  readonly #startMs = Date.UTC(2026, 10, 21)
  readonly #timers = new Set<{ readonly dueMs: number; readonly fire: () => void }>()
  #nowMs = 0
  /** How far somebody has set the calendar, which timers do not follow. */
  calendarAheadMs = 0

  nowMs(): number {
    return this.#nowMs
  }

  unixMs(): number {
    return this.#startMs + Math.floor(this.#nowMs) + this.calendarAheadMs
  }

  setTimer(delayMs: number, fire: () => void): Disposable {
    const timer = { dueMs: this.#nowMs + delayMs, fire }
    this.#timers.add(timer)
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) }
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    while (true) {
      const [next] = [...this.#timers].filter(({ dueMs }) => dueMs <= endMs).toSorted((a, b) => a.dueMs - b.dueMs)
      if (next === undefined) break
      this.#timers.delete(next)
      this.#nowMs = next.dueMs
      next.fire()
    }
    this.#nowMs = endMs
  }

  /** Waits for `promise`, letting time go by in small steps whenever the event loop has nothing else to do. */
  async during<T>(promise: Promise<T>): Promise<T> {
    const progress = { isSettled: false }
    const settled = (): void => void (progress.isSettled = true)
    promise.then(settled, settled)
    while (!progress.isSettled) {
      for (let i = 0; i < 20 && !progress.isSettled; i++) await new Promise((resolve) => setImmediate(resolve))
      if (!progress.isSettled) this.advance(10)
    }
    return promise
  }
}
