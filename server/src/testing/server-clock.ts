import { VirtualClock } from "@qpc/rpc/testing"
import type { ServerClock } from "../clock.ts"

/** The moment at which virtual servers start. */
const START_MS = 1_800_000_000_000

/** A server's time that stands still until a test moves it. */
export class VirtualServerClock implements ServerClock {
  readonly #monotonic = new VirtualClock()
  #setBackMs = 0

  nowMs(): number {
    return this.#monotonic.nowMs()
  }

  unixMs(): number {
    return START_MS + this.nowMs() - this.#setBackMs
  }

  /** Somebody corrects the calendar. */
  setBack(ms: number): void {
    this.#setBackMs += ms
  }

  setTimer(delayMs: number, fire: () => void): Disposable {
    return this.#monotonic.setTimer(delayMs, fire)
  }

  /** Fires what is due within `ms`, in order, each at its own moment. */
  advance(ms: number): void {
    this.#monotonic.advance(ms)
  }
}
