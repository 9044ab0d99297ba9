import { concatBytes } from "@qpc/wire"
import { TransportError } from "../connection.ts"
import type { BytePipe } from "../framed/byte-pipe.ts"
import { WaitingWrites } from "../waiting-writes.ts"
import type { WaitingLimits } from "../waiting-writes.ts"

/** What is given to the pipe at once; between two of them the pipe can say that it is full. */
const BATCH_BYTES = 65_536

/** What a `BareSend` needs to know. */
export interface BareSendLimits extends WaitingLimits {
  /** Runs a task after the code that is running now; small writes until then leave together. */
  readonly defer: (task: () => void) => void
}

/** Our direction of a bare connection: writes wait here while the pipe is full. */
export class BareSend {
  readonly #pipe: BytePipe
  readonly #limits: BareSendLimits
  readonly #waiting: WaitingWrites
  #congested = false
  #pumpDeferred = false
  #finish: { readonly promise: Promise<void>; readonly done: () => void } | undefined
  #isFinished = false
  #end: TransportError | undefined

  constructor(pipe: BytePipe, limits: BareSendLimits) {
    this.#pipe = pipe
    this.#limits = limits
    this.#waiting = new WaitingWrites(limits)
  }

  /** True once everything written is with the pipe and its direction was ended. */
  get isFinished(): boolean {
    return this.#isFinished
  }

  /** Takes ownership; resolves when the pipe has it. @throws TransportError `closed`, `overflow` */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#end) throw this.#end
    if (this.#finish) throw new TransportError("closed", "this side finished already; open a new connection to write")
    if (bytes.length === 0) return
    return await this.#waiting.add(bytes, () => this.#deferPump())
  }

  /** Resolves when the pipe has everything and its direction was ended, or when the connection ended otherwise. */
  async finish(): Promise<void> {
    if (!this.#finish && !this.#end) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#finish = { promise, done: resolve }
      this.#deferPump()
    }
    return await this.#finish?.promise
  }

  drained(): void {
    this.#congested = false
    this.#pump()
  }

  /** Gives the pipe what it still takes and ends; writes that wait, and later ones, reject with `error`. */
  close(error: TransportError): void {
    if (this.#end) return
    this.#pump()
    if (!this.#isFinished) this.#pipe.end()
    this.abandon(error)
  }

  /** The pipe is of no use any more: writes that wait, and later ones, reject with `error`. */
  abandon(error: TransportError): void {
    if (this.#end) return
    this.#end = error
    this.#waiting.fail(error)
    this.#finish?.done()
  }

  #pump(): void {
    while (!this.#waiting.isEmpty && !this.#congested && !this.#end) {
      const batch = this.#nextBatch()
      if (!this.#pipe.write(batch)) this.#congested = true
    }
    if (!this.#finish || this.#isFinished || !this.#waiting.isEmpty || this.#end) return
    this.#isFinished = true
    this.#pipe.end()
    this.#finish.done()
  }

  /** Up to BATCH_BYTES of what waits. A write resolves with its last byte: the pipe may be full, but it has it. */
  #nextBatch(): Uint8Array {
    const parts: Uint8Array[] = []
    let lengthBytes = 0
    while (lengthBytes < BATCH_BYTES && !this.#waiting.isEmpty) {
      const part = this.#waiting.take(BATCH_BYTES - lengthBytes)
      lengthBytes += part.length
      parts.push(part)
    }
    return parts.length === 1 ? parts[0]! : concatBytes(...parts)
  }

  #deferPump(): void {
    if (this.#pumpDeferred || this.#congested || this.#end) return
    this.#pumpDeferred = true
    this.#limits.defer(() => {
      this.#pumpDeferred = false
      this.#pump()
    })
  }
}
