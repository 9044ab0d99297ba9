import { FramingError } from "./framing-error.ts"

/** A frame of the Group Protocol Stack is at most this long unless a limit is set: 1 MiB. */
export const DEFAULT_MAX_FRAME_BYTES = 1_048_576

const PREFIX_BYTES = 4
/** Memory for a frame grows from here by doubling: a length alone, which costs the peer nothing, costs us this much. */
const FIRST_BYTES = 4_096

/**
 * Cuts a stream of bytes into frames: a length as u32, little-endian, then so many bytes; not zero, not above the limit.
 *
 * It holds at most one frame that is not complete, in at most twice the memory of what has arrived of it (4 KiB at least).
 */
export class PrefixReader {
  readonly #maxFrameBytes: number
  readonly #prefix = new Uint8Array(PREFIX_BYTES)
  #prefixBytes = 0
  #frame: { bytes: Uint8Array; filled: number; readonly length: number } | undefined
  #offset = 0

  /** @throws RangeError unless `maxFrameBytes` is an integer from 1 to 2^32 − 1 */
  constructor(maxFrameBytes: number = DEFAULT_MAX_FRAME_BYTES) {
    if (!Number.isInteger(maxFrameBytes) || maxFrameBytes < 1 || maxFrameBytes > 0xffff_ffff) {
      throw new RangeError(`a frame has at most 1 to 4294967295 bytes, not ${maxFrameBytes}`)
    }
    this.#maxFrameBytes = maxFrameBytes
  }

  /**
   * Reads on and yields the frames that are complete now; the caller owns them. Take them all, and push nothing after an error.
   *
   * @throws FramingError `frame_too_large`, `empty_frame`
   */
  *push(bytes: Uint8Array): Generator<Uint8Array, void, void> {
    let at = 0
    while (at < bytes.length) {
      if (this.#frame) at += this.#fill(this.#frame, bytes.subarray(at))
      else this.#addToPrefix(bytes[at++]!)
      if (this.#frame?.filled !== this.#frame?.length || !this.#frame) continue
      const complete = this.#frame.bytes
      this.#frame = undefined
      yield complete
    }
  }

  /** The stream ended. @throws FramingError `frame_cut` inside a frame or its length */
  end(): void {
    if (this.#prefixBytes === 0 && !this.#frame) return
    const missing = this.#frame ? this.#frame.length - this.#frame.filled : PREFIX_BYTES - this.#prefixBytes
    const what = this.#frame ? "a frame" : "the length of a frame"
    throw new FramingError("frame_cut", `the stream ended ${missing} bytes before the end of ${what}`, this.#offset)
  }

  #addToPrefix(byte: number): void {
    this.#prefix[this.#prefixBytes++] = byte
    this.#offset++
    if (this.#prefixBytes < PREFIX_BYTES) return
    this.#prefixBytes = 0
    const length = new DataView(this.#prefix.buffer).getUint32(0, true)
    const at = this.#offset - PREFIX_BYTES
    if (length === 0) throw new FramingError("empty_frame", "a frame of no bytes", at)
    if (length > this.#maxFrameBytes) {
      const message = `a frame of ${length} bytes, above the limit of ${this.#maxFrameBytes}`
      throw new FramingError("frame_too_large", message, at)
    }
    this.#frame = { bytes: new Uint8Array(Math.min(length, FIRST_BYTES)), filled: 0, length }
  }

  #fill(frame: { bytes: Uint8Array; filled: number; readonly length: number }, bytes: Uint8Array): number {
    const part = bytes.subarray(0, frame.length - frame.filled)
    const needed = frame.filled + part.length
    if (needed > frame.bytes.length) {
      const grown = new Uint8Array(Math.min(frame.length, Math.max(needed, frame.bytes.length * 2)))
      grown.set(frame.bytes)
      frame.bytes = grown
    }
    frame.bytes.set(part, frame.filled)
    frame.filled = needed
    this.#offset += part.length
    return part.length
  }
}

/** Puts its length before a frame. @throws RangeError for an empty frame or one above `maxFrameBytes` */
export function withPrefix(frame: Uint8Array, maxFrameBytes: number = DEFAULT_MAX_FRAME_BYTES): Uint8Array {
  if (frame.length === 0 || frame.length > maxFrameBytes) {
    throw new RangeError(`a frame has 1 to ${maxFrameBytes} bytes, not ${frame.length}`)
  }
  const bytes = new Uint8Array(PREFIX_BYTES + frame.length)
  new DataView(bytes.buffer).setUint32(0, frame.length, true)
  bytes.set(frame, PREFIX_BYTES)
  return bytes
}
