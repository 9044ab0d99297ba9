import { VirtualClock } from "@qpc/rpc/testing"
import type { Clock } from "../clock.ts"

/** Time that a test moves, with a calendar; {@link TestClock.during} moves it while nothing else can happen. */
export class TestClock implements Clock {
  readonly #startMs = Date.UTC(2026, 10, 21)
  readonly #monotonic = new VirtualClock()
  /** How far somebody has set the calendar, which timers do not follow. */
  calendarAheadMs = 0

  nowMs(): number {
    return this.#monotonic.nowMs()
  }

  unixMs(): number {
    return this.#startMs + Math.floor(this.nowMs()) + this.calendarAheadMs
  }

  setTimer(delayMs: number, fire: () => void): Disposable {
    return this.#monotonic.setTimer(delayMs, fire)
  }

  advance(ms: number): void {
    this.#monotonic.advance(ms)
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
