import type { Clock } from "./clock.ts"
import type { ProfileTimeRecord } from "./records.ts"

/** What passes while the program does not run counts up to this: a calendar that is years ahead must not delete years early. */
export const ABSENCE_COUNTED_MS: number = 28 * 86_400_000

/**
 * Time that only goes forward, in milliseconds since the profile was made: what the clock of the machine says is believed for as far
 * as it goes. It follows the calendar, which also counts while the machine sleeps or the program is not running, but goes back with
 * it never, and ahead by 28 days at once at most. While the program runs it counts at least what the monotonic clock does.
 */
export class ProfileTime {
  readonly #clock: Clock
  #profileMs: number
  #wallMs: number
  #monotonicMs: number

  /** @param stored - As it was written last; `undefined` for a new profile. */
  constructor(clock: Clock, stored: ProfileTimeRecord | undefined) {
    this.#clock = clock
    this.#profileMs = stored?.profileMs ?? 0
    this.#wallMs = stored?.wallMs ?? clock.unixMs()
    this.#monotonicMs = clock.nowMs()
  }

  /** Whole milliseconds. */
  nowMs(): number {
    const [wallMs, monotonicMs] = [this.#clock.unixMs(), this.#clock.nowMs()]
    const ranMs = Math.max(0, monotonicMs - this.#monotonicMs)
    const passedMs = Math.max(ranMs, Math.min(wallMs - this.#wallMs, ABSENCE_COUNTED_MS))
    // The calendar's part of a millisecond is not lost: it is counted with the next one.
    this.#profileMs += Math.floor(passedMs)
    this.#monotonicMs = monotonicMs - (passedMs === ranMs ? passedMs - Math.floor(passedMs) : 0)
    this.#wallMs = wallMs
    return this.#profileMs
  }

  /** What to store together with anything that is due at such a time. */
  record(): ProfileTimeRecord {
    const profileMs = this.nowMs()
    return { profileMs, wallMs: this.#wallMs }
  }
}
