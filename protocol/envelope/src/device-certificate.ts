import {
  decodedOrUndefined,
  decodeWhole,
  DecodeError,
  DEVICE_KEY_BYTES,
  encode,
  equalBytes,
  IDENTITY_KEY_BYTES,
  toDeviceKey,
  toIdentityKey,
  toUtf8,
} from "@qpc/wire"
import type { DeviceKey, IdentityKey, Reader, Writer } from "@qpc/wire"

/** Ed25519, whatever the suite of a group: identity keys are the same in all of them. A `CipherSuite` of ours will do. */
export interface DeviceCrypto {
  sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

/** What a person says of one of their devices: until then, whoever has this key is me. */
export interface DeviceStatement {
  readonly identityKey: IdentityKey
  /** Another key than the identity key, which needs no certificate. */
  readonly deviceKey: DeviceKey
  /** The first moment at which it counts, Unix milliseconds. */
  readonly notBeforeMs: number
  /** The last moment at which it counts, Unix milliseconds. */
  readonly notAfterMs: number
}

/** A statement and the signature of the identity key under it. */
export interface DeviceCertificate extends DeviceStatement {
  readonly signature: Uint8Array
}

/** The length of every certificate; no identity key alone is as long. */
export const DEVICE_CERTIFICATE_BYTES = 145

const VERSION = 1
/** Ed25519. */
const SIGNATURE_BYTES = 64
/**
 * The identity key also signs as a device of MLS. Its messages there begin with a length and "MLS 1.0 " (RFC 9420 §5.1.2), so
 * that nothing which is signed for one purpose can be taken for the other.
 */
const SIGNED = toUtf8("quicprochat device certificate\0")

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
  const signature = crypto.sign(privateKey, signedContent(statement))
  return encode((writer) => writeStatement(writer, statement).bytes(signature))
}

/** Reads a certificate without believing it; `undefined` for bytes that are none. Copies. */
export function readDeviceCertificate(bytes: Uint8Array): DeviceCertificate | undefined {
  if (bytes.length !== DEVICE_CERTIFICATE_BYTES) return undefined
  return decodedOrUndefined(() => decodeWhole(bytes, readCertificate))
}

/** True if the person whom a certificate names has signed it. Its time is the caller's to judge. */
export function verifyDeviceCertificate(
  crypto: Pick<DeviceCrypto, "verify">,
  { signature, ...statement }: DeviceCertificate,
): boolean {
  return crypto.verify(statement.identityKey, signedContent(statement), signature)
}

/** Reads version u8 = 1 · identity key · device key · not before u64 ms · not after u64 ms · signature 64 B. */
function readCertificate(reader: Reader): DeviceCertificate {
  if (reader.uint8() !== VERSION) throw new DecodeError("reserved_value", 0)
  const start = reader.offset
  const statement: DeviceStatement = {
    identityKey: toIdentityKey(reader.bytes(IDENTITY_KEY_BYTES).slice()),
    deviceKey: toDeviceKey(reader.bytes(DEVICE_KEY_BYTES).slice()),
    notBeforeMs: Number(reader.uint64()),
    notAfterMs: Number(reader.uint64()),
  }
  if (!isSound(statement)) throw new DecodeError("bad_value", start)
  return { ...statement, signature: reader.bytes(SIGNATURE_BYTES).slice() }
}

function isSound({ identityKey, deviceKey, notBeforeMs, notAfterMs }: DeviceStatement): boolean {
  const areTimes = [notBeforeMs, notAfterMs].every((atMs) => Number.isSafeInteger(atMs) && atMs >= 0)
  return areTimes && notBeforeMs <= notAfterMs && !equalBytes(identityKey, deviceKey)
}

function signedContent(statement: DeviceStatement): Uint8Array {
  return encode((writer) => writeStatement(writer.bytes(SIGNED), statement))
}

function writeStatement(writer: Writer, { identityKey, deviceKey, notBeforeMs, notAfterMs }: DeviceStatement): Writer {
  writer.uint8(VERSION).bytes(identityKey).bytes(deviceKey)
  return writer.uint64(BigInt(notBeforeMs)).uint64(BigInt(notAfterMs))
}
