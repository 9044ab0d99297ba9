import { x25519PublicKeyIsValid } from "../curve25519.ts"
import { sharedSecret } from "./dh-group.ts"
import { importPrivateKey, importPublicKey } from "./keys.ts"

/**
 * The public key of an X25519 private key (RFC 7748 §6.1). Any 32 random bytes are a private key.
 *
 * @throws RangeError unless it has 32 bytes
 */
export function x25519PublicKey(privateKey: Uint8Array): Uint8Array {
  return importPrivateKey("X25519", privateKey).publicKey
}

/**
 * The shared secret of two X25519 keys, raw: hash it before use (RFC 7748 §6.1). The private key is not kept.
 *
 * @returns `undefined` for a peer's key of the wrong length, or one that forces the secret to zero.
 * @throws RangeError unless the private key has 32 bytes
 */
export function x25519Agree(privateKey: Uint8Array, peerPublicKey: Uint8Array): Uint8Array | undefined {
  const own = importPrivateKey("X25519", privateKey)
  const peer = x25519PublicKeyIsValid(peerPublicKey) ? importPublicKey("X25519", peerPublicKey) : undefined
  return peer && sharedSecret(own.key, peer)
}
