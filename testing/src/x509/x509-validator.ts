import { X509Certificate } from "node:crypto"
import type { CredentialReason, CredentialValidator, CredentialWithKey } from "@qpc/mls"
import { equalBytes } from "@qpc/wire"

/**
 * An example of a validator for X.509 chains, made of what Node offers. For tests only: Node neither shows key usage and path
 * lengths nor knows about revocation, so that a real authentication service needs a library that does (RFC 5280 §6).
 *
 * Members are who the common name of their certificate says, signed by one of `roots`, in a chain without the root.
 *
 * @param roots - Trusted certificates, in DER.
 */
export function x509Validator(roots: readonly Uint8Array[]): CredentialValidator {
  const trusted = roots.map((root) => new X509Certificate(root))
  return ({ credential, signatureKey, predecessor, nowMs }) => {
    const chain = chainOf({ credential, signatureKey })
    if (typeof chain === "string") return chain
    const [leaf] = chain
    if (leaf === undefined) return "credential_malformed"
    if (!equalBytes(rawKey(leaf), signatureKey)) return "credential_key_mismatch"
    if (!leadsTo(trusted, chain)) return "credential_untrusted"
    if (nowMs !== undefined && !chain.every((certificate) => isAlive(certificate, nowMs))) return "credential_expired"
    if (predecessor === undefined) return undefined
    const before = chainOf(predecessor)
    return typeof before !== "string" && before[0]?.subject === leaf.subject ? undefined : "credential_not_successor"
  }
}

function chainOf({ credential }: CredentialWithKey): readonly X509Certificate[] | CredentialReason {
  if (credential.kind !== "x509") return "credential_type_unsupported"
  try {
    return credential.certificates.map((bytes) => new X509Certificate(bytes))
  } catch {
    return "credential_malformed"
  }
}

/** True if each certificate is issued by the next, and the last by somebody trusted. */
function leadsTo(trusted: readonly X509Certificate[], chain: readonly X509Certificate[]): boolean {
  return chain.every((certificate, at) => {
    const next = chain[at + 1]
    const issuers = next === undefined ? trusted : [next]
    return issuers.some(
      (issuer) => issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey),
    )
  })
}

function isAlive({ validFromDate, validToDate }: X509Certificate, nowMs: number): boolean {
  return validFromDate.getTime() <= nowMs && nowMs <= validToDate.getTime()
}

/** The Ed25519 key of a certificate as RFC 9420 has it in leaves; empty for keys of other kinds. */
function rawKey({ publicKey }: X509Certificate): Uint8Array {
  const { crv, x } = publicKey.export({ format: "jwk" })
  return crv === "Ed25519" && x !== undefined ? new Uint8Array(Buffer.from(x, "base64url")) : new Uint8Array(0)
}
