import type { Rate } from "./server-limits.ts"

/** Whether something may happen now. */
export type Admission = { readonly admitted: true } | { readonly admitted: false; readonly retryAfterMs: number }

/**
 * Admits at most `count` takes of a key in **any** window of `windowMs`, not only in windows that start on the second.
 *
 * It remembers the moments themselves, `count` numbers for each key at most. Of `keysLimit` keys the one that was idle
 * longest is forgotten first: to be forgotten early one has to bring up that many other keys.
 */
export class SlidingWindow {
  readonly #rate: Rate
  readonly #keysLimit: number
  readonly #nowMs: () => number
  /** Least recently taken first. Moments are in ascending order. */
  readonly #moments = new Map<string, number[]>()

  constructor(rate: Rate, options: { readonly keysLimit: number; readonly nowMs: () => number }) {
    this.#rate = rate
    this.#keysLimit = options.keysLimit
    this.#nowMs = options.nowMs
  }

  /** Counts one take of `key`, unless that would be one too many. */
  take(key: string): Admission {
    const nowMs = this.#nowMs()
    const { count, windowMs } = this.#rate
    const moments = (this.#moments.get(key) ?? []).filter((moment) => moment > nowMs - windowMs)
    this.#moments.delete(key)
    this.#moments.set(key, moments)
    if (this.#moments.size > this.#keysLimit) this.#forgetIdlest()
    if (moments.length >= count) {
      return { admitted: false, retryAfterMs: Math.max(1, Math.ceil((moments[0] ?? nowMs) + windowMs - nowMs)) }
    }
    moments.push(nowMs)
    return { admitted: true }
  }

  /** Takes the newest take of `key` back: it turned out to be none. */
  giveBack(key: string): void {
    this.#moments.get(key)?.pop()
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#moments.size
  }

  #forgetIdlest(): void {
    const idlest = this.#moments.keys().next()
    if (idlest.done !== true) this.#moments.delete(idlest.value)
  }
}
