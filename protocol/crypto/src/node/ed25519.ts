import { sign, verify } from "node:crypto"
import { CURVE25519_BYTES, ed25519InputsAreStrict } from "../curve25519.ts"
import type { SignatureScheme } from "../primitives.ts"
import type { Keys } from "./keys.ts"
import { ownBytes } from "./own-bytes.ts"

/** Ed25519 (RFC 8032 §5.1); the private key is the 32-byte seed. */
export function ed25519(keys: Keys): SignatureScheme {
  return {
    publicKeyBytes: CURVE25519_BYTES,
    privateKeyBytes: CURVE25519_BYTES,
    seedBytes: CURVE25519_BYTES,
    keyPair(seed) {
      return { publicKey: keys.publicHalf("ed25519", seed), privateKey: seed.slice() }
    },
    publicKey(privateKey) {
      return privateKey.length === CURVE25519_BYTES ? keys.publicHalf("ed25519", privateKey) : undefined
    },
    sign(privateKey, message) {
      return ownBytes(sign(null, message, keys.private("ed25519", privateKey).key))
    },
    verify(publicKey, message, signature) {
      if (!ed25519InputsAreStrict(publicKey, signature)) return false
      return verify(null, message, keys.public("ed25519", publicKey), signature)
    },
  }
}
