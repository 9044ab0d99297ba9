import { diffieHellman, type KeyObject } from "node:crypto"
import { DH_GROUPS, type GroupName } from "../dh-groups.ts"
import type { DhGroup } from "../primitives.ts"
import { importPrivateKey, type Keys } from "./keys.ts"
import { once } from "./once.ts"
import { ownBytes } from "./own-bytes.ts"
import type { FindSodium } from "./sodium-native.ts"
import { sodiumX25519 } from "./x25519-group.ts"

/** A group of DHKEM: X25519 on libsodium where it is found, all others on OpenSSL. */
export function nodeDhGroup(keys: Keys, name: GroupName, findSodium: FindSodium): DhGroup {
  const openssl = opensslDhGroup(keys, name)
  if (name !== "X25519") return openssl
  const chosen = once(() => {
    const sodium = findSodium()
    return sodium === undefined ? openssl : sodiumX25519(sodium, keys)
  })
  return {
    ...openssl,
    publicKey: (privateKey) => chosen().publicKey(privateKey),
    agree: (privateKey, peerPublicKey, use) => chosen().agree(privateKey, peerPublicKey, use),
  }
}

/** Keys that are used again are kept. */
function opensslDhGroup(keys: Keys, name: GroupName): DhGroup {
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
