import { diffieHellman, type KeyObject } from "node:crypto"
import { CURVE25519_BYTES, X25519_KEM_ID, x25519PublicKeyIsValid } from "../curve25519.ts"
import type { DhGroup } from "../primitives.ts"
import { importPrivateKey, importPublicKey, type Keys } from "./keys.ts"
import { ownBytes } from "./own-bytes.ts"

const EMPTY = new Uint8Array(0)

/**
 * The public key of an X25519 private key (RFC 7748 §6.1). Any 32 random bytes are a private key.
 *
 * @throws RangeError unless it has 32 bytes
 */
export function x25519PublicKey(privateKey: Uint8Array): Uint8Array {
  return importPrivateKey("x25519", privateKey).publicKey
}

/**
 * The shared secret of two X25519 keys, raw: hash it before use (RFC 7748 §6.1). The private key is not kept.
 *
 * @returns `undefined` for a peer's key of the wrong length, or one that forces the secret to zero.
 * @throws RangeError unless the private key has 32 bytes
 */
export function x25519Agree(privateKey: Uint8Array, peerPublicKey: Uint8Array): Uint8Array | undefined {
  const own = importPrivateKey("x25519", privateKey)
  if (!x25519PublicKeyIsValid(peerPublicKey)) return undefined
  return sharedSecret(own.key, importPublicKey("x25519", peerPublicKey))
}

/** X25519 (RFC 7748 §5) as a group of DHKEM. */
export function x25519(keys: Keys): DhGroup {
  return {
    kemId: X25519_KEM_ID,
    publicKeyBytes: CURVE25519_BYTES,
    privateKeyBytes: CURVE25519_BYTES,
    seedBytes: CURVE25519_BYTES,
    derivePrivateKey: (expand) => expand("sk", EMPTY, CURVE25519_BYTES),
    publicKey(privateKey) {
      return privateKey.length === CURVE25519_BYTES ? keys.publicHalf("x25519", privateKey) : undefined
    },
    publicKeyIsValid: x25519PublicKeyIsValid,
    agree(privateKey, peerPublicKey, use) {
      const own = use === "once" ? importPrivateKey("x25519", privateKey) : keys.private("x25519", privateKey)
      if (!x25519PublicKeyIsValid(peerPublicKey)) return undefined
      const secret = sharedSecret(own.key, keys.public("x25519", peerPublicKey))
      return secret && { publicKey: own.publicKey, secret }
    },
  }
}

/** OpenSSL itself refuses a secret of zeros (RFC 7748 §6.1); the check before only makes the common cases cheap. */
function sharedSecret(privateKey: KeyObject, publicKey: KeyObject): Uint8Array | undefined {
  try {
    return ownBytes(diffieHellman({ privateKey, publicKey }))
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_OSSL_FAILED_DURING_DERIVATION")
      return undefined
    throw error
  }
}
