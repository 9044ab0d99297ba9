import { CURVE25519_BYTES, ed25519InputsAreStrict } from "../curve25519.ts"
import type { SignatureScheme } from "../primitives.ts"
import type { Sodium } from "./sodium.ts"

/**
 * Ed25519 (RFC 8032 §5.1); the private key is the 32-byte seed.
 *
 * Nothing is cached: each signature derives the key anew, which doubles its cost and keeps no second copy of it.
 */
export function ed25519(sodium: Sodium): SignatureScheme {
  function expanded(seed: Uint8Array): { publicKey: Uint8Array; privateKey: Uint8Array } {
    if (seed.length !== CURVE25519_BYTES) throw new RangeError(`a private ed25519 key has ${CURVE25519_BYTES} bytes`)
    return sodium.crypto_sign_seed_keypair(seed)
  }

  function publicKeyOf(seed: Uint8Array): Uint8Array {
    const { publicKey, privateKey } = expanded(seed)
    privateKey.fill(0)
    return publicKey
  }

  return {
    publicKeyBytes: CURVE25519_BYTES,
    privateKeyBytes: CURVE25519_BYTES,
    seedBytes: CURVE25519_BYTES,
    keyPair: (seed) => ({ publicKey: publicKeyOf(seed), privateKey: seed.slice() }),
    publicKey: (privateKey) => (privateKey.length === CURVE25519_BYTES ? publicKeyOf(privateKey) : undefined),
    sign(privateKey, message) {
      const { privateKey: seedAndPublicKey } = expanded(privateKey)
      const signature = sodium.crypto_sign_detached(message, seedAndPublicKey)
      seedAndPublicKey.fill(0)
      return signature
    },
    verify: (publicKey, message, signature) =>
      ed25519InputsAreStrict(publicKey, signature) && sodium.crypto_sign_verify_detached(signature, message, publicKey),
  }
}
