import { CURVE25519_BYTES, X25519_KEM_ID, x25519PublicKeyIsValid } from "./curve25519.ts"
import { X448_BYTES, x448PublicKeyIsValid } from "./curve448.ts"
import { isScalar, isUncompressedPoint, NIST_CURVES, type NistCurveName, scalarFromCandidates } from "./nist-curves.ts"
import type { DhGroup, HashName } from "./primitives.ts"

/** The groups of DHKEM (RFC 9180 §7.1). */
export type GroupName = "X25519" | "X448" | NistCurveName

/** What is the same on every platform about one group. */
export interface DhGroupRules extends Pick<
  DhGroup,
  "kemId" | "publicKeyBytes" | "privateKeyBytes" | "seedBytes" | "derivePrivateKey"
> {
  readonly name: GroupName
  /** The hash of the DHKEM over it. */
  readonly hash: HashName
  /** Whether a key of the right form can still be off the curve. */
  readonly hasCurveCheck: boolean
  /** What can be told without arithmetic; where there is a curve check it comes after. */
  publicKeyIsWellFormed(publicKey: Uint8Array): boolean
  privateKeyIsValid(privateKey: Uint8Array): boolean
}

/** What a platform computes for one group, with private keys that were checked. */
export interface DhArithmetic {
  publicKey(privateKey: Uint8Array): Uint8Array
  /** `undefined` for a well-formed key off the curve, and for one that forces the secret. */
  sharedSecret(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined
  /** Asked of well-formed keys where there is a curve check. */
  isOnCurve(publicKey: Uint8Array): boolean
}

const EMPTY = new Uint8Array(0)

/** The rules of every group. */
export const DH_GROUPS: Readonly<Record<GroupName, DhGroupRules>> = {
  X25519: montgomery("X25519", X25519_KEM_ID, "SHA-256", CURVE25519_BYTES, x25519PublicKeyIsValid),
  X448: montgomery("X448", 0x0021, "SHA-512", X448_BYTES, x448PublicKeyIsValid),
  "P-256": nist("P-256", 0x0010, "SHA-256", 32),
  "P-384": nist("P-384", 0x0011, "SHA-384", 48),
  // Nsk is 66, but MLS derives the keys of this suite's nodes from 64 bytes (RFC 9420 §7.4), twice its strength.
  "P-521": nist("P-521", 0x0012, "SHA-512", 64),
}

/** A group of DHKEM over a platform that keeps no keys. */
export function dhGroup(rules: DhGroupRules, arithmetic: DhArithmetic): DhGroup {
  return {
    ...rules,
    publicKey: (privateKey) => (rules.privateKeyIsValid(privateKey) ? arithmetic.publicKey(privateKey) : undefined),
    publicKeyIsValid: (publicKey) =>
      rules.publicKeyIsWellFormed(publicKey) && (!rules.hasCurveCheck || arithmetic.isOnCurve(publicKey)),
    agree(privateKey, peerPublicKey) {
      if (!rules.privateKeyIsValid(privateKey)) throw new RangeError(`not a private key of ${rules.name}`)
      if (!rules.publicKeyIsWellFormed(peerPublicKey)) return undefined
      const secret = arithmetic.sharedSecret(privateKey, peerPublicKey)
      return secret && { publicKey: arithmetic.publicKey(privateKey), secret }
    },
  }
}

function montgomery(
  name: "X25519" | "X448",
  kemId: number,
  hash: HashName,
  keyBytes: number,
  publicKeyIsWellFormed: (publicKey: Uint8Array) => boolean,
): DhGroupRules {
  return {
    name,
    kemId,
    hash,
    publicKeyBytes: keyBytes,
    privateKeyBytes: keyBytes,
    seedBytes: keyBytes,
    hasCurveCheck: false,
    derivePrivateKey: (expand) => expand("sk", EMPTY, keyBytes),
    publicKeyIsWellFormed,
    privateKeyIsValid: (privateKey) => privateKey.length === keyBytes,
  }
}

function nist(name: NistCurveName, kemId: number, hash: HashName, seedBytes: number): DhGroupRules {
  const curve = NIST_CURVES[name]
  return {
    name,
    kemId,
    hash,
    publicKeyBytes: curve.publicKeyBytes,
    privateKeyBytes: curve.fieldBytes,
    seedBytes,
    hasCurveCheck: true,
    derivePrivateKey: (expand) => scalarFromCandidates(curve, expand),
    publicKeyIsWellFormed: (publicKey) => isUncompressedPoint(curve, publicKey),
    privateKeyIsValid: (privateKey) => isScalar(curve, privateKey),
  }
}
