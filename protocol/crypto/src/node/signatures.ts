import { sign, verify } from "node:crypto"
import { ecdsa } from "../ecdsa.ts"
import { eddsa, type EddsaName } from "../eddsa.ts"
import type { NistCurveName } from "../nist-curves.ts"
import type { SignatureScheme } from "../primitives.ts"
import type { SignatureName } from "../suite-specs.ts"
import type { Keys } from "./keys.ts"
import { ownBytes } from "./own-bytes.ts"

const ECDSA_HASH = { "P-256": "sha256", "P-384": "sha384", "P-521": "sha512" } as const

/** A signature algorithm on OpenSSL. */
export function nodeSignatures(keys: Keys, name: SignatureName): SignatureScheme {
  return name === "Ed25519" || name === "Ed448" ? nodeEddsa(keys, name) : nodeEcdsa(keys, name)
}

function nodeEddsa(keys: Keys, name: EddsaName): SignatureScheme {
  return eddsa(name, {
    publicKey: (privateKey) => keys.publicHalf(name, privateKey),
    sign: (privateKey, message) => ownBytes(sign(null, message, keys.private(name, privateKey).key)),
    verify(publicKey, message, signature) {
      const key = keys.public(name, publicKey)
      return key !== undefined && verify(null, message, key, signature)
    },
  })
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
