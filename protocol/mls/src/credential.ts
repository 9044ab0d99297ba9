import { DecodeError, encode, equalBytes, readList } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"

/** CredentialType code points (RFC 9420 §17.5). */
export const CREDENTIAL_TYPES = { basic: 1, x509: 2 } as const

/** The longest certificate chain that is read; more cannot be of use to anyone. */
const CERTIFICATES_LIMIT = 32

/**
 * Who a member claims to be (RFC 9420 §5.3). What the claim is worth a `CredentialValidator` says.
 *
 * - `basic`: an identity in a form of the application's own.
 * - `x509`: DER certificates, the member's own first.
 * - `unknown`: any other registered or private type, its content being one opaque vector.
 */
export type Credential =
  | { readonly kind: "basic"; readonly identity: Uint8Array }
  | { readonly kind: "x509"; readonly certificates: readonly Uint8Array[] }
  | { readonly kind: "unknown"; readonly type: number; readonly body: Uint8Array }

/** The code point of a credential, as capabilities list it. */
export function credentialType(credential: Credential): number {
  return credential.kind === "unknown" ? credential.type : CREDENTIAL_TYPES[credential.kind]
}

/**
 * Reads a Credential (RFC 9420 §5.3). Returns views.
 *
 * @throws DecodeError `reserved_value` for type 0, `too_large` above {@link CERTIFICATES_LIMIT}
 */
export function readCredential(reader: Reader): Credential {
  const start = reader.offset
  const type = reader.uint16()
  if (type === 0) throw new DecodeError("reserved_value", start)
  if (type === CREDENTIAL_TYPES.basic) return { kind: "basic", identity: reader.vector() }
  if (type !== CREDENTIAL_TYPES.x509) return { kind: "unknown", type, body: reader.vector() }
  let count = 0
  const certificates = readList(reader, (inner) => {
    if (++count > CERTIFICATES_LIMIT) throw new DecodeError("too_large", start)
    return inner.vector()
  })
  return { kind: "x509", certificates }
}

/**
 * Writes a Credential (RFC 9420 §5.3).
 *
 * @throws RangeError if an `unknown` credential carries the type of a known one: it would read back as another value.
 */
export function writeCredential(writer: Writer, credential: Credential): void {
  switch (credential.kind) {
    case "basic":
      writer.uint16(CREDENTIAL_TYPES.basic).vector(credential.identity)
      return
    case "x509":
      writer.uint16(CREDENTIAL_TYPES.x509).list(credential.certificates, (inner, bytes) => inner.vector(bytes))
      return
    case "unknown":
      if (credential.type <= CREDENTIAL_TYPES.x509) throw new RangeError(`credential type ${credential.type} is known`)
      writer.uint16(credential.type).vector(credential.body)
  }
}

/** True if two credentials are the same, byte by byte. */
export function credentialsAreEqual(a: Credential, b: Credential): boolean {
  return equalBytes(credentialBytes(a), credentialBytes(b))
}

/** The bytes of a Credential (RFC 9420 §5.3). */
export function credentialBytes(credential: Credential): Uint8Array {
  return encode((writer) => writeCredential(writer, credential))
}
