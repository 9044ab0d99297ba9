/**
 * What was wrong with the bytes.
 *
 * - `truncated`: the input ends inside a field.
 * - `trailing_bytes`: input is left after the last field.
 * - `not_minimal`: a length or integer in a longer form than it needs, or map keys out of order.
 * - `reserved_value`: a value the specification reserves or does not list.
 * - `too_large`: a length above the reader's limit, found before anything was allocated.
 * - `bad_value`: well-formed, but not a value this field may have (wrong type, missing or unknown key).
 */
export type DecodeErrorCode =
  | "truncated"
  | "trailing_bytes"
  | "not_minimal"
  | "reserved_value"
  | "too_large"
  | "bad_value"

/** A peer sent bytes that are not a valid encoding. Thrown by decoders, caught once per layer in `receive.ts`. */
export class DecodeError extends Error {
  override readonly name = "DecodeError"
  readonly code: DecodeErrorCode
  /** Where in the input decoding stopped, in bytes. */
  readonly offset: number

  constructor(code: DecodeErrorCode, offset: number) {
    super(`${code} at byte ${offset}`)
    this.code = code
    this.offset = offset
  }
}

/**
 * What `decode` gives, or `undefined` where the bytes are not a valid encoding.
 *
 * For foreign bytes whose fault has one name only. Everything else that is thrown is our own and goes through.
 */
export function decodedOrUndefined<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
