import { withScratch } from "@qpc/wire"
import { CURVE25519_BYTES } from "../curve25519.ts"
import type { EddsaArithmetic } from "../eddsa.ts"
import type { Keys } from "./keys.ts"
import type { SodiumNative } from "./sodium-native.ts"

const SIGNATURE_BYTES = 64

/**
 * Ed25519 (RFC 8032 §5.1) on libsodium: half the time of OpenSSL, and public keys need no import. Signs with the expanded keys
 * that `keys` keeps.
 */
export function sodiumEd25519(sodium: SodiumNative, keys: Keys): EddsaArithmetic {
  const expandedKey = (seed: Uint8Array): Uint8Array => keys.expanded(seed, () => expand(sodium, seed))

  return {
    publicKey(seed) {
      const kept = keys.peekExpanded(seed)
      if (kept !== undefined) return kept.slice(CURVE25519_BYTES)
      const expanded = expand(sodium, seed)
      const publicKey = expanded.slice(CURVE25519_BYTES)
      expanded.fill(0)
      return publicKey
    },
    sign(seed, message) {
      const signature = new Uint8Array(SIGNATURE_BYTES)
      sodium.crypto_sign_detached(signature, message, expandedKey(seed))
      return signature
    },
    verify: (publicKey, message, signature) =>
      sodium.crypto_sign_verify_detached(signature, message, publicKey) === true,
  }
}

/** Seed ‖ public key, as libsodium signs with; secret. In memory of its own, see {@link SodiumNative}. */
function expand(sodium: SodiumNative, seed: Uint8Array): Uint8Array {
  const expanded = new Uint8Array(new ArrayBuffer(2 * CURVE25519_BYTES))
  withScratch(2 * CURVE25519_BYTES, (scratch) => {
    const seedCopy = scratch.subarray(CURVE25519_BYTES)
    seedCopy.set(seed)
    sodium.crypto_sign_seed_keypair(scratch.subarray(0, CURVE25519_BYTES), expanded, seedCopy)
  })
  return expanded
}
