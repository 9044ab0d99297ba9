import type { Credential } from "@qpc/mls"
import { equalBytes, IDENTITY_KEY_BYTES, toIdentityKey } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"

/**
 * Who a leaf is: one Ed25519 key that is identity and signature key at once. `undefined` for every other leaf: it could
 * claim to be somebody whose key it does not hold.
 */
export function identityOf(leaf: {
  readonly credential: Credential
  readonly signatureKey: Uint8Array
}): IdentityKey | undefined {
  const { credential, signatureKey } = leaf
  if (credential.kind !== "basic" || credential.identity.length !== IDENTITY_KEY_BYTES) return undefined
  return equalBytes(credential.identity, signatureKey) ? toIdentityKey(credential.identity) : undefined
}
