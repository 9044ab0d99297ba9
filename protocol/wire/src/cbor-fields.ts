import type { CborKey, CborValue } from "./cbor.ts"
import { DecodeError } from "./decode-error.ts"

/**
 * Reads the entries of a decoded map front to back, in the one order that a protocol lists, each with its type and range.
 *
 * Every method takes the next entry, or refuses. Finish with {@link end}: an entry nobody asked for is an error too. The
 * `offset` of the errors is the index of the entry in the map, the bytes being gone by then.
 */
export class CborFields {
  readonly #entries: readonly (readonly [CborKey, CborValue])[]
  readonly #map: ReadonlyMap<CborKey, CborValue>
  #next = 0

  /** @throws DecodeError `bad_value` if `value` is not a map */
  constructor(value: CborValue) {
    if (!(value instanceof Map)) throw new DecodeError("bad_value", 0)
    this.#map = value as ReadonlyMap<CborKey, CborValue>
    this.#entries = [...this.#map]
  }

  /** True if the next entry is `key`: for fields that may be absent. */
  nextIs(key: CborKey): boolean {
    return this.#entries[this.#next]?.[0] === key
  }

  /** An unsigned integer up to `max`, which is at most 2^53 − 1. @throws DecodeError */
  uint(key: CborKey, max: number): number {
    const value = this.value(key)
    if (typeof value !== "number" || value < 0 || value > max) throw this.#bad()
    return value
  }

  /** An unsigned integer of up to 64 bits. @throws DecodeError */
  uint64(key: CborKey): bigint {
    const value = this.value(key)
    if (typeof value !== "number" && typeof value !== "bigint") throw this.#bad()
    if (value < 0) throw this.#bad()
    return BigInt(value)
  }

  /** A byte string of exactly `lengthBytes`. @throws DecodeError */
  exactly(key: CborKey, lengthBytes: number): Uint8Array {
    const value = this.value(key)
    if (!(value instanceof Uint8Array) || value.length !== lengthBytes) throw this.#bad()
    return value
  }

  /** What `read` takes, or `undefined` for nil. @throws DecodeError */
  nullable<T>(key: CborKey, read: (key: CborKey) => T): T | undefined {
    if (!this.nextIs(key) || this.#map.get(key) !== null) return read(key)
    this.#next++
    return undefined
  }

  /** A byte string of up to `limitBytes`. @throws DecodeError `too_large` above */
  bytes(key: CborKey, limitBytes: number): Uint8Array {
    const value = this.value(key)
    if (!(value instanceof Uint8Array)) throw this.#bad()
    if (value.length > limitBytes) throw new DecodeError("too_large", this.#next - 1)
    return value
  }

  /** Text of up to `limitCharacters` UTF-16 units. @throws DecodeError `too_large` above */
  text(key: CborKey, limitCharacters: number): string {
    const value = this.value(key)
    if (typeof value !== "string") throw this.#bad()
    if (value.length > limitCharacters) throw new DecodeError("too_large", this.#next - 1)
    return value
  }

  /** A list of up to `limitCount` values. @throws DecodeError `too_large` above */
  list(key: CborKey, limitCount: number): readonly CborValue[] {
    const value = this.value(key)
    if (!Array.isArray(value)) throw this.#bad()
    if (value.length > limitCount) throw new DecodeError("too_large", this.#next - 1)
    return value as readonly CborValue[]
  }

  /** @throws DecodeError */
  boolean(key: CborKey): boolean {
    const value = this.value(key)
    if (typeof value !== "boolean") throw this.#bad()
    return value
  }

  /**
   * Any value.
   *
   * @throws DecodeError `not_minimal` if `key` is in the map, but not here; `bad_value` if it is missing
   */
  value(key: CborKey): CborValue {
    const entry = this.#entries[this.#next]
    if (entry?.[0] !== key) throw new DecodeError(this.#map.has(key) ? "not_minimal" : "bad_value", this.#next)
    this.#next++
    return entry[1]
  }

  /** Every reader of fields ends here. @throws DecodeError `bad_value` if an entry is left */
  end(): void {
    if (this.#next !== this.#entries.length) throw new DecodeError("bad_value", this.#next)
  }

  #bad(): DecodeError {
    return new DecodeError("bad_value", this.#next - 1)
  }
}

/** A 64-bit field as {@link encodeCbor} wants it: `number` where it fits. @throws RangeError beyond 64 bits, below 0 */
export function cborUint(value: bigint): number | bigint {
  if (value < 0n || value >= 2n ** 64n) throw new RangeError(`not an unsigned 64-bit integer: ${value}`)
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
}
