import type { Connection } from "../connection.ts"
import { TransportError } from "../connection.ts"
import type { PausablePipe, PipeSink } from "../framed/byte-pipe.ts"
import type { FramedOptions } from "../framed/framed-connection.ts"
import { OneReader } from "../one-reader.ts"
import { BareSend } from "./send.ts"

/** A bare connection takes the options of a framed one; what belongs to keep-alives has no meaning here. */
export interface BareOptions extends FramedOptions {
  /** A peer that was silent for this long is taken for gone, after twice as long at the latest; 0 for never. Default 0. */
  readonly idleTimeoutMs?: number
  /** Where the peer cannot be held back (`PausablePipe.pause`): so much unread fails the connection. Default 8 MiB. */
  readonly maxUnreadBytes?: number
}

/**
 * A connection whose pipe carries exactly the bytes that are written: for peers that know nothing of our frames.
 *
 * Back-pressure is the pipe's own: it is paused while `windowBytes` wait for the reader. The peer's `close` cannot
 * be told from its `finish`; nobody can be asked whether they are alive, so silence ends a connection only if
 * `idleTimeoutMs` says so.
 */
export function bareConnection(pipe: PausablePipe, options: BareOptions): Connection {
  const connection = new BareConnection(pipe, options)
  connection.open()
  return connection
}

class BareConnection implements Connection {
  readonly kind: Connection["kind"]
  readonly peerAddress: string
  readonly #pipe: PausablePipe
  readonly #options: BareOptions
  readonly #windowBytes: number
  readonly #send: BareSend
  readonly #reader: OneReader
  readonly #released = Promise.withResolvers<void>()
  #at: "open" | "closing" | "released" = "open"
  #isPaused = false
  #peerFinished = false
  #heard = false
  #discardedBytes = 0
  #idleTimer: ReturnType<typeof setTimeout> | undefined
  #closeTimer: ReturnType<typeof setTimeout> | undefined

  constructor(pipe: PausablePipe, options: BareOptions) {
    this.kind = options.kind
    this.peerAddress = options.peerAddress
    this.#pipe = pipe
    this.#options = options
    this.#windowBytes = options.windowBytes ?? 524_288
    this.#send = new BareSend(pipe, {
      maxWaitingBytes: options.maxWaitingBytes ?? 8_388_608,
      defer: options.defer ?? ((task) => queueMicrotask(task)),
      overflowed: (error) => this.#abort(error),
    })
    this.#reader = new OneReader({ took: () => this.#resumeIfRead(), left: async () => await this.close() })
  }

  get incoming(): AsyncIterable<Uint8Array> {
    return this.#reader
  }

  open(): void {
    this.#pipe.open(this.#sink())
    this.#watchSilence()
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#send.write(bytes)
  }

  async finish(): Promise<void> {
    await this.#send.finish()
    this.#releaseIfBothFinished()
  }

  async close(): Promise<void> {
    this.#abort(new TransportError("closed", "this side closed the connection"))
    await this.#released.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #sink(): PipeSink {
    return {
      received: (bytes) => this.#received(bytes),
      drained: () => this.#send.drained(),
      ended: () => this.#ended(),
      broken: (cause) => this.#broken(cause),
    }
  }

  #received(bytes: Uint8Array): void {
    if (this.#at !== "open") return this.#discard(bytes.length)
    this.#heard = true
    this.#reader.push(bytes)
    if (this.#isPaused || this.#reader.unreadBytes < this.#windowBytes) return
    this.#isPaused = this.#pipe.pause()
    if (this.#isPaused || this.#reader.unreadBytes <= (this.#options.maxUnreadBytes ?? 8_388_608)) return
    const message = `${this.#reader.unreadBytes} bytes wait for this side's reader: read faster, or let the peer send less`
    this.#abort(new TransportError("overflow", message))
  }

  /** In halves of the window, so that a slow reader does not pause and resume with every chunk. */
  #resumeIfRead(): void {
    if (!this.#isPaused || this.#reader.unreadBytes * 2 > this.#windowBytes) return
    this.#isPaused = false
    this.#pipe.resume()
  }

  #ended(): void {
    if (this.#at !== "open") return
    this.#peerFinished = true
    this.#reader.close()
    this.#releaseIfBothFinished()
  }

  #broken(cause: unknown): void {
    if (this.#at === "open") {
      const error = new TransportError("closed", "the connection was cut; connect again", { cause })
      this.#reader.close(error)
      this.#send.abandon(error)
    }
    this.#release()
  }

  #abort(error: TransportError): void {
    this.#reader.fail(error)
    if (this.#at !== "open") return
    this.#send.close(error)
    this.#endPipe()
  }

  #releaseIfBothFinished(): void {
    if (this.#at !== "open" || !this.#peerFinished || !this.#send.isFinished) return
    this.#send.abandon(new TransportError("closed", "both sides finished"))
    this.#endPipe()
  }

  /**
   * Gives the peer a moment to take what is under way and to end its own direction, which is read and thrown away. The pipe
   * closes by itself (`broken`) when both directions have ended and everything has left.
   */
  #endPipe(): void {
    this.#at = "closing"
    clearTimeout(this.#idleTimer)
    this.#pipe.resume()
    this.#closeTimer = setTimeout(() => this.#release(), this.#options.closeTimeoutMs ?? 1_000)
  }

  /** A peer that sends on after we ended is cut off: it does not know, and nothing else tells it. */
  #discard(lengthBytes: number): void {
    this.#discardedBytes += lengthBytes
    if (this.#discardedBytes > this.#windowBytes) this.#release()
  }

  #release(): void {
    if (this.#at === "released") return
    this.#at = "released"
    clearTimeout(this.#idleTimer)
    clearTimeout(this.#closeTimer)
    void this.#pipe.destroy("").then(this.#released.resolve)
  }

  /** A peer that is not being read cannot be heard, and is not to blame for that. */
  #watchSilence(): void {
    const idleMs = this.#options.idleTimeoutMs ?? 0
    if (idleMs === 0) return
    this.#idleTimer = setTimeout(() => {
      if (!this.#heard && !this.#isPaused) return this.#broken(new Error(`nothing arrived for ${idleMs} ms`))
      this.#heard = false
      this.#watchSilence()
    }, idleMs)
  }
}
