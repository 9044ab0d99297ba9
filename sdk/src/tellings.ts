const FIRST_WAIT_MS = 2000
const LONGEST_WAIT_MS = 6 * 3_600_000

/**
 * When something that the server does not take may be said to it again: twice as long after each time, over all connections of this
 * program, so that a connection that breaks and comes back makes it no more often. Times are those of one clock that never goes back.
 */
export class Tellings {
  #waitMs = FIRST_WAIT_MS
  #nextAtMs = 0

  /** How long until it may be said again; 0 if now. */
  leftMs(nowMs: number): number {
    return Math.max(0, this.#nextAtMs - nowMs)
  }

  /** It is said now. */
  said(nowMs: number): void {
    this.#nextAtMs = nowMs + this.#waitMs
    this.#waitMs = Math.min(LONGEST_WAIT_MS, 2 * this.#waitMs)
  }

  /** There is something new to say. */
  beginAnew(): void {
    this.#waitMs = FIRST_WAIT_MS
    this.#nextAtMs = 0
  }
}
