import { isIPv4 } from "node:net"

/*
 * Just enough DER (X.690 §10) to write the certificate of RFC 5280 §4.1 that `makeCertificate` makes: one key type, one
 * signature algorithm, a fixed list of extensions. Reading and verifying certificates is OpenSSL's job.
 */

/** What goes into a certificate. */
export interface CertificateFields {
  /** Big-endian, positive, without leading zeros (RFC 5280 §4.1.2.2). */
  readonly serialNumber: Uint8Array
  /** The common name of subject and issuer. */
  readonly commonName: string
  readonly notBefore: Date
  readonly notAfter: Date
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
}

const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
  extensions: 0xa3,
  dnsName: 0x82,
  ipAddress: 0x87,
} as const

/** Object identifiers in their encoded form. */
const Oid = {
  ecdsaWithSha256: "2a8648ce3d040302",
  commonName: "550403",
  subjectAltName: "551d11",
  basicConstraints: "551d13",
} as const

const YES = Uint8Array.of(0xff)

/** The part that is signed (RFC 5280 §4.1.2). */
export function encodeTbsCertificate(fields: CertificateFields): Uint8Array {
  const name = sequence(
    element(Tag.set, sequence(oid(Oid.commonName), element(Tag.utf8String, ascii(fields.commonName)))),
  )
  return sequence(
    element(Tag.version, element(Tag.integer, Uint8Array.of(2))),
    element(Tag.integer, fields.serialNumber),
    sequence(oid(Oid.ecdsaWithSha256)),
    name,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    name,
    fields.publicKey,
    element(Tag.extensions, extensions(fields)),
  )
}

/** The certificate around what was signed with ECDSA and SHA-256 (RFC 5758 §3.2). */
export function encodeCertificate(tbsCertificate: Uint8Array, signature: Uint8Array): Uint8Array {
  return sequence(tbsCertificate, sequence(oid(Oid.ecdsaWithSha256)), bitString(signature))
}

function extensions({ dnsNames, ipAddresses }: CertificateFields): Uint8Array {
  const names = [
    ...dnsNames.map((name) => element(Tag.dnsName, ascii(name))),
    ...ipAddresses.map((address) => element(Tag.ipAddress, addressBytes(address))),
  ]
  const isNoAuthority = sequence()
  // No KeyUsage: OpenSSL and BoringSSL do not take a certificate as a trust anchor whose key may only sign handshakes.
  return sequence(
    sequence(oid(Oid.basicConstraints), element(Tag.boolean, YES), element(Tag.octetString, isNoAuthority)),
    sequence(oid(Oid.subjectAltName), element(Tag.octetString, sequence(...names))),
  )
}

/** Two-digit years up to 2049, four digits from then on (RFC 5280 §4.1.2.5). */
function time(date: Date): Uint8Array {
  const digits = date.toISOString().replaceAll(/[-:T]|\.\d+/g, "")
  const isShort = date.getUTCFullYear() < 2050
  return isShort ? element(Tag.utcTime, ascii(digits.slice(2))) : element(Tag.generalizedTime, ascii(digits))
}

/** Four or sixteen bytes. The URL parser knows all ways to write an IPv6 address. */
function addressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split("."), Number)
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::")
  const [first, last] = [groups(head), groups(tail ?? "")]
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => 0)
  return Uint8Array.from([...first, ...zeros, ...last].flatMap((group) => [group >>> 8, group & 0xff]))
}

function groups(part: string): number[] {
  return part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16))
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return element(Tag.sequence, Buffer.concat(parts))
}

function oid(encodedHex: string): Uint8Array {
  return element(Tag.oid, Buffer.from(encodedHex, "hex"))
}

function bitString(bytes: Uint8Array): Uint8Array {
  return element(Tag.bitString, Buffer.concat([Uint8Array.of(0), bytes]))
}

function ascii(text: string): Uint8Array {
  return Buffer.from(text, "latin1")
}

function element(tag: number, content: Uint8Array): Uint8Array {
  const length = content.length
  if (length < 0x80) return Buffer.concat([Uint8Array.of(tag, length), content])
  const lengthBytes = length < 0x100 ? [0x81, length] : [0x82, length >>> 8, length & 0xff]
  if (length > 0xffff) throw new RangeError("a certificate of more than 64 KiB: give it fewer names")
  return Buffer.concat([Uint8Array.of(tag, ...lengthBytes), content])
}
