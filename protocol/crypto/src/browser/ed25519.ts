import { CURVE25519_BYTES, ED25519_SIGNATURE_BYTES } from "../curve25519.ts"
import { eddsa } from "../eddsa.ts"
import type { SignatureScheme } from "../primitives.ts"
import { mustSucceed, withSodiumMemory, type SodiumMemory } from "./sodium-memory.ts"
import type { SodiumCurve25519 } from "./sodium.ts"

/** libsodium's private key: the seed with the public key behind it. */
const EXPANDED_KEY_BYTES = 64

/**
 * Ed25519 (RFC 8032 §5.1).
 *
 * Nothing is cached: each signature derives the key anew, which doubles its cost and keeps no second copy of it.
 */
export function ed25519(sodium: SodiumCurve25519): SignatureScheme {
  function keyPair(memory: SodiumMemory, seed: Uint8Array) {
    const [publicKey, expandedKey] = [memory.room(CURVE25519_BYTES), memory.room(EXPANDED_KEY_BYTES)] as const
    mustSucceed(sodium.crypto_sign_seed_keypair(publicKey, expandedKey, memory.copy(seed)))
    return { publicKey, expandedKey }
  }

  return eddsa("Ed25519", {
    publicKey: (seed) =>
      withSodiumMemory(sodium, (memory) => memory.read(keyPair(memory, seed).publicKey, CURVE25519_BYTES)),
    sign: (seed, message) =>
      withSodiumMemory(sodium, (memory) => {
        const { expandedKey } = keyPair(memory, seed)
        const signature = memory.room(ED25519_SIGNATURE_BYTES)
        const content = memory.copy(message)
        mustSucceed(sodium.crypto_sign_detached(signature, 0, content, message.length, 0, expandedKey))
        return memory.read(signature, ED25519_SIGNATURE_BYTES)
      }),
    verify: (publicKey, message, signature) =>
      withSodiumMemory(sodium, (memory) => {
        const [signed, content, key] = [memory.copy(signature), memory.copy(message), memory.copy(publicKey)] as const
        return sodium.crypto_sign_verify_detached(signed, content, message.length, 0, key) === 0
      }),
  })
}
