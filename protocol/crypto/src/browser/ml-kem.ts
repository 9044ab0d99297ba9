import {
  checkMlKem768Seed,
  ML_KEM_768_CIPHERTEXT_BYTES,
  ML_KEM_768_MESSAGE_BYTES,
  ML_KEM_768_PUBLIC_KEY_BYTES,
  mlKem768PublicKeyIsValid,
} from "../ml-kem-768.ts"
import type { MlKem } from "../primitives.ts"
import { mustSucceed, withSodiumMemory, type SodiumMemory } from "./sodium-memory.ts"
import type { SodiumMlKem } from "./sodium.ts"

/** The private key as libsodium expands it (FIPS 203 §8, dk). */
const EXPANDED_KEY_BYTES = 2400
const SECRET_BYTES = 32

/** ML-KEM-768 (FIPS 203) in WebAssembly. The expanded private key is made for each decapsulation and not kept. */
export function mlKem768(sodium: SodiumMlKem): MlKem {
  function keyPair(memory: SodiumMemory, seed: Uint8Array) {
    const publicKey = memory.room(ML_KEM_768_PUBLIC_KEY_BYTES)
    const expandedKey = memory.room(EXPANDED_KEY_BYTES)
    mustSucceed(sodium.crypto_kem_mlkem768_seed_keypair(publicKey, expandedKey, memory.copy(seed)))
    return { publicKey, expandedKey }
  }

  function encapsulate(memory: SodiumMemory, publicKey: Uint8Array, message: Uint8Array) {
    const [ciphertext, secret] = [memory.room(ML_KEM_768_CIPHERTEXT_BYTES), memory.room(SECRET_BYTES)] as const
    const [key, seed] = [memory.copy(publicKey), memory.copy(message)] as const
    mustSucceed(sodium.crypto_kem_mlkem768_enc_deterministic(ciphertext, secret, key, seed))
    return {
      ciphertext: memory.read(ciphertext, ML_KEM_768_CIPHERTEXT_BYTES),
      secret: memory.read(secret, SECRET_BYTES),
    }
  }

  function decapsulate(memory: SodiumMemory, seed: Uint8Array, ciphertext: Uint8Array): Uint8Array {
    const secret = memory.room(SECRET_BYTES)
    const { expandedKey } = keyPair(memory, seed)
    mustSucceed(sodium.crypto_kem_mlkem768_dec(secret, memory.copy(ciphertext), expandedKey))
    return memory.read(secret, SECRET_BYTES)
  }

  return {
    drawsRandomness: false,
    publicKey(seed) {
      checkMlKem768Seed(seed)
      return withSodiumMemory(sodium, (memory) =>
        memory.read(keyPair(memory, seed).publicKey, ML_KEM_768_PUBLIC_KEY_BYTES),
      )
    },
    encapsulate(publicKey, message) {
      if (message.length !== ML_KEM_768_MESSAGE_BYTES) {
        throw new RangeError(`a message of ML-KEM-768 has ${ML_KEM_768_MESSAGE_BYTES} bytes`)
      }
      if (!mlKem768PublicKeyIsValid(publicKey)) return undefined
      return withSodiumMemory(sodium, (memory) => encapsulate(memory, publicKey, message))
    },
    decapsulate(seed, ciphertext) {
      checkMlKem768Seed(seed)
      if (ciphertext.length !== ML_KEM_768_CIPHERTEXT_BYTES) return undefined
      return withSodiumMemory(sodium, (memory) => decapsulate(memory, seed, ciphertext))
    },
  }
}
