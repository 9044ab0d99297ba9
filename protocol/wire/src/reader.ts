import { DecodeError } from "./decode-error.ts"
import { decodeVarint } from "./varint.ts"

/**
 * Reads big-endian fields from front to back. Never reads past the end; never copies.
 *
 * Methods return views into the input, valid only while the caller owns it. Call `.slice()` to keep one.
 */
export class Reader {
  // No DataView beside it: making one costs more than the few bytes of a field.
  readonly #input: Uint8Array
  #offset = 0

  constructor(input: Uint8Array) {
    // A Buffer is taken for the plain array that it is made of: its own `slice` does not copy, and whoever keeps bytes of a
    // message relies on copies.
    const isPlain = Object.getPrototypeOf(input) === Uint8Array.prototype
    this.#input = isPlain ? input : new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset
  }

  /** Bytes not read yet. */
  get remainingBytes(): number {
    return this.#input.length - this.#offset
  }

  /** @throws DecodeError `truncated` */
  uint8(): number {
    return this.#input[this.#advance(1)]!
  }

  /** @throws DecodeError `truncated` */
  uint16(): number {
    const at = this.#advance(2)
    return (this.#input[at]! << 8) | this.#input[at + 1]!
  }

  /** @throws DecodeError `truncated` */
  uint32(): number {
    const at = this.#advance(4)
    const input = this.#input
    return ((input[at]! << 24) | (input[at + 1]! << 16) | (input[at + 2]! << 8) | input[at + 3]!) >>> 0
  }

  /** @throws DecodeError `truncated` */
  uint64(): bigint {
    if (this.remainingBytes < 8) throw new DecodeError("truncated", this.#offset)
    const high = this.uint32()
    return (BigInt(high) << 32n) | BigInt(this.uint32())
  }

  /** A view of exactly `length` bytes. @throws DecodeError `truncated` */
  bytes(length: number): Uint8Array {
    const start = this.#advance(length)
    return this.#input.subarray(start, start + length)
  }

  /**
   * A view of a length-prefixed vector, `opaque x<V>` (RFC 9420 §2.1.2).
   *
   * @param limitBytes - The longest vector the caller is willing to hold; checked before the bytes are touched.
   * @throws DecodeError `truncated`, `not_minimal`, `reserved_value`, `too_large`
   */
  vector(limitBytes: number = Number.POSITIVE_INFINITY): Uint8Array {
    const start = this.#offset
    const length = decodeVarint(this)
    if (length > limitBytes) throw new DecodeError("too_large", start)
    return this.bytes(length)
  }

  /**
   * Everything from `start` to here: the encoded form of what was just read, for hashing and signatures.
   *
   * @param start - An earlier value of {@link offset}.
   */
  since(start: number): Uint8Array {
    return this.#input.subarray(start, this.#offset)
  }

  /** Every decoder ends here: leftover bytes would let two encodings mean the same message. */
  end(): void {
    if (this.#offset !== this.#input.length) throw new DecodeError("trailing_bytes", this.#offset)
  }

  #advance(length: number): number {
    const start = this.#offset
    if (length > this.#input.length - start) throw new DecodeError("truncated", start)
    this.#offset = start + length
    return start
  }
}

/**
 * Reads a list of items from a length-prefixed vector, `T x<V>` (RFC 9420 §2.1.2). The vector must hold whole items.
 *
 * Each item costs at least one byte, so the list is bounded by the input itself.
 *
 * @throws DecodeError what `item` throws, `truncated`, `too_large` when the vector is longer than `limitBytes`
 */
export function readList<T>(reader: Reader, item: (reader: Reader) => T, limitBytes?: number): T[] {
  const inner = new Reader(reader.vector(limitBytes))
  const items: T[] = []
  while (inner.remainingBytes > 0) {
    const before = inner.offset
    items.push(item(inner))
    if (inner.offset === before) throw new Error("unreachable: a list item of zero bytes would never end")
  }
  return items
}

/**
 * Reads `optional<T>`: one presence byte, then the value (RFC 9420 §2.1.1).
 *
 * @throws DecodeError `reserved_value` for a presence byte other than 0 and 1
 */
export function readOptional<T>(reader: Reader, value: (reader: Reader) => T): T | undefined {
  const start = reader.offset
  const presence = reader.uint8()
  if (presence > 1) throw new DecodeError("reserved_value", start)
  return presence === 1 ? value(reader) : undefined
}

/**
 * Runs a decoder over the whole of `input`; nothing may be left over.
 *
 * @throws DecodeError what `decoder` throws, `trailing_bytes`
 */
export function decodeWhole<T>(input: Uint8Array, decoder: (reader: Reader) => T): T {
  const reader = new Reader(input)
  const value = decoder(reader)
  reader.end()
  return value
}
