import { Inbox, InboxOverflowError } from "@qpc/transport"
import { ClientError } from "./client-error.ts"
import type { ClientEvent } from "./model.ts"

/** Hands every event to every reader, without ever waiting for one. */
export class EventHub {
  readonly #unreadLimit: number
  readonly #inboxes = new Set<Inbox<ClientEvent>>()
  readonly #listeners = new Set<(event: ClientEvent) => void>()
  #isClosed = false

  /** @param unreadLimit - Events that one reader may be behind before its loop fails. */
  constructor(unreadLimit: number) {
    this.#unreadLimit = unreadLimit
  }

  publish(event: ClientEvent): void {
    for (const listener of this.#listeners) listener(event)
    for (const inbox of this.#inboxes) inbox.push(event)
  }

  /** For the inside of this package: called at once, must not throw. */
  listen(listener: (event: ClientEvent) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  /**
   * Everything published from this call on, until the signal.
   *
   * What a reader misses is not lost: it is in the store. Hence a slow one is cut off instead of slowing delivery down.
   */
  events(signal: AbortSignal): AsyncIterable<ClientEvent> {
    const inbox = new Inbox<ClientEvent>(this.#unreadLimit)
    if (this.#isClosed || signal.aborted) inbox.close()
    else this.#inboxes.add(inbox)
    const stop = (): void => inbox.close()
    signal.addEventListener("abort", stop, { once: true })
    return this.#read(inbox, () => signal.removeEventListener("abort", stop))
  }

  /** Readers take what is left and end. */
  close(): void {
    this.#isClosed = true
    for (const inbox of this.#inboxes) inbox.close()
  }

  async *#read(inbox: Inbox<ClientEvent>, done: () => void): AsyncGenerator<ClientEvent, void, void> {
    try {
      yield* inbox
    } catch (error) {
      if (!(error instanceof InboxOverflowError)) throw error
      const nextStep = "Read the history and begin to listen again; nothing was lost."
      throw new ClientError("events_overflow", "live events were read too slowly", { nextStep, cause: error })
    } finally {
      this.#inboxes.delete(inbox)
      done()
    }
  }
}
