import type { Clock } from "../clock.ts"

interface Timer {
  readonly dueMs: number
  readonly fire: () => void
}

/** Time that stands still until a test moves it. */
export class VirtualClock implements Clock {
  #nowMs = 0
  readonly #timers = new Set<Timer>()

  /** Timers that are set and have not fired: 0 at the end says that nothing was left behind. */
  get timerCount(): number {
    return this.#timers.size
  }

  nowMs(): number {
    return this.#nowMs
  }

  setTimer(delayMs: number, fire: () => void): Disposable {
    const timer = { dueMs: this.#nowMs + delayMs, fire }
    this.#timers.add(timer)
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) }
  }

  /** Fires everything due within `ms`, in order, each at its own moment. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.#timers.delete(next)
      this.#nowMs = next.dueMs
      next.fire()
    }
    this.#nowMs = untilMs
  }

  #next(untilMs: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && (!first || timer.dueMs < first.dueMs)) first = timer
    }
    return first
  }
}
