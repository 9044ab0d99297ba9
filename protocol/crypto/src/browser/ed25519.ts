import { eddsa } from "../eddsa.ts"
import type { SignatureScheme } from "../primitives.ts"
import type { Sodium } from "./sodium.ts"

/**
 * Ed25519 (RFC 8032 §5.1).
 *
 * Nothing is cached: each signature derives the key anew, which doubles its cost and keeps no second copy of it.
 */
export function ed25519(sodium: Sodium): SignatureScheme {
  return eddsa("Ed25519", {
    publicKey(seed) {
      const { publicKey, privateKey } = sodium.crypto_sign_seed_keypair(seed)
      privateKey.fill(0)
      return publicKey
    },
    sign(seed, message) {
      const { privateKey } = sodium.crypto_sign_seed_keypair(seed)
      const signature = sodium.crypto_sign_detached(message, privateKey)
      privateKey.fill(0)
      return signature
    },
    verify: (publicKey, message, signature) => sodium.crypto_sign_verify_detached(signature, message, publicKey),
  })
}
