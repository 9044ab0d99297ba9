import { CURVE25519_BYTES, X25519_KEM_ID, x25519PublicKeyIsValid } from "../curve25519.ts"
import type { DhGroup } from "../primitives.ts"
import type { Sodium } from "./sodium.ts"

const EMPTY = new Uint8Array(0)

/** X25519 (RFC 7748 §5) as a group of DHKEM. Nothing is cached. */
export function x25519(sodium: Sodium): DhGroup {
  return {
    kemId: X25519_KEM_ID,
    publicKeyBytes: CURVE25519_BYTES,
    privateKeyBytes: CURVE25519_BYTES,
    seedBytes: CURVE25519_BYTES,
    derivePrivateKey: (expand) => expand("sk", EMPTY, CURVE25519_BYTES),
    publicKey: (privateKey) =>
      privateKey.length === CURVE25519_BYTES ? sodium.crypto_scalarmult_base(privateKey) : undefined,
    publicKeyIsValid: x25519PublicKeyIsValid,
    agree(privateKey, peerPublicKey) {
      if (privateKey.length !== CURVE25519_BYTES) {
        throw new RangeError(`a private x25519 key has ${CURVE25519_BYTES} bytes`)
      }
      const secret = sharedSecret(sodium, privateKey, peerPublicKey)
      return secret && { publicKey: sodium.crypto_scalarmult_base(privateKey), secret }
    },
  }
}

/** libsodium itself refuses a secret of zeros (RFC 7748 §6.1), and with both lengths right it refuses nothing else. */
function sharedSecret(sodium: Sodium, privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  if (!x25519PublicKeyIsValid(publicKey)) return undefined
  try {
    return sodium.crypto_scalarmult(privateKey, publicKey)
  } catch (error) {
    if (error instanceof Error && error.message === "weak public key") return undefined
    throw error
  }
}
