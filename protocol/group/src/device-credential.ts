import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { readDeviceCertificate, verifyDeviceCertificate } from "@qpc/envelope"
import type { Credential, CredentialReason, CredentialValidator, PresentedCredential } from "@qpc/mls"
import { equalBytes, IDENTITY_KEY_BYTES } from "@qpc/wire"

/** The credential of a device: its certificate or, of a person's first device, its key. */
export function credentialOf(
  { publicKey }: Pick<KeyPair, "publicKey">,
  certificate: Uint8Array | undefined,
): Credential {
  return { kind: "basic", identity: certificate ?? publicKey }
}

/**
 * Judges the credential of every leaf that comes near a group (RFC 9420 §5.3.1): an identity key alone, or the certificate of a
 * device, each for the key that signs. Who may bring which device in, `device-rules.ts` decides.
 *
 * The time of a certificate counts for whoever is about to invite. A commit may reach us long after it was made, and whoever refuses
 * what all others took is out of the group (RFC 9420 §5.3.2).
 */
export function deviceValidator(suite: CipherSuite): CredentialValidator {
  return (presented) => {
    const { credential, signatureKey, predecessor } = presented
    if (credential.kind !== "basic") return "credential_type_unsupported"
    // A leaf stays what it is: neither a person nor a device becomes another.
    if (predecessor !== undefined) return "credential_not_successor"
    if (credential.identity.length === IDENTITY_KEY_BYTES) {
      return equalBytes(credential.identity, signatureKey) ? undefined : "credential_key_mismatch"
    }
    return judgeCertificate(suite, credential.identity, presented)
  }
}

function judgeCertificate(
  suite: CipherSuite,
  bytes: Uint8Array,
  { signatureKey, place, nowMs }: PresentedCredential,
): CredentialReason | undefined {
  const certificate = readDeviceCertificate(bytes)
  if (certificate === undefined) return "credential_malformed"
  if (!equalBytes(certificate.deviceKey, signatureKey)) return "credential_key_mismatch"
  if (!verifyDeviceCertificate(suite, certificate)) return "credential_untrusted"
  if (place !== "key_package" || nowMs === undefined) return undefined
  return nowMs < certificate.notBeforeMs || nowMs > certificate.notAfterMs ? "credential_expired" : undefined
}
