import { ClientError, profileClosed } from "./client-error.ts"

/**
 * One at a time, in the order of asking: what reads the store and then writes it must not meet another that does the
 * same.
 */
export class Turn {
  readonly #waitingLimit: number
  #waiting = 0
  #isClosed = false
  #last: Promise<unknown> = Promise.resolve()

  /** @param waitingLimit - Beyond it asking is refused. */
  constructor(waitingLimit: number) {
    this.#waitingLimit = waitingLimit
  }

  /**
   * Runs `action` when everything asked for before has ended, well or badly. For calls from outside, which nobody else
   * limits.
   *
   * @throws ClientError `busy`, `store_closed` after {@link Turn.close}
   */
  async take<T>(action: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#waitingLimit) {
      const nextStep = "Wait until earlier calls have ended."
      throw new ClientError("busy", `${this.#waitingLimit} calls are waiting`, { nextStep, retryable: true })
    }
    this.#waiting += 1
    try {
      return await this.takeAlways(action)
    } finally {
      this.#waiting -= 1
    }
  }

  /**
   * The same without the limit, for the client's own work: each part of it has one call waiting at most, and however many
   * calls from outside there are, what arrives must be written down.
   *
   * @throws ClientError `store_closed` after {@link Turn.close}
   */
  takeAlways<T>(action: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(profileClosed())
    const mine = this.#last.then(action, action)
    this.#last = mine.catch(() => undefined) // Its own caller hears of the failure; the next one must not.
    return mine
  }

  /**
   * Resolves when all that was asked for before has ended. Nobody gets a turn any more: whoever takes several, one after the other, would
   * else meet a profile that is closed between two steps of one.
   */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#last
  }
}
