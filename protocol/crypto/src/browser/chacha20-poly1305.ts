import { chacha20Poly1305 } from "./aead.ts"

/**
 * ChaCha20-Poly1305 (RFC 8439 §2.8): ciphertext ‖ tag. The caller guarantees that (key, nonce) is used once.
 *
 * @throws RangeError unless the key has 32 and the nonce 12 bytes
 */
export function chacha20Poly1305Seal(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  return chacha20Poly1305.seal(key, nonce, aad, plaintext)
}

/**
 * The plaintext, or `undefined` if the tag does not verify.
 *
 * @throws RangeError unless the key has 32 and the nonce 12 bytes
 */
export function chacha20Poly1305Open(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | undefined {
  return chacha20Poly1305.open(key, nonce, aad, ciphertext)
}
