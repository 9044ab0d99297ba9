import type { ServerClock } from "@qpc/server"

/** The clock of a machine whose calendar somebody set wrongly: it runs like any other. */
export class WrongClock implements ServerClock {
  readonly #clock: ServerClock
  /** How far the calendar is ahead of the right time, in milliseconds. */
  aheadMs: number

  constructor(clock: ServerClock, aheadMs: number) {
    this.#clock = clock
    this.aheadMs = aheadMs
  }

  nowMs(): number {
    return this.#clock.nowMs()
  }

  unixMs(): number {
    return this.#clock.unixMs() + this.aheadMs
  }

  setTimer(delayMs: number, fire: () => void): Disposable {
    return this.#clock.setTimer(delayMs, fire)
  }
}

const DAY_MS = 86_400_000

/** Ahead and behind: within what does no harm, beyond it, and so far that nothing is valid any more. */
export const OFF_MS: readonly (readonly [string, number])[] = [
  ["10 minutes ahead", 600_000],
  ["10 minutes behind", -600_000],
  ["2 days ahead", 2 * DAY_MS],
  ["2 days behind", -2 * DAY_MS],
  ["10 years ahead", 3653 * DAY_MS],
  ["10 years behind", -3653 * DAY_MS],
]
