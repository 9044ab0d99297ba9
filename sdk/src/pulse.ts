import { ClientError } from "./client-error.ts"
import type { Clock } from "./clock.ts"

/** How long to wait, and who may end it. */
export interface PulseWait {
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** Lets somebody wait for a fact about the client, whatever makes it true. */
export class Pulse {
  readonly #clock: Clock
  readonly #waiters = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Something changed: everybody looks again. */
  beat(): void {
    for (const look of this.#waiters) look()
  }

  /**
   * Resolves with true when `holds` does, with false when the time is over. `holds` is asked now and at every beat; what it
   * throws is thrown here.
   *
   * @throws ClientError `aborted`
   */
  async until(holds: () => boolean, { timeoutMs, signal }: PulseWait): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>()
    const look = (): void => {
      try {
        if (holds()) resolve(true)
      } catch (error) {
        reject(error)
      }
    }
    const stop = (): void => reject(new ClientError("aborted", "the wait was cancelled", { nextStep: "Nothing." }))
    const timer = this.#clock.setTimer(timeoutMs, () => resolve(false))
    this.#waiters.add(look)
    signal?.addEventListener("abort", stop, { once: true })
    try {
      if (signal?.aborted === true) stop()
      look()
      return await promise
    } finally {
      timer[Symbol.dispose]()
      this.#waiters.delete(look)
      signal?.removeEventListener("abort", stop)
    }
  }
}
