import { concatBytes } from "@qpc/wire"
import { TransportError } from "../connection.ts"
import { WaitingWrites } from "../waiting-writes.ts"
import type { WaitingLimits } from "../waiting-writes.ts"
import type { BytePipe } from "./byte-pipe.ts"
import { encodeClose, encodeHeader, FrameKind, INITIAL_CREDIT_BYTES, MAX_FRAME_NUMBER } from "./frame.ts"

/** A batch this large leaves at once, so that a writer in a tight loop cannot hold up the event loop. */
const BATCH_BYTES = 65_536
/** And so does a batch of this many writes. */
const BATCH_WRITES = 1_024
/** More credit than any window we would ever use is a peer that counts wrongly. */
const MAX_CREDIT_BYTES = 2 ** 32

/** What a `SendSide` needs to know. */
export interface SendLimits extends WaitingLimits {
  /** Runs a task after the code that is running now; small writes until then leave together. */
  readonly defer: (task: () => void) => void
}

/** Our direction of a connection: writes wait here for the peer's credit and leave in batches. */
export class SendSide {
  readonly #pipe: BytePipe
  readonly #limits: SendLimits
  readonly #waiting: WaitingWrites
  #creditBytes = INITIAL_CREDIT_BYTES
  #batch: Uint8Array[] = []
  #batchBytes = 0
  #control: Uint8Array[] = []
  /** At most one answer waits, however many PINGs arrive: a peer that asks and never reads costs nothing. */
  #pongDue = false
  #congested = false
  #flushDeferred = false
  #finish: { readonly promise: Promise<void>; readonly done: () => void; sent: boolean } | undefined
  #end: TransportError | undefined

  constructor(pipe: BytePipe, limits: SendLimits) {
    this.#pipe = pipe
    this.#limits = limits
    this.#waiting = new WaitingWrites(limits)
  }

  /** True once FINISH was given to the pipe. */
  get isFinished(): boolean {
    return this.#finish?.sent === true
  }

  /** Takes ownership of `bytes`; resolves when the pipe has them. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#end) throw this.#end
    if (this.#finish) throw new TransportError("closed", "this side finished already; open a new connection to write")
    if (bytes.length === 0) return
    const fits = bytes.length <= Math.min(this.#creditBytes, BATCH_BYTES)
    if (fits && this.#waiting.isEmpty && !this.#congested) return this.#add(bytes)
    return await this.#waiting.add(bytes, () => this.#pump())
  }

  /** Resolves when everything written and the FINISH frame are with the pipe, or when the connection ended otherwise. */
  async finish(): Promise<void> {
    if (!this.#finish && !this.#end) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#finish = { promise, done: resolve, sent: false }
      this.#pump()
    }
    return await this.#finish?.promise
  }

  /** The peer takes `bytes` more. Returns what the peer did wrong, or undefined. */
  granted(bytes: number): string | undefined {
    this.#creditBytes += bytes
    if (this.#creditBytes > MAX_CREDIT_BYTES) return "more credit than fits"
    this.#pump()
    return undefined
  }

  drained(): void {
    this.#congested = false
    if (this.#pongDue) this.#deferFlush()
    this.#pump()
  }

  /** Lets the peer send `bytes` more. */
  grant(bytes: number): void {
    for (let rest = bytes; rest > 0; rest -= MAX_FRAME_NUMBER) {
      this.#control.push(encodeHeader(FrameKind.credit, Math.min(rest, MAX_FRAME_NUMBER)))
    }
    this.#deferFlush()
  }

  pong(): void {
    this.#pongDue = true
    if (!this.#congested) this.#deferFlush()
  }

  ping(): void {
    this.#control.push(encodeHeader(FrameKind.ping, 0))
    this.#deferFlush()
  }

  /** Sends what was accepted, then CLOSE; writes that still wait, and later ones, reject with `error`. */
  close(reason: string, error: TransportError): void {
    if (this.#end) return
    this.flush()
    this.#pipe.write(encodeClose(reason))
    this.abandon(error)
  }

  /** The pipe is of no use any more: writes that wait, and later ones, reject with `error`. */
  abandon(error: TransportError): void {
    if (this.#end) return
    this.#end = error
    this.#batch = []
    this.#control = []
    this.#waiting.fail(error)
    this.#finish?.done()
  }

  /** Gives the batch to the pipe. */
  flush(): void {
    this.#flushDeferred = false
    if (this.#pongDue && !this.#congested) this.#control.push(encodeHeader(FrameKind.pong, 0))
    if (this.#end || (this.#control.length === 0 && this.#batchBytes === 0)) return
    this.#pongDue &&= this.#congested
    const bytes = gather(this.#control, this.#batch, this.#batchBytes)
    this.#control = []
    this.#batch = []
    this.#batchBytes = 0
    if (!this.#pipe.write(bytes)) this.#congested = true
  }

  #pump(): void {
    while (!this.#waiting.isEmpty && this.#creditBytes > 0 && !this.#congested && !this.#end) {
      this.#add(this.#waiting.take(Math.min(this.#creditBytes, BATCH_BYTES)))
    }
    if (this.#finish && !this.#finish.sent && this.#waiting.isEmpty && !this.#end) this.#sendFinish(this.#finish)
  }

  #sendFinish(finish: { readonly done: () => void; sent: boolean }): void {
    this.flush()
    this.#pipe.write(encodeHeader(FrameKind.finish, 0))
    finish.sent = true
    finish.done()
  }

  #add(bytes: Uint8Array): void {
    this.#creditBytes -= bytes.length
    this.#batch.push(bytes)
    this.#batchBytes += bytes.length
    if (this.#batchBytes >= BATCH_BYTES || this.#batch.length >= BATCH_WRITES) this.flush()
    else this.#deferFlush()
  }

  #deferFlush(): void {
    if (this.#flushDeferred || this.#end) return
    this.#flushDeferred = true
    this.#limits.defer(() => this.flush())
  }
}

/** One buffer for the pipe: control frames first, then one DATA frame. */
function gather(control: readonly Uint8Array[], batch: readonly Uint8Array[], batchBytes: number): Uint8Array {
  const parts = batchBytes > 0 ? [...control, encodeHeader(FrameKind.data, batchBytes), ...batch] : control
  return concatBytes(...parts)
}
