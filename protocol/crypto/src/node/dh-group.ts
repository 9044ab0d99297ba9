import { diffieHellman, type KeyObject } from "node:crypto"
import { DH_GROUPS, type GroupName } from "../dh-groups.ts"
import type { DhGroup } from "../primitives.ts"
import { importPrivateKey, type Keys } from "./keys.ts"
import { ownBytes } from "./own-bytes.ts"

/** A group of DHKEM on OpenSSL. Keys that are used again are kept. */
export function nodeDhGroup(keys: Keys, name: GroupName): DhGroup {
  const rules = DH_GROUPS[name]
  return {
    ...rules,
    publicKey: (privateKey) => (rules.privateKeyIsValid(privateKey) ? keys.publicHalf(name, privateKey) : undefined),
    publicKeyIsValid: (publicKey) =>
      rules.publicKeyIsWellFormed(publicKey) && (!rules.hasCurveCheck || keys.public(name, publicKey) !== undefined),
    agree(privateKey, peerPublicKey, use) {
      const own = use === "once" ? importPrivateKey(name, privateKey) : keys.private(name, privateKey)
      const peer = rules.publicKeyIsWellFormed(peerPublicKey) ? keys.public(name, peerPublicKey) : undefined
      const secret = peer && sharedSecret(own.key, peer)
      return secret && { publicKey: own.publicKey, secret }
    },
  }
}

/** OpenSSL itself refuses a secret of zeros (RFC 7748 §6.1); the checks before only make the common cases cheap. */
export function sharedSecret(privateKey: KeyObject, publicKey: KeyObject): Uint8Array | undefined {
  try {
    return ownBytes(diffieHellman({ privateKey, publicKey }))
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_OSSL_FAILED_DURING_DERIVATION")
      return undefined
    throw error
  }
}
