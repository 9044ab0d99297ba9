import { TransportError, type Connection } from "@qpc/transport"
import { concatBytes } from "@qpc/wire"
import { withTimer, type Clock } from "./clock.ts"

/** Frames are gathered up to about this size: larger writes gain nothing and delay the first byte. */
const BATCH_BYTES = 64 * 1024

interface Batch {
  readonly frames: Uint8Array[]
  sizeBytes: number
  readonly taken: PromiseWithResolvers<void>
}

/** What a `FrameWriter` needs beside a connection. */
export interface FrameWriterOptions {
  readonly clock: Clock
  /** How long one write may wait for the peer to read. */
  readonly writeStallMs: number
  /** Called once, when a write failed or stalled; nothing is written any more then. */
  readonly onFailure: (error: unknown) => void
}

/**
 * Writes frames in order, many in one write: what is sent within one tick, or while the previous write waits for the
 * peer, travels together. A write per frame would cost a system call, and on QUIC a packet, each.
 *
 * It does not bound the queue itself: calls and pushes have their own limits, counted by who sends.
 */
export class FrameWriter {
  readonly #connection: Connection
  readonly #options: FrameWriterOptions
  #batches: Batch[] = []
  #isWriting = false
  #failure: { readonly error: unknown } | undefined

  constructor(connection: Connection, options: FrameWriterOptions) {
    this.#connection = connection
    this.#options = options
  }

  /**
   * Takes ownership of `frame`. Resolves when the transport has taken it. The promise is shared by the frames of a
   * batch; ignoring it is safe, because a failure is reported through `onFailure` too.
   */
  send(frame: Uint8Array): Promise<void> {
    if (this.#failure) return handled(Promise.reject(this.#failure.error))
    let batch = this.#batches.at(-1)
    if (!batch || batch.sizeBytes + frame.length > BATCH_BYTES) {
      batch = { frames: [], sizeBytes: 0, taken: Promise.withResolvers() }
      void handled(batch.taken.promise)
      this.#batches.push(batch)
    }
    batch.frames.push(frame)
    batch.sizeBytes += frame.length
    if (!this.#isWriting) {
      this.#isWriting = true
      queueMicrotask(() => void this.#write())
    }
    return batch.taken.promise
  }

  /** Resolves when everything sent so far is taken by the transport, or can never be. */
  async flushed(): Promise<void> {
    const last = this.#batches.at(-1) ?? this.#current
    await last?.taken.promise.catch(() => {}) // The failure went to onFailure.
  }

  /** Rejects what is still waiting, with `error`, and everything that comes. Idempotent. */
  fail(error: unknown): void {
    if (this.#failure) return
    this.#failure = { error }
    this.#current?.taken.reject(error)
    for (const batch of this.#batches.splice(0)) batch.taken.reject(error)
  }

  #current: Batch | undefined

  /** Never rejects: a failure ends in `onFailure`. */
  async #write(): Promise<void> {
    const { clock, writeStallMs } = this.#options
    try {
      while ((this.#current = this.#batches.shift())) {
        const { frames, taken } = this.#current
        const [first] = frames
        const bytes = frames.length === 1 && first ? first : concatBytes(...frames)
        await withTimer(
          clock,
          writeStallMs,
          () => this.#stall(),
          () => this.#connection.write(bytes),
        )
        taken.resolve()
      }
    } catch (error) {
      this.#report(error)
    }
    this.#isWriting = false
  }

  #stall(): void {
    const { writeStallMs } = this.#options
    this.#report(new TransportError("overflow", `the peer read nothing for ${writeStallMs} ms; connect again`))
  }

  #report(error: unknown): void {
    if (this.#failure) return
    this.fail(error)
    this.#options.onFailure(error)
  }
}

/** A promise whose rejection is reported elsewhere as well, so that nobody has to await it. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
