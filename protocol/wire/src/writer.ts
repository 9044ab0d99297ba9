import { withScratch } from "./scratch.ts"
import { varintBytes, writeVarint } from "./varint.ts"

const UINT8_MAX = 0xff
const UINT16_MAX = 0xffff
const UINT32_MAX = 0xffff_ffff
const UINT64_MAX = 2n ** 64n - 1n
/** Engines keep arrays up to this size inside their own heap, where making one costs next to nothing. */
const SMALL_BYTES = 64
const EMPTY = new Uint8Array(0)

/**
 * Appends big-endian fields to one growing buffer.
 *
 * Methods return the writer, so that a structure reads like its specification. A value out of range is the caller's bug:
 * `RangeError`, before anything is written.
 */
export class Writer {
  // No DataView beside it: making one costs more than the few bytes of a field.
  #buffer: Uint8Array
  #isBorrowed: boolean
  #length = 0

  /** @param room - How many bytes to reserve, or borrowed bytes to write into. When full, the buffer doubles. */
  constructor(room: number | Uint8Array = SMALL_BYTES) {
    this.#isBorrowed = typeof room !== "number"
    this.#buffer = typeof room === "number" ? new Uint8Array(room) : room
  }

  /** Bytes written so far. */
  get lengthBytes(): number {
    return this.#length
  }

  uint8(value: number): this {
    checkInteger(value, UINT8_MAX)
    const at = this.#reserve(1)
    this.#buffer[at] = value
    return this
  }

  uint16(value: number): this {
    checkInteger(value, UINT16_MAX)
    const at = this.#reserve(2)
    this.#buffer[at] = value >>> 8
    this.#buffer[at + 1] = value
    return this
  }

  uint32(value: number): this {
    checkInteger(value, UINT32_MAX)
    const at = this.#reserve(4)
    this.#put32(at, value)
    return this
  }

  uint64(value: bigint): this {
    if (value < 0n || value > UINT64_MAX) throw new RangeError(`not an unsigned 64-bit integer: ${value}`)
    const at = this.#reserve(8)
    this.#put32(at, Number(value >> 32n))
    this.#put32(at + 4, Number(value & 0xffff_ffffn))
    return this
  }

  /** Copies `bytes` as they are, without a length. */
  bytes(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length)
    this.#buffer.set(bytes, at)
    return this
  }

  /** Writes `lengthBytes` zeros. */
  zeros(lengthBytes: number): this {
    const at = this.#reserve(lengthBytes)
    this.#buffer.fill(0, at, at + lengthBytes)
    return this
  }

  /** Copies `bytes` behind their length, `opaque x<V>` (RFC 9420 §2.1.2). */
  vector(bytes: Uint8Array): this {
    return this.vectorLength(bytes.length).bytes(bytes)
  }

  /** Writes the length of a vector whose `lengthBytes` bytes follow in pieces. @throws RangeError above 2^30 − 1 */
  vectorLength(lengthBytes: number): this {
    const at = this.#reserve(varintBytes(lengthBytes))
    writeVarint(this.#buffer, at, lengthBytes)
    return this
  }

  /** Writes items behind their common length in bytes, `T x<V>` (RFC 9420 §2.1.2). `item` appends to this writer. */
  list<T>(items: readonly T[], item: (writer: Writer, value: T) => void): this {
    const start = this.#length
    for (const value of items) item(this, value)
    // The items move to make room for their length: a writer of their own would copy them too, and grow on its way.
    const lengthBytes = this.#length - start
    const itemsStart = start + varintBytes(lengthBytes)
    this.#reserve(itemsStart - start)
    this.#buffer.copyWithin(itemsStart, start, start + lengthBytes)
    writeVarint(this.#buffer, start, lengthBytes)
    return this
  }

  /** Writes `optional<T>`: one presence byte, then the value (RFC 9420 §2.1.1). */
  optional<T>(value: T | undefined, write: (writer: Writer, value: T) => void): this {
    if (value === undefined) return this.uint8(0)
    this.uint8(1)
    write(this, value)
    return this
  }

  /** A view of what was written, valid until the next write. For hashing; use {@link finish} to keep it. */
  view(): Uint8Array {
    return this.#length === this.#buffer.length ? this.#buffer : this.#buffer.subarray(0, this.#length)
  }

  /** A copy of what was written, owned by the caller. */
  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length)
  }

  /**
   * What was written, owned by the caller, without a copy where it fills the buffer. The writer is empty afterwards and
   * keeps nothing.
   */
  take(): Uint8Array {
    const buffer = this.#buffer
    const length = this.#length
    const isWhole = length === buffer.length && !this.#isBorrowed
    this.#buffer = EMPTY
    this.#isBorrowed = false
    this.#length = 0
    if (isWhole) return buffer
    const taken = buffer.slice(0, length)
    buffer.fill(0, 0, length) // As when growing: it may be a secret.
    return taken
  }

  #put32(at: number, value: number): void {
    this.#buffer[at] = value >>> 24
    this.#buffer[at + 1] = value >>> 16
    this.#buffer[at + 2] = value >>> 8
    this.#buffer[at + 3] = value
  }

  /** Call it before touching `#buffer` in an expression: it may replace it. */
  #reserve(lengthBytes: number): number {
    const start = this.#length
    const end = start + lengthBytes
    if (end > this.#buffer.length) this.#grow(end)
    this.#length = end
    return start
  }

  #grow(atLeastBytes: number): void {
    const outgrown = this.#buffer
    this.#buffer = new Uint8Array(Math.max(atLeastBytes, outgrown.length * 2))
    this.#isBorrowed = false
    this.#buffer.set(outgrown.subarray(0, this.#length))
    outgrown.fill(0) // It may have held a secret; the caller could not know that a copy stayed behind.
  }
}

/** Most structures fit. Longer ones move to memory of their own, which doubles. */
const USUAL_BYTES = 512

/**
 * Runs `write` on a fresh writer and returns the bytes, owned by the caller.
 *
 * @param capacityBytes - What to reserve. The exact length saves a copy; a wrong one costs only time.
 */
export function encode(write: (writer: Writer) => void, capacityBytes?: number): Uint8Array {
  if (capacityBytes !== undefined) return written(new Writer(capacityBytes), write)
  return withScratch(USUAL_BYTES, (scratch) => written(new Writer(scratch), write))
}

function written(writer: Writer, write: (writer: Writer) => void): Uint8Array {
  write(writer)
  return writer.take()
}

function checkInteger(value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new RangeError(`not an integer in [0, ${max}]: ${value}`)
  }
}
