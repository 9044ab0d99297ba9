import { fromHex } from "@qpc/wire"

/** The curves of FIPS 186-5 (SP 800-186 §3.2.1) that MLS uses, for agreement and for signatures. */
export type NistCurveName = "P-256" | "P-384" | "P-521"

/** What is the same on every platform about one curve. */
export interface NistCurve {
  readonly name: NistCurveName
  /** Length of a coordinate and of a scalar, big-endian. */
  readonly fieldBytes: number
  /** 0x04 ‖ x ‖ y (SEC 1 §2.3.3): the only form that HPKE and MLS know. */
  readonly publicKeyBytes: number
  /** The order of the base point, big-endian, in `fieldBytes`. */
  readonly order: Uint8Array
  /** What remains of a candidate's first byte (RFC 9180 §7.1.3): P-521 has a scalar of 521 bits in 66 bytes. */
  readonly firstByteMask: number
}

/** The curve of every name. */
export const NIST_CURVES: Readonly<Record<NistCurveName, NistCurve>> = {
  "P-256": curveOf("P-256", 0xff, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
  "P-384": curveOf(
    "P-384",
    0xff,
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
  ),
  "P-521": curveOf(
    "P-521",
    0x01,
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa" +
      "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
  ),
}

const UNCOMPRESSED = 0x04
const CANDIDATES = 256

/** True for 0x04 and two coordinates. Whether they are on the curve is for the library to say. */
export function isUncompressedPoint(curve: NistCurve, publicKey: Uint8Array): boolean {
  return publicKey.length === curve.publicKeyBytes && publicKey[0] === UNCOMPRESSED
}

/** True from 1 to the order less one, in exactly `fieldBytes`. Takes the same time for every scalar. */
export function isScalar(curve: NistCurve, privateKey: Uint8Array): boolean {
  if (privateKey.length !== curve.fieldBytes) return false
  let borrow = 0
  let bits = 0
  for (let i = curve.fieldBytes - 1; i >= 0; i--) {
    borrow = ((privateKey[i]! - curve.order[i]! - borrow) >> 8) & 1
    bits |= privateKey[i]!
  }
  return borrow === 1 && bits !== 0
}

/** The search of DeriveKeyPair over counters (RFC 9180 §7.1.3): nearly always ends at the first. */
export function scalarFromCandidates(
  curve: NistCurve,
  expand: (label: "candidate", info: Uint8Array, lengthBytes: number) => Uint8Array,
): Uint8Array {
  for (let counter = 0; counter < CANDIDATES; counter++) {
    const candidate = expand("candidate", Uint8Array.of(counter), curve.fieldBytes)
    candidate[0]! &= curve.firstByteMask
    if (isScalar(curve, candidate)) return candidate
  }
  throw new Error("unreachable: 256 candidates in a row were no scalars")
}

/**
 * A private key of `fieldBytes + 8` bytes of entropy: (c mod (n − 1)) + 1, "key pair generation using extra random
 * bits" (FIPS 186-5 §A.2.1). The 64 extra bits make the bias of the reduction too small to matter.
 */
export function scalarFromExtraBits(curve: NistCurve, seed: Uint8Array): Uint8Array {
  const scalar = (integerOf(seed) % (integerOf(curve.order) - 1n)) + 1n
  return fromHex(scalar.toString(16).padStart(2 * curve.fieldBytes, "0"))
}

function integerOf(bytes: Uint8Array): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

function curveOf(name: NistCurveName, firstByteMask: number, orderHex: string): NistCurve {
  const order = fromHex(orderHex)
  return { name, fieldBytes: order.length, publicKeyBytes: 1 + 2 * order.length, order, firstByteMask }
}
