import type { Aead, AeadName } from "../primitives.ts"
import type { Platform } from "../suite-specs.ts"
import { aes128Gcm, aes256Gcm, chacha20Poly1305 } from "./aead.ts"
import { nodeDhGroup } from "./dh-group.ts"
import { nodeHash } from "./hash-function.ts"
import type { Keys } from "./keys.ts"
import { nodeSignatures } from "./signatures.ts"
import type { FindSodium } from "./sodium-native.ts"

const AEADS: Readonly<Record<AeadName, Aead>> = {
  "AES-128-GCM": aes128Gcm,
  "AES-256-GCM": aes256Gcm,
  "ChaCha20-Poly1305": chacha20Poly1305,
}

/**
 * The primitives of node:crypto, with imported keys in `keys`. Where `findSodium` finds libsodium, it computes Ed25519, X25519
 * and short HMAC-SHA-256 instead.
 */
export function nodePlatform(keys: Keys, findSodium: FindSodium): Platform {
  return {
    hash: (name) => nodeHash(name, findSodium),
    aead: (name) => AEADS[name],
    group: (name) => nodeDhGroup(keys, name, findSodium),
    signature: (name) => nodeSignatures(keys, name, findSodium),
  }
}
