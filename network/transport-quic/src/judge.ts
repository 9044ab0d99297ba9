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
}

/**
 * Decides whether a certificate is the server's. Its key counts; names, issuers and dates do not.
 *
 * Whoever has the key can sign a certificate with any dates, so that dates keep nobody out; they would only shut out people whose
 * clock is wrong, from the server that could tell them the time.
 *
 * @throws TransportError `peer_changed`, saying what the user does next
 */
export function judgeCertificate({ fingerprint }: CertificateInfo, expected: Expectation): void {
  if (expected.fingerprint === undefined || fingerprint === expected.fingerprint) return
  throw new TransportError("peer_changed", changedMessage(fingerprint, expected.fingerprint, expected))
}

/** True if the QUIC library would take a certificate at `nowMs`: unlike TLS it cannot be kept from looking at the dates. */
export function isDated({ notBefore, notAfter }: CertificateInfo, nowMs: number): boolean {
  return notBefore.getTime() <= nowMs && nowMs < notAfter.getTime()
}

/** For whoever wants QUIC and nothing else. */
export function datesRefused(
  { notBefore, notAfter }: CertificateInfo,
  server: ServerAddress,
  nowMs: number,
): TransportError {
  const [from, until, today] = [notBefore, notAfter, new Date(nowMs)].map((date) => date.toISOString().slice(0, 10))
  const when = notAfter.getTime() <= nowMs ? `expired on ${until}` : `is not valid before ${from}`
  return new TransportError(
    "certificate_expired",
    `the certificate of ${formatServerAddress(server)} ${when} (today is ${today} on this machine), and QUIC takes none ` +
      "such; TLS does, with the same key. If that date is right, the server's operator should renew the certificate with " +
      "the same key; if it is wrong, set this machine's clock.",
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
