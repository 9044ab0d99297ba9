import { TransportError } from "@qpc/transport"
import type { CertificateInfo } from "./certificate.ts"
import { formatServerAddress } from "./server-address.ts"
import type { Fingerprint, ServerAddress } from "./server-address.ts"

/** What a client holds a certificate against. */
export interface Expectation {
  readonly server: ServerAddress
  /** Undefined at first contact: then any key is accepted, and remembered by the caller. */
  readonly fingerprint: Fingerprint | undefined
  /** Where the expected fingerprint comes from, for the explanation. */
  readonly origin: "address" | "earlier contact"
  readonly now: Date
}

/**
 * Decides whether a certificate is the server's. Its key counts; names and issuers do not.
 *
 * @throws TransportError `peer_changed`, `certificate_expired`, each saying what the user or the operator does next
 */
export function judgeCertificate(certificate: CertificateInfo, expected: Expectation): void {
  if (expected.fingerprint !== undefined && certificate.fingerprint !== expected.fingerprint) {
    throw new TransportError("peer_changed", changedMessage(certificate.fingerprint, expected.fingerprint, expected))
  }
  const { notBefore, notAfter } = certificate
  if (notBefore <= expected.now && expected.now < notAfter) return
  const [from, until, today] = [notBefore, notAfter, expected.now].map((date) => date.toISOString().slice(0, 10))
  const when = notAfter <= expected.now ? `expired on ${until}` : `is not valid before ${from}`
  throw new TransportError(
    "certificate_expired",
    `the certificate of ${formatServerAddress(expected.server)} ${when} (today is ${today} on this machine). ` +
      "If that date is right, the server's operator must renew the certificate with the same key; " +
      "if it is wrong, set this machine's clock.",
  )
}

function changedMessage(found: Fingerprint, wanted: Fingerprint, { server, origin }: Expectation): string {
  const { host, port } = server
  const because = origin === "address" ? "its address names" : "it had at an earlier contact"
  return (
    `the server at ${formatServerAddress({ host, port })} has the key ${found}, but ${because} the key ${wanted}. ` +
    "Either its operator replaced the key, or somebody is between you and the server. Ask the operator for the " +
    `fingerprint over another channel. Only if it is the new one, connect to ` +
    `${formatServerAddress({ host, port, fingerprint: found })}; otherwise do not connect.`
  )
}
