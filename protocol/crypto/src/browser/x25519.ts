import { CURVE25519_BYTES } from "../curve25519.ts"
import { DH_GROUPS, dhGroup } from "../dh-groups.ts"
import type { DhGroup } from "../primitives.ts"
import { mustSucceed, withSodiumMemory } from "./sodium-memory.ts"
import type { SodiumCurve25519 } from "./sodium.ts"

/** X25519 (RFC 7748 §5) as a group of DHKEM. Nothing is cached. */
export function x25519(sodium: SodiumCurve25519): DhGroup {
  return dhGroup(DH_GROUPS.X25519, {
    publicKey: (privateKey) =>
      withSodiumMemory(sodium, (memory) => {
        const publicKey = memory.room(CURVE25519_BYTES)
        mustSucceed(sodium.crypto_scalarmult_base(publicKey, memory.copy(privateKey)))
        return memory.read(publicKey, CURVE25519_BYTES)
      }),
    // It fails for a secret of zeros (RFC 7748 §6.1), and with both lengths right for nothing else.
    sharedSecret: (privateKey, publicKey) =>
      withSodiumMemory(sodium, (memory) => {
        const secret = memory.room(CURVE25519_BYTES)
        const status = sodium.crypto_scalarmult(secret, memory.copy(privateKey), memory.copy(publicKey))
        return status === 0 ? memory.read(secret, CURVE25519_BYTES) : undefined
      }),
    isOnCurve: () => true,
  })
}
