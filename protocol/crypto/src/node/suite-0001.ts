import type { CipherSuite } from "../cipher-suite.ts"
import { DhKem } from "../dhkem.ts"
import { makeSuite, type SuiteParts } from "../make-suite.ts"
import { aes128Gcm } from "./aead.ts"
import { ed25519 } from "./ed25519.ts"
import { Keys, type KeyLimits } from "./keys.ts"
import { sha256 } from "./hash-function.ts"
import { x25519 } from "./x25519.ts"

/** A suite together with the means to empty its memory. */
export interface NodeSuite extends CipherSuite {
  /**
   * Drops what the suite keeps of a private key. Call it when the key is deleted.
   *
   * Best effort: OpenSSL clears the key's memory once the garbage collector frees it.
   */
  forgetPrivateKey(privateKey: Uint8Array): void
  /** Drops every key the suite keeps. */
  forgetAllKeys(): void
}

/** What suite 0x0001 is made of on this platform. */
export function suite0001Parts(keys: Keys): SuiteParts {
  return {
    id: 0x0001,
    name: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
    hash: sha256,
    aead: aes128Gcm,
    kem: new DhKem(x25519(keys), sha256),
    signature: ed25519(keys),
  }
}

/** A suite of its own key cache: for separate accounts in one process, or other limits than the usual. */
export function newSuite0001(limits: KeyLimits = {}): NodeSuite {
  const keys = new Keys(limits)
  return {
    ...makeSuite(suite0001Parts(keys)),
    forgetPrivateKey: (privateKey) => keys.forgetPrivate(privateKey),
    forgetAllKeys: () => keys.forgetAll(),
  }
}

/** MLS cipher suite 0x0001 (RFC 9420 §17.1) on node:crypto. Keeps up to 256 private and 1024 public keys imported. */
export const suite0001: NodeSuite = newSuite0001()
