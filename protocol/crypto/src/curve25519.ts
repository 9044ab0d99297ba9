import { fromHex } from "@qpc/wire"

/** Length of every key and coordinate of X25519 and Ed25519. */
export const CURVE25519_BYTES = 32
export const ED25519_SIGNATURE_BYTES = 64

/** RFC 9180 §7.1: DHKEM(X25519, HKDF-SHA256). */
export const X25519_KEM_ID = 0x0020

/**
 * The u-coordinates of order 1, 2, 4 and 8 on the curve and on its twist, with those representatives that fit into 255
 * bits unreduced. A Diffie–Hellman result with one of them is zero whatever the private key (RFC 7748 §6.1).
 */
const X25519_SMALL_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].map(fromHex)

/** The y-coordinates of the eight points of small order on edwards25519; the sign bit is left out of comparisons. */
const ED25519_SMALL_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].map(fromHex)

/** True unless `publicKey` has the wrong length or forces every agreement to zero. X25519 accepts all else. */
export function x25519PublicKeyIsValid(publicKey: Uint8Array): boolean {
  return publicKey.length === CURVE25519_BYTES && !isOneOf(X25519_SMALL_ORDER, publicKey)
}

/**
 * The part of strict Ed25519 verification (RFC 8032 §5.1.7) in which libraries differ, done once for all of them: key
 * and R must be encoded canonically and must not be of small order, lengths must be exact.
 *
 * A key of small order verifies many messages under one signature; a second encoding of R or of the key would give one
 * message two names. OpenSSL 3.0 lets the first through, 3.5 does not. Whether S is reduced and the equation holds is
 * for the library to say.
 */
export function ed25519InputsAreStrict(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return (
    publicKey.length === CURVE25519_BYTES &&
    signature.length === ED25519_SIGNATURE_BYTES &&
    pointIsStrict(publicKey) &&
    pointIsStrict(signature.subarray(0, CURVE25519_BYTES))
  )
}

function pointIsStrict(point: Uint8Array): boolean {
  return yIsReduced(point) && !isOneOf(ED25519_SMALL_ORDER, point)
}

/** y < 2^255 − 19, little-endian, without the sign bit. */
function yIsReduced(point: Uint8Array): boolean {
  if ((point[31]! & 0x7f) !== 0x7f) return true
  for (let i = 30; i > 0; i--) if (point[i] !== 0xff) return true
  return point[0]! < 0xed
}

/** Compares 255 bits. The values are public, so it may stop early. */
function isOneOf(values: readonly Uint8Array[], point: Uint8Array): boolean {
  return values.some((value) => {
    for (let i = 0; i < 31; i++) if (value[i] !== point[i]) return false
    return value[31] === (point[31]! & 0x7f)
  })
}
