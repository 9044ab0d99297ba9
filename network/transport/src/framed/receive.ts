import type { TransportError } from "../connection.ts"
import { INITIAL_CREDIT_BYTES } from "./frame.ts"
import { UnreadBytes } from "./unread-bytes.ts"

/** What a `ReceiveSide` asks of its connection. */
export interface ReceiveHooks {
  /** The reader took bytes: let the peer send that many more. */
  grant(bytes: number): void
  /** The reader left its loop. */
  left(): Promise<void>
}

/** The peer's direction of a connection: pushed by the pipe, pulled by one reader, never more than a window unread. */
export class ReceiveSide implements AsyncIterable<Uint8Array> {
  readonly #windowBytes: number
  readonly #hooks: ReceiveHooks
  readonly #unread = new UnreadBytes()
  /** What the peer may still send, as far as we told it. */
  #allowedBytes = INITIAL_CREDIT_BYTES
  /** What was read since we last told it. */
  #readBytes = 0
  #waiting:
    | { readonly resolve: (result: IteratorResult<Uint8Array>) => void; readonly reject: (error: unknown) => void }
    | undefined
  #end: { readonly error?: TransportError } | undefined
  #hasReader = false

  constructor(windowBytes: number, hooks: ReceiveHooks) {
    this.#windowBytes = windowBytes
    this.#hooks = hooks
  }

  /** Opens the window; the peer begins with INITIAL_CREDIT_BYTES of it. */
  open(): void {
    const moreBytes = this.#windowBytes - INITIAL_CREDIT_BYTES
    this.#allowedBytes += moreBytes
    if (moreBytes > 0) this.#hooks.grant(moreBytes)
  }

  /** Takes a view that stays unchanged. Returns what the peer did wrong, or undefined. */
  received(bytes: Uint8Array): string | undefined {
    if (this.#end) return undefined
    this.#allowedBytes -= bytes.length
    if (this.#allowedBytes < 0) return "more data than it was allowed"
    if (!this.#waiting) {
      this.#unread.push(bytes)
      return undefined
    }
    const { resolve } = this.#waiting
    this.#waiting = undefined
    resolve({ done: false, value: bytes })
    this.#took(bytes.length)
    return undefined
  }

  /** The peer finished, or the connection ended: the reader gets what is here, then the end. */
  close(error?: TransportError): void {
    this.#settle(error)
  }

  /** The connection failed in a way that makes what is here worthless, or nobody will read it. */
  fail(error: TransportError): void {
    this.#unread.clear()
    this.#settle(error)
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined, undefined> {
    if (this.#hasReader) throw new TypeError("a connection has one reader, and it has one already")
    this.#hasReader = true
    return {
      next: async () => await this.#next(),
      return: async () => {
        await this.#hooks.left()
        return { done: true, value: undefined }
      },
    }
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#waiting) throw new TypeError("a connection is read one chunk after the other")
    const bytes = this.#unread.shift()
    if (bytes) {
      this.#took(bytes.length)
      return { done: false, value: bytes }
    }
    if (!this.#end) {
      return await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => (this.#waiting = { resolve, reject }))
    }
    if (this.#end.error) throw this.#end.error
    return { done: true, value: undefined }
  }

  /** Credit goes out in halves of the window: a frame per chunk would double the packets. */
  #took(lengthBytes: number): void {
    this.#readBytes += lengthBytes
    if (this.#end || this.#readBytes * 2 < this.#windowBytes) return
    this.#allowedBytes += this.#readBytes
    this.#hooks.grant(this.#readBytes)
    this.#readBytes = 0
  }

  #settle(error: TransportError | undefined): void {
    if (this.#end) return
    this.#end = error ? { error } : {}
    const waiting = this.#waiting
    this.#waiting = undefined
    if (error) waiting?.reject(error)
    else waiting?.resolve({ done: true, value: undefined })
  }
}
