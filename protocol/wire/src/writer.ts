import { encodeVarint } from "./varint.ts"

const UINT8_MAX = 0xff
const UINT16_MAX = 0xffff
const UINT32_MAX = 0xffff_ffff
const UINT64_MAX = 2n ** 64n - 1n

/**
 * Appends big-endian fields to one growing buffer.
 *
 * Methods return the writer, so that a structure reads like its specification. A value out of range is the caller's bug:
 * `RangeError`, before anything is written.
 */
export class Writer {
  #buffer: Uint8Array
  #view: DataView
  #length = 0

  /** @param capacityBytes - What to reserve; the buffer doubles when it is full. */
  constructor(capacityBytes = 256) {
    this.#buffer = new Uint8Array(capacityBytes)
    this.#view = new DataView(this.#buffer.buffer)
  }

  /** Bytes written so far. */
  get lengthBytes(): number {
    return this.#length
  }

  uint8(value: number): this {
    checkInteger(value, UINT8_MAX)
    const at = this.#reserve(1)
    this.#view.setUint8(at, value)
    return this
  }

  uint16(value: number): this {
    checkInteger(value, UINT16_MAX)
    const at = this.#reserve(2)
    this.#view.setUint16(at, value)
    return this
  }

  uint32(value: number): this {
    checkInteger(value, UINT32_MAX)
    const at = this.#reserve(4)
    this.#view.setUint32(at, value)
    return this
  }

  uint64(value: bigint): this {
    if (value < 0n || value > UINT64_MAX) throw new RangeError(`not an unsigned 64-bit integer: ${value}`)
    const at = this.#reserve(8)
    this.#view.setBigUint64(at, value)
    return this
  }

  /** Copies `bytes` as they are, without a length. */
  bytes(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length)
    this.#buffer.set(bytes, at)
    return this
  }

  /** Copies `bytes` behind their length, `opaque x<V>` (RFC 9420 §2.1.2). */
  vector(bytes: Uint8Array): this {
    return this.bytes(encodeVarint(bytes.length)).bytes(bytes)
  }

  /** Writes items behind their common length in bytes, `T x<V>` (RFC 9420 §2.1.2). */
  list<T>(items: readonly T[], item: (writer: Writer, value: T) => void): this {
    const inner = new Writer()
    for (const value of items) item(inner, value)
    return this.vector(inner.view())
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
    return this.#buffer.subarray(0, this.#length)
  }

  /** A copy of what was written, owned by the caller. */
  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length)
  }

  /** Call it before touching `#buffer` or `#view` in an expression: it may replace both. */
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
    this.#buffer.set(outgrown.subarray(0, this.#length))
    this.#view = new DataView(this.#buffer.buffer)
    outgrown.fill(0) // It may have held a secret; the caller could not know that a copy stayed behind.
  }
}

/** Runs `write` on a fresh writer and returns the bytes, owned by the caller. */
export function encode(write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer()
  write(writer)
  return writer.finish()
}

function checkInteger(value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new RangeError(`not an integer in [0, ${max}]: ${value}`)
  }
}
