import { sign, verify } from "node:crypto"
import { ecdsa } from "../ecdsa.ts"
import { eddsa, type EddsaArithmetic, type EddsaName } from "../eddsa.ts"
import type { NistCurveName } from "../nist-curves.ts"
import type { SignatureScheme } from "../primitives.ts"
import type { SignatureName } from "../suite-specs.ts"
import { sodiumEd25519 } from "./ed25519.ts"
import type { Keys } from "./keys.ts"
import { once } from "./once.ts"
import { ownBytes } from "./own-bytes.ts"
import type { FindSodium } from "./sodium-native.ts"

const ECDSA_HASH = { "P-256": "sha256", "P-384": "sha384", "P-521": "sha512" } as const

/** A signature algorithm: Ed25519 on libsodium where it is found, all others on OpenSSL. */
export function nodeSignatures(keys: Keys, name: SignatureName, findSodium: FindSodium): SignatureScheme {
  if (name === "Ed25519") return nodeEd25519(keys, findSodium)
  return name === "Ed448" ? eddsa(name, opensslEddsa(keys, name)) : nodeEcdsa(keys, name)
}

function nodeEd25519(keys: Keys, findSodium: FindSodium): SignatureScheme {
  const chosen = once(() => {
    const sodium = findSodium()
    return sodium === undefined ? opensslEddsa(keys, "Ed25519") : sodiumEd25519(sodium, keys)
  })
  return eddsa("Ed25519", {
    publicKey: (privateKey) => chosen().publicKey(privateKey),
    sign: (privateKey, message) => chosen().sign(privateKey, message),
    verify: (publicKey, message, signature) => chosen().verify(publicKey, message, signature),
  })
}

function opensslEddsa(keys: Keys, name: EddsaName): EddsaArithmetic {
  return {
    publicKey: (privateKey) => keys.publicHalf(name, privateKey),
    sign: (privateKey, message) => ownBytes(sign(null, message, keys.private(name, privateKey).key)),
    verify(publicKey, message, signature) {
      const key = keys.public(name, publicKey)
      return key !== undefined && verify(null, message, key, signature)
    },
  }
}

/** OpenSSL draws the nonce of each signature itself, out of randomness, private key and message together. */
function nodeEcdsa(keys: Keys, name: NistCurveName): SignatureScheme {
  const hash = ECDSA_HASH[name]
  const dsaEncoding = "ieee-p1363"
  return ecdsa(name, {
    drawsRandomness: true,
    publicKey: (privateKey) => keys.publicHalf(name, privateKey),
    sign: (privateKey, message) => sign(hash, message, { key: keys.private(name, privateKey).key, dsaEncoding }),
    verify(publicKey, message, signature) {
      const key = keys.public(name, publicKey)
      return key !== undefined && verify(hash, message, { key, dsaEncoding }, signature)
    },
  })
}
