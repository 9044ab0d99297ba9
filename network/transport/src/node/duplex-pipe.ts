import type { Duplex } from "node:stream"
import type { PausablePipe, PipeSink } from "../framed/byte-pipe.ts"

/** A TCP or TLS socket or a QUIC stream as a pipe. Create it in the turn that made the stream, or errors may go unheard. */
export class DuplexPipe implements PausablePipe {
  readonly #duplex: Duplex
  readonly #release: (reason: string) => Promise<void>
  readonly #heard = Promise.withResolvers<void>()
  readonly #holdsBack: boolean
  #cause: unknown
  #sink: PipeSink | undefined

  /**
   * @param release - frees what the stream stands on; idempotent, never rejects
   * @param holdsBack - false for a stream that goes on taking from the network while it is paused. Default true
   */
  constructor(duplex: Duplex, release: (reason: string) => Promise<void>, holdsBack = true) {
    this.#duplex = duplex
    this.#holdsBack = holdsBack
    this.#release = release
    this.#heard.promise.catch(() => {}) // Whoever asks for it hears of the failure; nobody has to ask.
    duplex.on("error", (error) => (this.#cause = error))
    duplex.on("close", () => this.#closed())
  }

  /** Resolves when the peer sent its first bytes; rejects if it never did. */
  get heard(): Promise<void> {
    return this.#heard.promise
  }

  open(sink: PipeSink): void {
    this.#sink = sink
    const duplex = this.#duplex
    if (duplex.destroyed) return queueMicrotask(() => this.#closed())
    duplex.on("data", (bytes: Buffer) => {
      this.#heard.resolve()
      // A plain array: `slice` of a Buffer does not copy, and the reader may rely on it.
      sink.received(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length))
    })
    duplex.on("drain", () => sink.drained())
    duplex.on("end", () => sink.ended())
  }

  write(bytes: Uint8Array): boolean {
    return !this.#duplex.writable || this.#duplex.write(bytes)
  }

  end(): void {
    if (this.#duplex.writable) this.#duplex.end()
  }

  pause(): boolean {
    if (this.#holdsBack) this.#duplex.pause()
    return this.#holdsBack
  }

  resume(): void {
    this.#duplex.resume()
  }

  async destroy(reason: string): Promise<void> {
    await this.#release(reason)
    this.#duplex.destroy()
  }

  #closed(): void {
    const cause = this.#cause ?? new Error("the stream was closed")
    this.#heard.reject(cause)
    this.#sink?.broken(cause)
  }
}
