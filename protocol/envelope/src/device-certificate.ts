import { DecodeError, equalBytes } from "@qpc/wire"
import { personStatements } from "./person-statement.ts"
import type { DeviceCrypto, PersonStatement, Signed } from "./person-statement.ts"

/** What a person says of one of their devices: until then, whoever has this key is me. The key is another than the identity key. */
export interface DeviceStatement extends PersonStatement {
  /** The first moment at which it counts, Unix milliseconds. */
  readonly notBeforeMs: number
  /** The last moment at which it counts, Unix milliseconds. */
  readonly notAfterMs: number
}

/** A statement and the signature of the identity key under it. The identity key itself needs none. */
export type DeviceCertificate = Signed<DeviceStatement>

/** The length of every certificate; no identity key alone is as long. */
export const DEVICE_CERTIFICATE_BYTES = 145

/** What is added: not before u64 ms · not after u64 ms. */
const certificates = personStatements<DeviceStatement>({
  label: "quicprochat device certificate\0",
  writeRest: (writer, { notBeforeMs, notAfterMs }) => {
    writer.uint64(BigInt(notBeforeMs)).uint64(BigInt(notAfterMs))
  },
  readRest: (reader, about) => {
    const start = reader.offset
    const statement = { ...about, notBeforeMs: Number(reader.uint64()), notAfterMs: Number(reader.uint64()) }
    if (!isSound(statement)) throw new DecodeError("bad_value", start)
    return statement
  },
})

/**
 * Makes the certificate of a device, with the private half of its person's identity key, which is borrowed.
 *
 * @throws RangeError for a device whose key is the identity key, or a time that ends before it begins
 */
export function certifyDevice(
  crypto: Pick<DeviceCrypto, "sign">,
  privateKey: Uint8Array,
  statement: DeviceStatement,
): Uint8Array {
  if (!isSound(statement)) throw new RangeError("no device can have such a certificate")
  return certificates.sign(crypto, privateKey, statement)
}

/** Reads a certificate without believing it; `undefined` for bytes that are none. Copies. */
export function readDeviceCertificate(bytes: Uint8Array): DeviceCertificate | undefined {
  return certificates.read(bytes)
}

/** True if the person whom a certificate names has signed it. Its time is the caller's to judge. */
export function verifyDeviceCertificate(crypto: Pick<DeviceCrypto, "verify">, certificate: DeviceCertificate): boolean {
  return certificates.verify(crypto, certificate)
}

function isSound({ identityKey, deviceKey, notBeforeMs, notAfterMs }: DeviceStatement): boolean {
  const areTimes = [notBeforeMs, notAfterMs].every((atMs) => Number.isSafeInteger(atMs) && atMs >= 0)
  return areTimes && notBeforeMs <= notAfterMs && !equalBytes(identityKey, deviceKey)
}
