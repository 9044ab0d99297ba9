import type { KeyPair } from "@qpc/crypto"
import { suite0001 as suite } from "@qpc/crypto/node"
import { toUtf8 } from "@qpc/wire"

/** What a certificate says. For tests only. */
export interface TestCertificate {
  readonly subject: string
  readonly issuer: string
  readonly publicKey: Uint8Array
  /** Of the issuer. */
  readonly signer: KeyPair
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** True if it may issue others. */
  readonly isAuthority?: boolean
}

const ED25519 = der(0x30, Uint8Array.of(0x06, 3, 0x2b, 0x65, 0x70))
const BASIC_CONSTRAINTS = Uint8Array.of(0x06, 3, 0x55, 0x1d, 0x13)
const COMMON_NAME = Uint8Array.of(0x06, 3, 0x55, 0x04, 0x03)
const TRUE = Uint8Array.of(0x01, 1, 0xff)

/** An X.509 certificate for an Ed25519 key, in DER (RFC 5280 §4.1, RFC 8410). For tests only. */
export function testCertificate(certificate: TestCertificate): Uint8Array {
  const { subject, issuer, publicKey, signer, notBeforeMs, notAfterMs, isAuthority = false } = certificate
  const constraints = der(0x30, BASIC_CONSTRAINTS, TRUE, der(0x04, der(0x30, ...(isAuthority ? [TRUE] : []))))
  const toBeSigned = der(
    0x30,
    der(0xa0, Uint8Array.of(0x02, 1, 2)),
    Uint8Array.of(0x02, 1, 7),
    ED25519,
    nameOf(issuer),
    der(0x30, timeOf(notBeforeMs), timeOf(notAfterMs)),
    nameOf(subject),
    der(0x30, ED25519, bitString(publicKey)),
    der(0xa3, der(0x30, constraints)),
  )
  return der(0x30, toBeSigned, ED25519, bitString(suite.sign(signer.privateKey, toBeSigned)))
}

function nameOf(name: string): Uint8Array {
  return der(0x30, der(0x31, der(0x30, COMMON_NAME, der(0x0c, toUtf8(name)))))
}

/** GeneralizedTime (RFC 5280 §4.1.2.5.2). */
function timeOf(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().replaceAll(/\..*|[-:T]/gu, "")
  return der(0x18, toUtf8(`${digits}Z`))
}

function bitString(bytes: Uint8Array): Uint8Array {
  return der(0x03, Uint8Array.of(0), bytes)
}

/** Tag, length, content (X.690 §8.1). */
function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts)
  const { length } = content
  const lengthBytes = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Uint8Array.of(tag, ...lengthBytes, ...content)
}
