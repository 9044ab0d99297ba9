import { concatBytes } from "@qpc/wire"
import { TransportError } from "../connection.ts"
import type { BytePipe } from "../framed/byte-pipe.ts"

/** What is given to the pipe at once; between two of them the pipe can say that it is full. */
const BATCH_BYTES = 65_536

interface Waiting {
  bytes: Uint8Array
  readonly taken: () => void
  readonly failed: (error: TransportError) => void
}

/** What a `BareSend` needs to know. */
export interface BareSendLimits {
  /** Bytes that may wait for the pipe before a further write fails the connection. */
  readonly maxWaitingBytes: number
  /** Runs a task after the code that is running now; small writes until then leave together. */
  readonly defer: (task: () => void) => void
  /** Ends the connection: a write was refused, so the stream would have a hole. */
  readonly overflowed: (error: TransportError) => void
}

/** Our direction of a bare connection: writes wait here while the pipe is full. */
export class BareSend {
  readonly #pipe: BytePipe
  readonly #limits: BareSendLimits
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #congested = false
  #pumpDeferred = false
  #finish: { readonly promise: Promise<void>; readonly done: () => void } | undefined
  #isFinished = false
  #end: TransportError | undefined

  constructor(pipe: BytePipe, limits: BareSendLimits) {
    this.#pipe = pipe
    this.#limits = limits
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
    if (this.#waitingBytes >= this.#limits.maxWaitingBytes) throw this.#overflow()
    return await new Promise<void>((taken, failed) => {
      this.#waiting.push({ bytes, taken, failed })
      this.#waitingBytes += bytes.length
      this.#deferPump()
    })
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
    const waiting = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    for (const write of waiting) write.failed(error)
    this.#finish?.done()
  }

  #pump(): void {
    while (this.#waiting.length > 0 && !this.#congested && !this.#end) {
      const batch = this.#nextBatch()
      if (!this.#pipe.write(batch)) this.#congested = true
    }
    if (!this.#finish || this.#isFinished || this.#waiting.length > 0 || this.#end) return
    this.#isFinished = true
    this.#pipe.end()
    this.#finish.done()
  }

  /** Up to BATCH_BYTES of what waits. A write resolves with its last byte: the pipe may be full, but it has it. */
  #nextBatch(): Uint8Array {
    const parts: Uint8Array[] = []
    let lengthBytes = 0
    while (lengthBytes < BATCH_BYTES && this.#waiting.length > 0) {
      const write = this.#waiting[0]!
      const part = write.bytes.subarray(0, BATCH_BYTES - lengthBytes)
      write.bytes = write.bytes.subarray(part.length)
      lengthBytes += part.length
      parts.push(part)
      if (write.bytes.length > 0) break
      this.#waiting.shift()
      write.taken()
    }
    this.#waitingBytes -= lengthBytes
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

  #overflow(): TransportError {
    const message = `${this.#waitingBytes} bytes wait for a peer that does not read: await each write before the next`
    const error = new TransportError("overflow", message)
    this.#limits.overflowed(error)
    return error
  }
}
