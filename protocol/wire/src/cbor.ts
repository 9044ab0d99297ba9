import { decode, encode } from "cborg"
import { checkCbor } from "./cbor-check.ts"
import type { CborLimits } from "./cbor-check.ts"

/** What a map may be keyed by. */
export type CborKey = number | bigint | string

/** The CBOR values our messages are made of. Integers beyond ±(2^53 − 1) are `bigint`, all others `number`. */
export type CborValue =
  | number
  | bigint
  | string
  | Uint8Array
  | boolean
  | null
  | readonly CborValue[]
  | ReadonlyMap<CborKey, CborValue>

const INTEGER_MAX = 2n ** 64n - 1n
const INTEGER_MIN = -(2n ** 64n)
const NESTING_MAX = 64

/**
 * Encodes with shortest integers and definite lengths (RFC 8949 §4.2.1); map entries keep the order of the `Map`,
 * because each of our protocols lists its own. The result is owned by the caller.
 *
 * @throws RangeError for what has no encoding here: fractions, NaN, numbers beyond ±(2^53 − 1) that are not `bigint`,
 *   integers of more than 64 bits, text with lone surrogates, nesting deeper than 64
 * @throws TypeError for anything else that is not a {@link CborValue}
 */
export function encodeCbor(value: CborValue): Uint8Array {
  checkValue(value, 0)
  // cborg may answer with a view, and on Node with a Buffer, whose `slice` copies nothing: others rely on that it does.
  return new Uint8Array(encode(value, KEEP_MAP_ORDER))
}

/**
 * Decodes the one encoding of a value that {@link encodeCbor} writes (RFC 8949 §4.2.1). Byte strings are copies.
 *
 * Refused, although CBOR knows them: floats, tags, `undefined` and other simple values, indefinite lengths, integers in
 * a longer form than needed, repeated map keys, map keys that are neither integers nor text, text that is not UTF-8.
 * The order of map keys is kept for {@link CborFields} to demand.
 *
 * @throws DecodeError `truncated`, `trailing_bytes`, `not_minimal`, `reserved_value`, `bad_value`, `too_large`
 */
export function decodeCbor(bytes: Uint8Array, limits: CborLimits = {}): CborValue {
  checkCbor(bytes, limits)
  return decode(bytes, ONLY_WHAT_WAS_CHECKED) as CborValue
}

const KEEP_MAP_ORDER = { mapSorter: () => 0 }
const ONLY_WHAT_WAS_CHECKED = {
  strict: true,
  useMaps: true,
  rejectDuplicateMapKeys: true,
  allowIndefinite: false,
  allowUndefined: false,
}

function checkValue(value: CborValue, depth: number): void {
  if (depth > NESTING_MAX) throw new RangeError(`CBOR nested deeper than ${NESTING_MAX}`)
  if (typeof value === "number") return checkSafeInteger(value)
  if (typeof value === "bigint") return checkBigInteger(value)
  if (typeof value === "string") return checkText(value)
  if (typeof value === "boolean" || value === null || value instanceof Uint8Array) return
  if (value instanceof Map) {
    for (const [key, held] of value as ReadonlyMap<CborKey, CborValue>) {
      checkKey(key)
      checkValue(held, depth + 1)
    }
  } else if (Array.isArray(value)) {
    for (const held of value as readonly CborValue[]) checkValue(held, depth + 1)
  } else {
    throw new TypeError("not a CBOR value")
  }
}

function checkKey(key: CborKey): void {
  if (typeof key === "number") checkSafeInteger(key)
  else if (typeof key === "bigint") checkBigInteger(key)
  else if (typeof key === "string") checkText(key)
  else throw new TypeError("a CBOR map is keyed by integers or text")
}

function checkSafeInteger(value: number): void {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new RangeError(`not a CBOR integer: ${value}`)
}

/** A small `bigint` would come back as `number`, and as a map key it could stand beside its own twin. */
function checkBigInteger(value: bigint): void {
  const isSmall = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
  if (isSmall || value > INTEGER_MAX || value < INTEGER_MIN) {
    throw new RangeError(`a bigint in CBOR lies beyond 2^53 − 1 and within 64 bits: ${value}`)
  }
}

function checkText(value: string): void {
  if (!value.isWellFormed()) throw new RangeError("text with a lone surrogate has no UTF-8 encoding")
}
