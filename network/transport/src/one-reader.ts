import type { TransportError } from "./connection.ts"
import { UnreadBytes } from "./unread-bytes.ts"

/** What a `OneReader` tells its connection. */
export interface ReaderHooks {
  /** The reader took so many bytes. */
  took(lengthBytes: number): void
  /** The reader left its loop. */
  left(): Promise<void>
}

/** The incoming bytes of a connection: pushed by the pipe, pulled by one reader. Whoever pushes keeps them bounded. */
export class OneReader implements AsyncIterable<Uint8Array> {
  readonly #hooks: ReaderHooks
  readonly #unread = new UnreadBytes()
  #waiting:
    | { readonly resolve: (result: IteratorResult<Uint8Array>) => void; readonly reject: (error: unknown) => void }
    | undefined
  #end: { readonly error?: TransportError } | undefined
  #hasReader = false

  constructor(hooks: ReaderHooks) {
    this.#hooks = hooks
  }

  /** True once `close` or `fail` was called: nothing more is taken. */
  get isEnded(): boolean {
    return this.#end !== undefined
  }

  get unreadBytes(): number {
    return this.#unread.lengthBytes
  }

  /** Takes a view that stays unchanged. */
  push(bytes: Uint8Array): void {
    if (this.#end) return
    if (!this.#waiting) return this.#unread.push(bytes)
    const { resolve } = this.#waiting
    this.#waiting = undefined
    resolve({ done: false, value: bytes })
    this.#hooks.took(bytes.length)
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
      this.#hooks.took(bytes.length)
      return { done: false, value: bytes }
    }
    if (!this.#end) {
      return await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => (this.#waiting = { resolve, reject }))
    }
    if (this.#end.error) throw this.#end.error
    return { done: true, value: undefined }
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
