import { withScratch } from "@qpc/wire"
import { CURVE25519_BYTES } from "../curve25519.ts"
import { DH_GROUPS } from "../dh-groups.ts"
import type { DhGroup } from "../primitives.ts"
import type { Keys } from "./keys.ts"
import type { SodiumNative } from "./sodium-native.ts"

/**
 * X25519 (RFC 7748 §5) on libsodium as a group of DHKEM. It works on raw keys, so nothing secret is kept: of private keys that
 * are used again, `keys` remembers the public half.
 */
export function sodiumX25519(sodium: SodiumNative, keys: Keys): DhGroup {
  const rules = DH_GROUPS.X25519
  const publicHalf = (privateKey: Uint8Array): Uint8Array => publicKeyOf(sodium, privateKey)
  return {
    ...rules,
    publicKey: (privateKey) => (rules.privateKeyIsValid(privateKey) ? publicHalf(privateKey) : undefined),
    publicKeyIsValid: (publicKey) => rules.publicKeyIsWellFormed(publicKey),
    agree(privateKey, peerPublicKey, use) {
      if (!rules.privateKeyIsValid(privateKey)) throw new RangeError("not a private key of X25519")
      if (!rules.publicKeyIsWellFormed(peerPublicKey)) return undefined
      const secret = sharedSecret(sodium, privateKey, peerPublicKey)
      if (secret === undefined) return undefined
      const publicKey =
        use === "once" ? publicHalf(privateKey) : keys.lentHalf(privateKey, () => publicHalf(privateKey))
      return { publicKey, secret }
    },
  }
}

function publicKeyOf(sodium: SodiumNative, privateKey: Uint8Array): Uint8Array {
  return withScratch(2 * CURVE25519_BYTES, (scratch) => {
    const [result, privateCopy] = [scratch.subarray(0, CURVE25519_BYTES), scratch.subarray(CURVE25519_BYTES)]
    privateCopy.set(privateKey)
    sodium.crypto_scalarmult_base(result, privateCopy)
    return result.slice()
  })
}

/** libsodium itself refuses a secret of zeros (RFC 7748 §6.1), and with all lengths right it refuses nothing else. */
function sharedSecret(sodium: SodiumNative, privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  return withScratch(2 * CURVE25519_BYTES, (scratch) => {
    const [result, privateCopy] = [scratch.subarray(0, CURVE25519_BYTES), scratch.subarray(CURVE25519_BYTES)]
    privateCopy.set(privateKey)
    try {
      sodium.crypto_scalarmult(result, privateCopy, publicKey)
    } catch (error) {
      if (error instanceof Error && error.message === "status: -1") return undefined
      throw error
    }
    return result.slice()
  })
}
