import { decapsulate, encapsulate } from "node:crypto"
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js"
import { checkMlKem768Seed, ML_KEM_768_CIPHERTEXT_BYTES, mlKem768PublicKeyIsValid } from "../ml-kem-768.ts"
import type { MlKem } from "../primitives.ts"
import type { Keys } from "./keys.ts"
import { ownBytes } from "./own-bytes.ts"

/** ML-KEM-768 on OpenSSL, which draws the message of an encapsulation itself. */
export function nativeMlKem(keys: Keys): MlKem {
  return {
    drawsRandomness: true,
    publicKey(seed) {
      checkMlKem768Seed(seed)
      return keys.publicHalf("ML-KEM-768", seed)
    },
    encapsulate(publicKey) {
      const key = mlKem768PublicKeyIsValid(publicKey) ? keys.public("ML-KEM-768", publicKey) : undefined
      if (key === undefined) return undefined
      const { ciphertext, sharedKey } = encapsulate(key)
      return { ciphertext: ownBytes(ciphertext), secret: ownBytes(sharedKey) }
    },
    decapsulate(seed, ciphertext) {
      const { key } = keys.private("ML-KEM-768", seed)
      if (ciphertext.length !== ML_KEM_768_CIPHERTEXT_BYTES) return undefined
      return ownBytes(decapsulate(key, ciphertext))
    },
  }
}

/** The same, but encapsulating in JavaScript, many times as slow, because OpenSSL lets nobody choose the message. */
export function seededMlKem(keys: Keys): MlKem {
  return {
    ...nativeMlKem(keys),
    drawsRandomness: false,
    encapsulate(publicKey, message) {
      if (!mlKem768PublicKeyIsValid(publicKey)) return undefined
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, message)
      return { ciphertext: cipherText, secret: sharedSecret }
    },
  }
}
