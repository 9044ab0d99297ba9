/** Lengths of ML-KEM-768 (FIPS 203 §8). */
export const ML_KEM_768_SEED_BYTES = 64
export const ML_KEM_768_MESSAGE_BYTES = 32
export const ML_KEM_768_PUBLIC_KEY_BYTES = 1184
export const ML_KEM_768_CIPHERTEXT_BYTES = 1088

const MODULUS = 3329
const COEFFICIENT_BYTES = 1152

/**
 * The checks of an encapsulation key (FIPS 203 §7.2): its length, and that all 768 coefficients of 12 bits are reduced.
 * Done here for all libraries, because some leave it to their caller.
 */
export function mlKem768PublicKeyIsValid(publicKey: Uint8Array): boolean {
  if (publicKey.length !== ML_KEM_768_PUBLIC_KEY_BYTES) return false
  for (let i = 0; i < COEFFICIENT_BYTES; i += 3) {
    const middle = publicKey[i + 1]!
    if ((publicKey[i]! | ((middle & 0x0f) << 8)) >= MODULUS) return false
    if (((middle >> 4) | (publicKey[i + 2]! << 4)) >= MODULUS) return false
  }
  return true
}

/** @throws RangeError unless `seed` has 64 bytes */
export function checkMlKem768Seed(seed: Uint8Array): void {
  if (seed.length !== ML_KEM_768_SEED_BYTES) {
    throw new RangeError(`a private key of ML-KEM-768 is a seed of ${ML_KEM_768_SEED_BYTES} bytes`)
  }
}
