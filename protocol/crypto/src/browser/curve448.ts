import * as curve448 from "@noble/curves/ed448.js"
import { DH_GROUPS, dhGroup } from "../dh-groups.ts"
import { eddsa } from "../eddsa.ts"
import type { DhGroup, SignatureScheme } from "../primitives.ts"

/** X448 (RFC 7748 §5) as a group of DHKEM. Big integers take a time that depends on their value. */
export const x448: DhGroup = dhGroup(DH_GROUPS.X448, {
  publicKey: (privateKey) => curve448.x448.getPublicKey(privateKey),
  // The keys that noble would throw at are not well-formed.
  sharedSecret: (privateKey, publicKey) => curve448.x448.getSharedSecret(privateKey, publicKey),
  isOnCurve: () => true,
})

/** Ed448 (RFC 8032 §5.2). Big integers take a time that depends on their value. */
export const ed448: SignatureScheme = eddsa("Ed448", {
  publicKey: (privateKey) => curve448.ed448.getPublicKey(privateKey),
  sign: (privateKey, message) => curve448.ed448.sign(message, privateKey),
  verify: (publicKey, message, signature) => curve448.ed448.verify(signature, message, publicKey, { zip215: false }),
})
