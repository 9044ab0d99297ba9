import type { Clock } from "./clock.ts"
import type { TraceLine } from "./trace.ts"

/** Puts the time between two layers to the lines that the layers themselves cannot time. */
export class Tracer {
  readonly #clock: Clock
  readonly #onTrace: ((line: TraceLine) => void) | undefined
  #lastMs: number

  /** @param onTrace - Without it nothing is measured. */
  constructor(clock: Clock, onTrace: ((line: TraceLine) => void) | undefined) {
    this.#clock = clock
    this.#onTrace = onTrace
    this.#lastMs = clock.nowMs()
  }

  get isOn(): boolean {
    return this.#onTrace !== undefined
  }

  /** A message starts on its way: what follows is measured from here. */
  begin(): void {
    if (this.#onTrace !== undefined) this.#lastMs = this.#clock.nowMs()
  }

  /** A message left a layer. */
  line(line: Omit<TraceLine, "micros">): void {
    if (this.#onTrace === undefined) return
    const nowMs = this.#clock.nowMs()
    const micros = Math.round((nowMs - this.#lastMs) * 1000)
    this.#lastMs = nowMs
    this.#onTrace({ ...line, micros })
  }
}
