import { equalBytes, fromHex } from "@qpc/wire"

/** Length of every key and coordinate of X448 (RFC 7748 §5). */
export const X448_BYTES = 56
/** Length of every key of Ed448, and of each half of a signature (RFC 8032 §5.2). */
export const ED448_BYTES = 57

const HALF = "ff".repeat(27)

/** p − 1, p and p + 1 with p = 2^448 − 2^224 − 1, little-endian. */
const P_MINUS_1 = `fe${HALF}fe${HALF}`
const P = `ff${HALF}fe${HALF}`
const P_PLUS_1 = `${"00".repeat(28)}ff${HALF}`
const ZERO = "00".repeat(X448_BYTES)
const ONE = `01${"00".repeat(X448_BYTES - 1)}`

/** The u-coordinates of order 1, 2 and 4 on the curve and its twist, also unreduced: an agreement gives zero. */
const X448_SMALL_ORDER = [ZERO, ONE, P_MINUS_1, P, P_PLUS_1].map(fromHex)

/** The y-coordinates of the four points of small order on edwards448. */
const ED448_SMALL_ORDER = [ZERO, ONE, P_MINUS_1].map(fromHex)

/** True unless `publicKey` has the wrong length or forces every agreement to zero. X448 accepts all else. */
export function x448PublicKeyIsValid(publicKey: Uint8Array): boolean {
  return publicKey.length === X448_BYTES && !X448_SMALL_ORDER.some((value) => equalBytes(value, publicKey))
}

/**
 * The part of strict Ed448 verification (RFC 8032 §5.2.7) in which libraries differ, done once for all of them: key and
 * R must be encoded canonically and must not be of small order, lengths must be exact.
 *
 * Unlike Ed25519 here, libraries of Ed448 agree on the equation with the cofactor.
 */
export function ed448InputsAreStrict(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return (
    publicKey.length === ED448_BYTES &&
    signature.length === 2 * ED448_BYTES &&
    pointIsStrict(publicKey) &&
    pointIsStrict(signature.subarray(0, ED448_BYTES))
  )
}

function pointIsStrict(point: Uint8Array): boolean {
  const y = point.subarray(0, X448_BYTES)
  // The last byte holds the sign of x in its top bit and nothing else.
  if ((point[X448_BYTES]! & 0x7f) !== 0) return false
  return yIsReduced(y) && !ED448_SMALL_ORDER.some((value) => equalBytes(value, y))
}

/** y < 2^448 − 2^224 − 1, little-endian: in p all bytes are ones but for one bit in the middle. */
function yIsReduced(y: Uint8Array): boolean {
  for (let i = X448_BYTES - 1; i > 28; i--) if (y[i] !== 0xff) return true
  if (y[28]! < 0xfe) return true
  if (y[28] === 0xff) return false
  return y.subarray(0, 28).some((byte) => byte !== 0xff)
}
