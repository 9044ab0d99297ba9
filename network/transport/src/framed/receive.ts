import type { TransportError } from "../connection.ts"
import { OneReader } from "../one-reader.ts"
import { INITIAL_CREDIT_BYTES } from "./frame.ts"

/** What a `ReceiveSide` asks of its connection. */
export interface ReceiveHooks {
  /** The reader took bytes: let the peer send that many more. */
  grant(bytes: number): void
  /** The reader left its loop. */
  left(): Promise<void>
}

/** The peer's direction of a connection: pushed by the pipe, pulled by one reader, never more than a window unread. */
export class ReceiveSide {
  readonly #windowBytes: number
  readonly #hooks: ReceiveHooks
  /** For `Connection.incoming`. */
  readonly reader: OneReader
  /** What the peer may still send, as far as we told it. */
  #allowedBytes = INITIAL_CREDIT_BYTES
  /** What was read since we last told it. */
  #readBytes = 0

  constructor(windowBytes: number, hooks: ReceiveHooks) {
    this.#windowBytes = windowBytes
    this.#hooks = hooks
    this.reader = new OneReader({
      took: (lengthBytes) => this.#took(lengthBytes),
      left: async () => await hooks.left(),
    })
  }

  /** Opens the window; the peer begins with INITIAL_CREDIT_BYTES of it. */
  open(): void {
    const moreBytes = this.#windowBytes - INITIAL_CREDIT_BYTES
    this.#allowedBytes += moreBytes
    if (moreBytes > 0) this.#hooks.grant(moreBytes)
  }

  /** Takes a view that stays unchanged. Returns what the peer did wrong, or undefined. */
  received(bytes: Uint8Array): string | undefined {
    if (this.reader.isEnded) return undefined
    this.#allowedBytes -= bytes.length
    if (this.#allowedBytes < 0) return "more data than it was allowed"
    this.reader.push(bytes)
    return undefined
  }

  /** The peer finished, or the connection ended: the reader gets what is here, then the end. */
  close(error?: TransportError): void {
    this.reader.close(error)
  }

  /** The connection failed in a way that makes what is here worthless, or nobody will read it. */
  fail(error: TransportError): void {
    this.reader.fail(error)
  }

  /** Credit goes out in halves of the window: a frame per chunk would double the packets. */
  #took(lengthBytes: number): void {
    this.#readBytes += lengthBytes
    if (this.reader.isEnded || this.#readBytes * 2 < this.#windowBytes) return
    this.#allowedBytes += this.#readBytes
    this.#hooks.grant(this.#readBytes)
    this.#readBytes = 0
  }
}
