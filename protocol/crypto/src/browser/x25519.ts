import { DH_GROUPS, dhGroup } from "../dh-groups.ts"
import type { DhGroup } from "../primitives.ts"
import type { Sodium } from "./sodium.ts"

/** X25519 (RFC 7748 §5) as a group of DHKEM. Nothing is cached. */
export function x25519(sodium: Sodium): DhGroup {
  return dhGroup(DH_GROUPS.X25519, {
    publicKey: (privateKey) => sodium.crypto_scalarmult_base(privateKey),
    sharedSecret: (privateKey, publicKey) => sharedSecret(sodium, privateKey, publicKey),
    isOnCurve: () => true,
  })
}

/** libsodium itself refuses a secret of zeros (RFC 7748 §6.1), and with both lengths right it refuses nothing else. */
function sharedSecret(sodium: Sodium, privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  try {
    return sodium.crypto_scalarmult(privateKey, publicKey)
  } catch (error) {
    if (error instanceof Error && error.message === "weak public key") return undefined
    throw error
  }
}
