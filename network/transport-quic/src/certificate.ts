import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto"
import { sign, X509Certificate } from "node:crypto"
import type { KeyObject } from "node:crypto"
import { isIP } from "node:net"
import type { Fingerprint } from "./server-address.ts"
import { encodeCertificate, encodeTbsCertificate } from "./x509-der.ts"

/** What a server needs to prove who it is, as PEM. The key is a secret: keep the file readable by the server only. */
export interface ServerCertificate {
  /** One certificate, or a chain with the server's own first. */
  readonly certificatePem: string
  /** PKCS #8. */
  readonly privateKeyPem: string
}

/** What a certificate says, as far as it matters here. */
export interface CertificateInfo {
  readonly fingerprint: Fingerprint
  readonly notBefore: Date
  readonly notAfter: Date
  /** DNS names and IP addresses of the subject. */
  readonly names: readonly string[]
  /** Signed with its own key, so that a client can make it its only trust anchor (QUIC needs that). */
  readonly isSelfSigned: boolean
}

/** Which certificate to make. */
export interface CertificateRequest {
  /** DNS names and IP addresses under which clients reach the server. */
  readonly names: readonly string[]
  /** Days from `now`. */
  readonly days: number
  readonly now: Date
  /** Renews: the same key keeps the fingerprint. Without it a new key is made. */
  readonly privateKeyPem?: string
}

/**
 * A name in every certificate of ours. The QUIC library also trusts the system's authorities when it checks the name it
 * asked for; none of them can certify a name under `.invalid` (RFC 6761 §6.4). It also gives a name to servers that are
 * known by an IP address only.
 */
export const SERVER_NAME = "server.qpc.invalid"

const DAY_MS = 86_400_000

/**
 * Makes a self-signed certificate on P-256 (the QUIC library takes no Ed25519). It is valid from a day before `now`, for
 * clients whose clock is slow.
 *
 * @throws RangeError for `days` below 1; TypeError for a name that is neither a DNS name nor an address, or a key that
 * is not P-256
 */
export function makeCertificate(request: CertificateRequest): ServerCertificate {
  if (!(request.days >= 1)) throw new RangeError("a certificate is valid for at least one day")
  const names = [...new Set([SERVER_NAME, ...request.names])]
  const privateKeyPem = request.privateKeyPem ?? newPrivateKey()
  const privateKey = p256Key(privateKeyPem)
  const tbsCertificate = encodeTbsCertificate({
    serialNumber: Buffer.concat([Uint8Array.of(0x40), randomBytes(15)]),
    commonName: SERVER_NAME,
    notBefore: new Date(request.now.getTime() - DAY_MS),
    notAfter: new Date(request.now.getTime() + request.days * DAY_MS),
    publicKey: createPublicKey(privateKey).export({ type: "spki", format: "der" }),
    dnsNames: names.filter((name) => isIP(name) === 0).map(checkDnsName),
    ipAddresses: names.filter((name) => isIP(name) !== 0),
  })
  const certificate = encodeCertificate(tbsCertificate, sign("sha256", tbsCertificate, privateKey))
  return { certificatePem: new X509Certificate(certificate).toString(), privateKeyPem }
}

/** Reads the first certificate of a PEM text. @throws TypeError if there is none */
export function readCertificate(pem: string): CertificateInfo {
  return describeX509(parseX509(pem))
}

/** What an X.509 object of Node's says. */
export function describeX509(certificate: X509Certificate): CertificateInfo {
  return {
    fingerprint: fingerprintOf(certificate),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    names: namesOf(certificate),
    isSelfSigned: certificate.issuer === certificate.subject && certificate.verify(certificate.publicKey),
  }
}

/** Whether the private key is the certificate's: check it before listening. @throws TypeError if either is unreadable */
export function certificateMatchesKey({ certificatePem, privateKeyPem }: ServerCertificate): boolean {
  const certificate = parseX509(certificatePem)
  return certificate.checkPrivateKey(parsePrivateKey(privateKeyPem))
}

/** A line for the operator while a certificate runs out, or undefined while all is well. @param days - default 30 */
export function certificateWarning(certificate: CertificateInfo, now: Date, days = 30): string | undefined {
  const leftMs = certificate.notAfter.getTime() - now.getTime()
  if (leftMs > days * DAY_MS) return undefined
  const date = certificate.notAfter.toISOString().slice(0, 10)
  const renew = "renew it with the same key, so that clients keep their pin"
  if (leftMs <= 0) return `the server's certificate expired on ${date}; clients come over TLS only: ${renew}`
  return `the server's certificate expires on ${date}, in ${Math.floor(leftMs / DAY_MS)} days: ${renew}`
}

function parseX509(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new TypeError("not a certificate in PEM form (-----BEGIN CERTIFICATE-----)", { cause })
  }
}

function parsePrivateKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    // Without the cause: OpenSSL's words about a private key do not belong into a log.
    throw new TypeError("not a private key in PEM form (-----BEGIN PRIVATE KEY-----)")
  }
}

function fingerprintOf(certificate: X509Certificate): Fingerprint {
  const publicKey = certificate.publicKey.export({ type: "spki", format: "der" })
  return `sha256-${createHash("sha256").update(publicKey).digest("base64url")}`
}

/** Names that Node had to quote are none that a server is reached by: they are left out. */
function namesOf(certificate: X509Certificate): string[] {
  const entries = (certificate.subjectAltName ?? "").split(", ")
  return entries.flatMap((entry) => /^(?:DNS|IP Address):([\w.:*-]+)$/.exec(entry)?.[1] ?? [])
}

function checkDnsName(name: string): string {
  if (/^(?=.{1,253}$)[a-z0-9*_][a-z0-9_.-]*$/i.test(name)) return name
  throw new TypeError(`"${name}" is neither a DNS name nor an IP address`)
}

function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" })
  return privateKey.export({ type: "pkcs8", format: "pem" })
}

function p256Key(privateKeyPem: string): KeyObject {
  const privateKey = parsePrivateKey(privateKeyPem)
  if (privateKey.asymmetricKeyDetails?.namedCurve === "prime256v1") return privateKey
  throw new TypeError("the server's key must be on P-256; leave it out to make a new one")
}
