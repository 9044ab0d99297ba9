import type { ServerClock } from "@qpc/server"

interface Timer {
  readonly dueMs: number
  readonly fire: () => void
}

/** Time for clients and the server alike, which a test moves. */
export class VirtualClock implements ServerClock {
  readonly #timers = new Set<Timer>()
  #nowMs = 0

  nowMs(): number {
    return this.#nowMs
  }

  unixMs(): number {
    return 1_800_000_000_000 + Math.floor(this.#nowMs)
  }

  setTimer(delayMs: number, fire: () => void): Disposable {
    const timer = { dueMs: this.#nowMs + delayMs, fire }
    this.#timers.add(timer)
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) }
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    let next = this.#nextUntil(endMs)
    while (next !== undefined) {
      this.#timers.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      next.fire()
      next = this.#nextUntil(endMs)
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

  #nextUntil(endMs: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer
    }
    return next
  }
}
