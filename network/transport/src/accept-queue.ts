import type { Connection } from "./connection.ts"
import { Inbox } from "./inbox.ts"

/** Connections that wait for the one reader of `Listener.connections`. */
export class AcceptQueue {
  readonly #inbox: Inbox<Connection>
  readonly #limit: number
  readonly #waiting = new Set<Connection>()
  #isOpen = true

  /** @param limit - connections that may wait; the next one is refused */
  constructor(limit: number) {
    this.#inbox = new Inbox<Connection>(limit)
    this.#limit = limit
  }

  /** True while `offer` has room. */
  get hasRoom(): boolean {
    return this.#isOpen && this.#waiting.size < this.#limit
  }

  /** Hands over a connection. Check `hasRoom` before; without room the connection is closed. */
  offer(connection: Connection): void {
    if (!this.hasRoom) return void connection.close("too many connections wait")
    this.#waiting.add(connection)
    this.#inbox.push(connection)
  }

  /** No further connections; those that wait can still be taken. */
  close(): void {
    this.#isOpen = false
    this.#inbox.close()
  }

  /** For `Listener.connections`. @param left - the reader left its loop, or took the last one */
  async *connections(left: () => Promise<void>): AsyncGenerator<Connection, void, void> {
    try {
      for await (const connection of this.#inbox) {
        this.#waiting.delete(connection)
        yield connection
      }
    } finally {
      this.close()
      await left()
      await Promise.all([...this.#waiting].map(async (connection) => await connection.close("nobody accepts any more")))
      this.#waiting.clear()
    }
  }
}
