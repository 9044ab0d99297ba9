import type { ServerClock } from "../clock.ts"

interface Timer {
  readonly dueMs: number
  readonly fire: () => void
}

/** The moment at which virtual servers start. */
const START_MS = 1_800_000_000_000

/** A server's time that stands still until a test moves it. */
export class VirtualServerClock implements ServerClock {
  #nowMs = 0
  #setBackMs = 0
  #timers: Timer[] = []

  nowMs(): number {
    return this.#nowMs
  }

  unixMs(): number {
    return START_MS + this.#nowMs - this.#setBackMs
  }

  /** Somebody corrects the calendar. */
  setBack(ms: number): void {
    this.#setBackMs += ms
  }

  setTimer(delayMs: number, fire: () => void): Disposable {
    const timer = { dueMs: this.#nowMs + delayMs, fire }
    this.#timers = [...this.#timers, timer].toSorted((a, b) => a.dueMs - b.dueMs)
    return { [Symbol.dispose]: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) }
  }

  /** Fires what is due within `ms`, in order, each at its own moment. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (let next = this.#timers[0]; next && next.dueMs <= untilMs; next = this.#timers[0]) {
      this.#timers = this.#timers.slice(1)
      this.#nowMs = next.dueMs
      next.fire()
    }
    this.#nowMs = untilMs
  }
}
