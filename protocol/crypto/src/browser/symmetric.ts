import type { Aead, AeadName, HashFunction, HashName } from "../primitives.ts"
import type { Platform } from "../suite-specs.ts"
import { aes128Gcm, aes256Gcm, chacha20Poly1305 } from "./aead.ts"
import { sha256, sha384, sha512 } from "./hash-function.ts"

const HASHES: Readonly<Record<HashName, HashFunction>> = { "SHA-256": sha256, "SHA-384": sha384, "SHA-512": sha512 }

const AEADS: Readonly<Record<AeadName, Aead>> = {
  "AES-128-GCM": aes128Gcm,
  "AES-256-GCM": aes256Gcm,
  "ChaCha20-Poly1305": chacha20Poly1305,
}

/** What needs no loading. */
export const symmetric: Pick<Platform, "hash" | "aead"> = {
  hash: (name) => HASHES[name],
  aead: (name) => AEADS[name],
}
