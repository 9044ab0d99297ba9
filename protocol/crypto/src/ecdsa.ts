import { decodeDerSignature, encodeDerSignature } from "./der-signature.ts"
import { isScalar, isUncompressedPoint, NIST_CURVES, type NistCurveName, scalarFromExtraBits } from "./nist-curves.ts"
import type { SignatureScheme } from "./primitives.ts"

/** What a platform computes for ECDSA over one curve, with the hash of the same strength (RFC 8446 §4.2.3). */
export interface EcdsaArithmetic {
  /** True if two signatures of one message differ. */
  readonly drawsRandomness: boolean
  /** The private key has been checked. The result is the caller's. */
  publicKey(privateKey: Uint8Array): Uint8Array
  /** r ‖ s. The private key has been checked. */
  sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array
  /** The public key is an uncompressed point, perhaps not on the curve; the signature is r ‖ s of the right length. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

/** Beyond the order's length (FIPS 186-5 §A.2.1). */
const EXTRA_SEED_BYTES = 8

/**
 * ECDSA as MLS wants it (RFC 9420 §5.1.1–2): keys are uncompressed points and scalars, signatures are DER, and both
 * have one encoding each.
 *
 * (r, n − s) verifies wherever (r, s) does: signers elsewhere make both, so a verifier cannot refuse one. It does no
 * harm here, because MLS hashes and authenticates a message together with its signature.
 */
export function ecdsa(name: NistCurveName, arithmetic: EcdsaArithmetic): SignatureScheme {
  const curve = NIST_CURVES[name]
  const seedBytes = curve.fieldBytes + EXTRA_SEED_BYTES
  return {
    name,
    publicKeyBytes: curve.publicKeyBytes,
    privateKeyBytes: curve.fieldBytes,
    seedBytes,
    drawsRandomness: arithmetic.drawsRandomness,
    keyPair(seed) {
      if (seed.length !== seedBytes) throw new RangeError(`a seed of ECDSA ${name} has ${seedBytes} bytes`)
      const privateKey = scalarFromExtraBits(curve, seed)
      return { publicKey: arithmetic.publicKey(privateKey), privateKey }
    },
    publicKey: (privateKey) => (isScalar(curve, privateKey) ? arithmetic.publicKey(privateKey) : undefined),
    sign(privateKey, message) {
      if (!isScalar(curve, privateKey)) throw new RangeError(`not a private key of ECDSA ${name}`)
      return encodeDerSignature(arithmetic.sign(privateKey, message))
    },
    verify(publicKey, message, signature) {
      const decoded = decodeDerSignature(signature, curve.fieldBytes)
      return (
        decoded !== undefined && isUncompressedPoint(curve, publicKey) && arithmetic.verify(publicKey, message, decoded)
      )
    },
  }
}
