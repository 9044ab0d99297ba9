import { ClientError } from "./client-error.ts"
import type { Context } from "./context.ts"
import { asClientError } from "./network-error.ts"
import type { Call } from "./outbox.ts"
import { learnNames } from "./resolve.ts"

/**
 * Finds out what newcomers are called, one look-up at a time. A look-up that begins while another waits for its answers would ask
 * for the same names: in a group that changes several times while members come back, that uses up what the server takes of
 * us in a second, and a text that has to wait for it may come too late to be read.
 */
export class Names {
  readonly #context: Context
  /** The connection of the newest wish that nobody has begun with. */
  #wanted: Call | undefined
  #running: Promise<void> | undefined

  constructor(context: Context) {
    this.#context = context
  }

  /**
   * Looks up who has no name yet. Without an answer they stay keys until the next change or connection. A wish during a look-up
   * is served behind it, together with all others of that time.
   *
   * @throws ClientError `store_…`
   */
  learn(call: Call): Promise<void> {
    this.#wanted = call
    this.#running ??= this.#learnAll()
    return this.#running
  }

  async #learnAll(): Promise<void> {
    try {
      while (this.#wanted !== undefined) {
        const call = this.#wanted
        this.#wanted = undefined
        await this.#learnOnce(call)
      }
    } finally {
      // At once: a wish between the last look and a later step would begin nothing.
      this.#running = undefined
    }
  }

  async #learnOnce(call: Call): Promise<void> {
    try {
      await asClientError(learnNames(this.#context, call))
    } catch (error) {
      if (!(error instanceof ClientError) || error.code.startsWith("store_")) throw error
    }
  }
}
