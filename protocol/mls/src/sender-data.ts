import type { CipherSuite } from "@qpc/crypto"
import { expandWithLabel } from "./labels.ts"

/** Key and nonce of a message's sender data (RFC 9420 §6.3.2), bound to the ciphertext by a sample of it. */
export function senderDataKeys(
  suite: CipherSuite,
  senderDataSecret: Uint8Array,
  ciphertext: Uint8Array,
): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  const { hashBytes, aeadKeyBytes, aeadNonceBytes } = suite.sizes
  const sample = ciphertext.subarray(0, hashBytes)
  return {
    key: expandWithLabel(suite, senderDataSecret, "key", sample, aeadKeyBytes),
    nonce: expandWithLabel(suite, senderDataSecret, "nonce", sample, aeadNonceBytes),
  }
}

/** The nonce of the key schedule, its first bytes combined with the reuse guard (RFC 9420 §6.3.1). */
export function guardedNonce(nonce: Uint8Array, reuseGuard: Uint8Array): Uint8Array {
  const guarded = nonce.slice()
  for (let i = 0; i < reuseGuard.length; i++) guarded[i]! ^= reuseGuard[i]!
  return guarded
}
