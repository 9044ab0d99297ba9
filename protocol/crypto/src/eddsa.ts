import { CURVE25519_BYTES, ed25519InputsAreStrict } from "./curve25519.ts"
import { ED448_BYTES, ed448InputsAreStrict } from "./curve448.ts"
import type { SignatureScheme } from "./primitives.ts"

/** The two parameter sets of RFC 8032. */
export type EddsaName = "Ed25519" | "Ed448"

/** What a platform computes for EdDSA over one curve. */
export interface EddsaArithmetic {
  /** The private key has the right length. The result is the caller's. */
  publicKey(privateKey: Uint8Array): Uint8Array
  /** The private key has the right length. */
  sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array
  /** Key and R are canonical and not of small order. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

const CURVES = {
  Ed25519: { keyBytes: CURVE25519_BYTES, inputsAreStrict: ed25519InputsAreStrict },
  Ed448: { keyBytes: ED448_BYTES, inputsAreStrict: ed448InputsAreStrict },
}

/** EdDSA (RFC 8032) with empty context; the private key is the seed (§5.1.5, §5.2.5). */
export function eddsa(name: EddsaName, arithmetic: EddsaArithmetic): SignatureScheme {
  const { keyBytes, inputsAreStrict } = CURVES[name]

  function checkLength(privateKey: Uint8Array): void {
    if (privateKey.length !== keyBytes) throw new RangeError(`a private key of ${name} has ${keyBytes} bytes`)
  }

  return {
    name,
    publicKeyBytes: keyBytes,
    privateKeyBytes: keyBytes,
    seedBytes: keyBytes,
    drawsRandomness: false,
    keyPair(seed) {
      checkLength(seed)
      return { publicKey: arithmetic.publicKey(seed), privateKey: seed.slice() }
    },
    publicKey: (privateKey) => (privateKey.length === keyBytes ? arithmetic.publicKey(privateKey) : undefined),
    sign(privateKey, message) {
      checkLength(privateKey)
      return arithmetic.sign(privateKey, message)
    },
    verify: (publicKey, message, signature) =>
      inputsAreStrict(publicKey, signature) && arithmetic.verify(publicKey, message, signature),
  }
}
