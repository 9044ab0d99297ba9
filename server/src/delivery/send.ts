import type { IdentityKey } from "@qpc/wire"
import type { ServerClock } from "../clock.ts"
import type { Observe } from "../observe.ts"
import { StorageError } from "../storage/storage-error.ts"
import type { Storage, StoredEnvelope } from "../storage/storage.ts"
import type { InboxNotifier } from "./inbox-notifier.ts"

/** What one subscription needs. */
export interface PushingOptions {
  readonly storage: Storage
  readonly notifier: InboxNotifier
  readonly clock: ServerClock
  readonly observe: Observe
  readonly inbox: IdentityKey
  /** Envelopes pushed and not yet acknowledged. */
  readonly window: number
  /** Their bytes together, with the same consequence; one envelope is pushed however large it is. */
  readonly windowBytes: number
  /** Resolves when the connection can take more; rejects when it is over. */
  readonly push: (envelope: StoredEnvelope) => Promise<void>
  /** When false, pushing ends. */
  readonly mayPush: () => boolean
}

/** One read of the store; small, so that a slow connection does not hold many payloads in memory. */
const READ_ENVELOPES = 32
const READ_BYTES = 1024 * 1024
/** After the store failed to read. */
const RETRY_MS = 1000

/**
 * The way out: pushes one inbox on one connection, oldest first, each envelope once per position of the cursor, with at
 * most a window of them, in number and in bytes, unacknowledged.
 *
 * It reads from the store and never from the enqueue that woke it, so what is pushed is durable, in order, and limited
 * by the reader's pace.
 */
export class Pushing implements Disposable {
  readonly #options: PushingOptions
  readonly #watch: Disposable
  /** The newest number pushed. */
  #cursor = 0
  /** Counts moves of the cursor: a read from before a move is stale. */
  #generation = 0
  /** Pushed, not acknowledged; ascending. */
  #inFlight: { readonly seq: number; readonly bytes: number }[] = []
  #inFlightBytes = 0
  /** The size of the next envelope, where it was read and did not fit: it is not read again before it does. */
  #nextBytes = 1
  #isRunning = false
  #isOver = false
  #wakePending = false
  #wake: (() => void) | undefined

  constructor(options: PushingOptions) {
    this.#options = options
    this.#watch = options.notifier.watch(options.inbox, {
      woken: () => this.#signal(),
      acknowledged: (seqUpTo) => {
        while (this.#inFlight.length > 0 && this.#inFlight[0]!.seq <= seqUpTo) {
          this.#inFlightBytes -= this.#inFlight.shift()!.bytes
        }
        this.#signal()
      },
    })
  }

  /** Starts over behind `afterSeq`. */
  moveTo(afterSeq: number): void {
    this.#cursor = afterSeq
    this.#generation++
    this.#inFlight = []
    this.#inFlightBytes = 0
    this.#nextBytes = 1
    this.#signal()
  }

  /**
   * Pushes until the connection or the session is over, or this is disposed of. Call it once.
   *
   * @throws what `push` throws, and what the store throws beyond `StorageError`.
   */
  async run(): Promise<void> {
    if (this.#isRunning) throw new Error("unreachable: a subscription runs once")
    this.#isRunning = true
    while (!this.#isOver && this.#options.mayPush()) {
      this.#wakePending = false
      const pushed = this.#fits(this.#nextBytes) ? await this.#pushSome() : 0
      if (pushed === 0) await this.#signalled()
    }
  }

  /** Ends pushing; an envelope on its way may still arrive. Idempotent. */
  [Symbol.dispose](): void {
    this.#isOver = true
    this.#watch[Symbol.dispose]()
    this.#signal()
  }

  #fits(bytes: number): boolean {
    const { window, windowBytes } = this.#options
    const fitsAlone = this.#inFlight.length === 0
    return fitsAlone || (this.#inFlight.length < window && this.#inFlightBytes + bytes <= windowBytes)
  }

  async #pushSome(): Promise<number> {
    const { push, observe, mayPush } = this.#options
    const generation = this.#generation
    let pushed = 0
    for (const envelope of await this.#read()) {
      if (this.#generation !== generation || this.#isOver || !mayPush()) break
      const bytes = envelope.payload.length
      this.#nextBytes = bytes
      if (!this.#fits(bytes)) break
      // Before the push: its acknowledgement may arrive before the push resolves.
      this.#cursor = envelope.seq
      this.#inFlight.push({ seq: envelope.seq, bytes })
      this.#inFlightBytes += bytes
      this.#nextBytes = 1
      pushed++
      await push(envelope)
      observe({ kind: "pushed", bytes })
    }
    return pushed
  }

  async #read(): Promise<readonly StoredEnvelope[]> {
    const { storage, inbox, clock, window, windowBytes } = this.#options
    const limit = Math.min(Math.max(1, window - this.#inFlight.length), READ_ENVELOPES)
    const limitBytes = Math.min(windowBytes - this.#inFlightBytes, READ_BYTES)
    try {
      const range = { afterSeq: this.#cursor, limit, limitBytes, nowMs: clock.unixMs() }
      return (await storage.peek(inbox, range)).envelopes
    } catch (error) {
      if (!(error instanceof StorageError && error.retryable)) throw error
      clock.setTimer(RETRY_MS, () => this.#signal())
      return []
    }
  }

  #signal(): void {
    this.#wakePending = true
    this.#wake?.()
  }

  #signalled(): Promise<void> {
    if (this.#wakePending) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }
}
