import type { ECDSA } from "@noble/curves/abstract/weierstrass.js"
import { p256, p384, p521 } from "@noble/curves/nist.js"
import { DH_GROUPS, dhGroup } from "../dh-groups.ts"
import { ecdsa } from "../ecdsa.ts"
import type { NistCurveName } from "../nist-curves.ts"
import type { DhGroup, SignatureScheme } from "../primitives.ts"

const CURVES: Readonly<Record<NistCurveName, ECDSA>> = { "P-256": p256, "P-384": p384, "P-521": p521 }

/** A NIST curve as a group of DHKEM. Big integers take a time that depends on their value. */
export function nistDhGroup(name: NistCurveName): DhGroup {
  const curve = CURVES[name]
  const isOnCurve = (publicKey: Uint8Array): boolean => curve.utils.isValidPublicKey(publicKey, false)
  return dhGroup(DH_GROUPS[name], {
    publicKey: (privateKey) => curve.getPublicKey(privateKey, false),
    sharedSecret(privateKey, publicKey) {
      if (!isOnCurve(publicKey)) return undefined
      const point = curve.getSharedSecret(privateKey, publicKey, true)
      const secret = point.slice(1) // The x-coordinate alone (RFC 9180 §7.1.2), without the sign of y.
      point.fill(0)
      return secret
    },
    isOnCurve,
  })
}

/** ECDSA with deterministic nonces (RFC 6979). Big integers take a time that depends on their value. */
export function nistEcdsa(name: NistCurveName): SignatureScheme {
  const curve = CURVES[name]
  return ecdsa(name, {
    drawsRandomness: false,
    publicKey: (privateKey) => curve.getPublicKey(privateKey, false),
    sign: (privateKey, message) => curve.sign(message, privateKey, { lowS: false }),
    verify: (publicKey, message, signature) => curve.verify(signature, message, publicKey, { lowS: false }),
  })
}
