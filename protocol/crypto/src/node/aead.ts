import { createCipheriv, createDecipheriv, type CipherGCMTypes } from "node:crypto"
import { withScratch } from "@qpc/wire"
import type { Aead } from "../primitives.ts"
import { extended, ownBytes } from "./own-bytes.ts"

const NONCE_BYTES = 12
const TAG_BYTES = 16

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

  function checkLengths(key: Uint8Array, nonce: Uint8Array): void {
    if (key.length !== keyBytes) throw new RangeError(`a key of ${name} has ${keyBytes} bytes`)
    if (nonce.length !== NONCE_BYTES) throw new RangeError(`a nonce of ${name} has ${NONCE_BYTES} bytes`)
  }

  return {
    aeadId,
    keyBytes,
    nonceBytes: NONCE_BYTES,
    tagBytes: TAG_BYTES,
    seal(key, nonce, aad, plaintext) {
      checkLengths(key, nonce)
      const cipher = withCopies(key, nonce, aad, (keyCopy, nonceCopy, aadCopy) => {
        const made = createCipheriv(name, keyCopy, nonceCopy, options)
        if (aad.length > 0) made.setAAD(aadCopy)
        return made
      })
      const sealed = extended(cipher.update(plaintext), TAG_BYTES)
      cipher.final()
      sealed.set(cipher.getAuthTag(), plaintext.length)
      return sealed
    },
    open(key, nonce, aad, ciphertext) {
      checkLengths(key, nonce)
      const length = ciphertext.length - TAG_BYTES
      if (length < 0) return undefined
      const decipher = withCopies(key, nonce, aad, (keyCopy, nonceCopy, aadCopy) => {
        const made = createDecipheriv(name, keyCopy, nonceCopy, options)
        if (aad.length > 0) made.setAAD(aadCopy)
        return made
      })
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

/**
 * Lends copies in memory that OpenSSL can read where it is. Small arrays live in the engine's heap: handed over, each
 * would be moved out of it for good, which costs more than encrypting a short message.
 */
function withCopies<T>(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  use: (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array) => T,
): T {
  const keyEnd = key.length
  const nonceEnd = keyEnd + nonce.length
  return withScratch(nonceEnd + aad.length, (scratch) => {
    scratch.set(key)
    scratch.set(nonce, keyEnd)
    scratch.set(aad, nonceEnd)
    return use(scratch.subarray(0, keyEnd), scratch.subarray(keyEnd, nonceEnd), scratch.subarray(nonceEnd))
  })
}
