import { TransportError } from "./connection.ts"

interface Waiting {
  bytes: Uint8Array
  readonly taken: () => void
  readonly failed: (error: TransportError) => void
}

/** What limits writes that wait. */
export interface WaitingLimits {
  /** Bytes that may wait before a further write fails the connection. */
  readonly maxWaitingBytes: number
  /** Ends the connection: a write was refused, so the stream would have a hole. */
  readonly overflowed: (error: TransportError) => void
}

/** Writes that cannot leave yet, in their order. They may leave in parts; each resolves with its last byte. */
export class WaitingWrites {
  readonly #limits: WaitingLimits
  #waiting: Waiting[] = []
  #bytes = 0

  constructor(limits: WaitingLimits) {
    this.#limits = limits
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /**
   * Takes ownership of `bytes`; resolves once the last of them was taken.
   *
   * @param added - called before this returns, when the bytes wait. @throws TransportError `overflow`
   */
  async add(bytes: Uint8Array, added: () => void): Promise<void> {
    if (this.#bytes >= this.#limits.maxWaitingBytes) throw this.#overflow()
    return await new Promise<void>((taken, failed) => {
      this.#waiting.push({ bytes, taken, failed })
      this.#bytes += bytes.length
      added()
    })
  }

  /** The next part of the first write, a view of up to `maxBytes`. Only while there is one. */
  take(maxBytes: number): Uint8Array {
    const write = this.#waiting[0]!
    const part = write.bytes.subarray(0, maxBytes)
    write.bytes = write.bytes.subarray(part.length)
    this.#bytes -= part.length
    if (write.bytes.length === 0) {
      this.#waiting.shift()
      write.taken()
    }
    return part
  }

  /** All that wait reject. */
  fail(error: TransportError): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#bytes = 0
    for (const write of waiting) write.failed(error)
  }

  #overflow(): TransportError {
    const message = `${this.#bytes} bytes wait for a peer that does not read: await each write before the next`
    const error = new TransportError("overflow", message)
    this.#limits.overflowed(error)
    return error
  }
}
