import { gcm } from "@noble/ciphers/aes.js"
import { chacha20poly1305 } from "@noble/ciphers/chacha.js"
import { concatBytes } from "@qpc/wire"
import type { Aead } from "../primitives.ts"

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** One (key, nonce) of a noble cipher. */
interface NobleCipher {
  encrypt(plaintext: Uint8Array): Uint8Array
  decrypt(ciphertext: Uint8Array): Uint8Array
}

interface Algorithm {
  readonly name: string
  readonly aeadId: number
  readonly keyBytes: number
  readonly cipher: (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array) => NobleCipher
}

/**
 * RFC 5116 §5.1. Table-driven: unlike the Node implementation its time depends on the cache, which matters where
 * hostile code runs on the same core. Browsers offer hardware AES only through promises.
 */
export const aes128Gcm: Aead = aeadOf({ name: "aes-128-gcm", aeadId: 0x0001, keyBytes: 16, cipher: gcm })

/** RFC 5116 §5.2. Table-driven, see {@link aes128Gcm}. */
export const aes256Gcm: Aead = aeadOf({ name: "aes-256-gcm", aeadId: 0x0002, keyBytes: 32, cipher: gcm })

/** RFC 8439 §2.8. */
export const chacha20Poly1305: Aead = aeadOf({
  name: "chacha20-poly1305",
  aeadId: 0x0003,
  keyBytes: 32,
  cipher: chacha20poly1305,
})

function aeadOf({ name, aeadId, keyBytes, cipher }: Algorithm): Aead {
  function cipherOf(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array): NobleCipher {
    if (key.length !== keyBytes) throw new RangeError(`a key of ${name} has ${keyBytes} bytes`)
    if (nonce.length !== NONCE_BYTES) throw new RangeError(`a nonce of ${name} has ${NONCE_BYTES} bytes`)
    return cipher(key, nonce, aad)
  }

  return {
    aeadId,
    keyBytes,
    nonceBytes: NONCE_BYTES,
    tagBytes: TAG_BYTES,
    seal(key, nonce, aad, plaintext, head) {
      const sealed = cipherOf(key, nonce, aad).encrypt(plaintext)
      return head === undefined ? sealed : concatBytes(head, sealed)
    },
    open(key, nonce, aad, ciphertext) {
      const opener = cipherOf(key, nonce, aad)
      if (ciphertext.length < TAG_BYTES) return undefined
      try {
        return opener.decrypt(ciphertext)
      } catch {
        // Lengths were checked, so the only failure left is the tag; noble gives it neither a class nor a code.
        return undefined
      }
    },
  }
}
