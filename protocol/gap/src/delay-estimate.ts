/** Arrivals that are looked back on: two seconds of frames. */
const ARRIVALS = 100
/** Share of arrivals that are in time for the delay that is asked for. */
const IN_TIME = 0.97

/**
 * How long frames have to wait so that nearly all of them are there in time, from how unevenly the last ones arrived.
 *
 * Differences of arrival and media time are compared with the smallest of them, so neither clock has to be right.
 */
export class DelayEstimate {
  /** Arrival minus media time of the last frames, in milliseconds; overwritten in turn. */
  readonly #transitsMs: number[] = []
  #at = 0

  /** Notes a frame. Both times in milliseconds, each on a clock of its own. */
  note(arrivedAtMs: number, mediaTimeMs: number): void {
    this.#transitsMs[this.#at] = arrivedAtMs - mediaTimeMs
    this.#at = (this.#at + 1) % ARRIVALS
  }

  /** For a source that begins anew: its clock may be another. */
  forget(): void {
    this.#transitsMs.length = 0
    this.#at = 0
  }

  /** In milliseconds; 0 before the first frame. */
  get delayMs(): number {
    const sorted = this.#transitsMs.toSorted((a, b) => a - b)
    const slow = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * IN_TIME))]
    return slow === undefined ? 0 : slow - sorted[0]!
  }
}
