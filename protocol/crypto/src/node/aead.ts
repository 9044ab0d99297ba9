import { type CipherGCM, type CipherGCMTypes, createCipheriv, createDecipheriv, type DecipherGCM } from "node:crypto"
import type { Aead } from "../primitives.ts"
import { extended, ownBytes } from "./own-bytes.ts"

const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY_MAX_BYTES = 32
/** Longer arrays are never in the engine's heap. */
const HEAP_MAX_BYTES = 64

/**
 * What is handed to OpenSSL, in memory that it can read where it is; all zeros between calls. Small arrays live in the engine's heap:
 * handed over, each would be moved out of it for good, which costs more than encrypting a short message.
 */
const lent = new Uint8Array(KEY_MAX_BYTES + NONCE_BYTES + HEAP_MAX_BYTES)
const lentNonce = lent.subarray(KEY_MAX_BYTES, KEY_MAX_BYTES + NONCE_BYTES)
const lentRest = lent.subarray(KEY_MAX_BYTES + NONCE_BYTES)

interface Algorithm {
  /** ChaCha20-Poly1305 has the same interface as GCM in node:crypto; its typings only know it under other names. */
  readonly name: CipherGCMTypes
  readonly aeadId: number
  readonly keyBytes: number
}

/** RFC 5116 §5.1. */
export const aes128Gcm: Aead = aeadOf({ name: "aes-128-gcm", aeadId: 0x0001, keyBytes: 16 })

/** RFC 5116 §5.2. */
export const aes256Gcm: Aead = aeadOf({ name: "aes-256-gcm", aeadId: 0x0002, keyBytes: 32 })

/** RFC 8439 §2.8. */
export const chacha20Poly1305: Aead = aeadOf({
  name: "chacha20-poly1305" as CipherGCMTypes,
  aeadId: 0x0003,
  keyBytes: 32,
})

function aeadOf({ name, aeadId, keyBytes }: Algorithm): Aead {
  const options = { authTagLength: TAG_BYTES }
  const lentKey = lent.subarray(0, keyBytes)

  /** Puts both where OpenSSL is to read them. The caller zeroes `lent`. */
  function lend(key: Uint8Array, nonce: Uint8Array): void {
    if (key.length !== keyBytes) throw new RangeError(`a key of ${name} has ${keyBytes} bytes`)
    if (nonce.length !== NONCE_BYTES) throw new RangeError(`a nonce of ${name} has ${NONCE_BYTES} bytes`)
    lentKey.set(key)
    lentNonce.set(nonce)
  }

  return {
    aeadId,
    keyBytes,
    nonceBytes: NONCE_BYTES,
    tagBytes: TAG_BYTES,
    seal(key, nonce, aad, plaintext, head) {
      const headBytes = head?.length ?? 0
      lend(key, nonce)
      let cipher: CipherGCM
      try {
        cipher = createCipheriv(name, lentKey, lentNonce, options)
        if (aad.length > 0) cipher.setAAD(readable(aad))
      } finally {
        lent.fill(0)
      }
      const sealed = extended(cipher.update(plaintext), headBytes + TAG_BYTES)
      cipher.final()
      if (head !== undefined) sealed.copyWithin(headBytes, 0, plaintext.length).set(head)
      sealed.set(cipher.getAuthTag(), headBytes + plaintext.length)
      return sealed
    },
    open(key, nonce, aad, ciphertext) {
      const length = ciphertext.length - TAG_BYTES
      lend(key, nonce)
      let decipher: DecipherGCM
      try {
        decipher = createDecipheriv(name, lentKey, lentNonce, options)
        if (aad.length > 0) decipher.setAAD(readable(aad))
      } finally {
        lent.fill(0)
      }
      if (length < 0) return undefined
      decipher.setAuthTag(ciphertext.subarray(length))
      const plaintext = length === 0 ? new Uint8Array(0) : decipher.update(ciphertext.subarray(0, length))
      try {
        decipher.final()
      } catch {
        // The only failure left at this point is the tag; node:crypto gives it neither a class nor a code.
        plaintext.fill(0)
        return undefined
      }
      return ownBytes(plaintext)
    },
  }
}

/** The same bytes, outside of the engine's heap. */
function readable(bytes: Uint8Array): Uint8Array {
  if (bytes.length > HEAP_MAX_BYTES) return bytes
  lentRest.set(bytes)
  return lentRest.subarray(0, bytes.length)
}
