import { checkMlKem768Seed, ML_KEM_768_CIPHERTEXT_BYTES, mlKem768PublicKeyIsValid } from "../ml-kem-768.ts"
import type { MlKem } from "../primitives.ts"
import type { Sodium } from "./sodium.ts"

/** ML-KEM-768 (FIPS 203) in WebAssembly. The expanded private key is made for each decapsulation and not kept. */
export function mlKem768(sodium: Sodium): MlKem {
  return {
    drawsRandomness: false,
    publicKey(seed) {
      checkMlKem768Seed(seed)
      const { publicKey, privateKey } = sodium.crypto_kem_mlkem768_seed_keypair(seed)
      privateKey.fill(0)
      return publicKey
    },
    encapsulate(publicKey, message) {
      if (!mlKem768PublicKeyIsValid(publicKey)) return undefined
      const { ciphertext, sharedSecret } = sodium.crypto_kem_mlkem768_enc_deterministic(publicKey, message)
      return { ciphertext, secret: sharedSecret }
    },
    decapsulate(seed, ciphertext) {
      checkMlKem768Seed(seed)
      if (ciphertext.length !== ML_KEM_768_CIPHERTEXT_BYTES) return undefined
      const { privateKey } = sodium.crypto_kem_mlkem768_seed_keypair(seed)
      const secret = sodium.crypto_kem_mlkem768_dec(ciphertext, privateKey)
      privateKey.fill(0)
      return secret
    },
  }
}
