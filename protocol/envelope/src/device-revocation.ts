import {
  decodedOrUndefined,
  decodeWhole,
  DecodeError,
  DEVICE_KEY_BYTES,
  encode,
  IDENTITY_KEY_BYTES,
  toDeviceKey,
  toIdentityKey,
  toUtf8,
} from "@qpc/wire"
import type { DeviceKey, IdentityKey, Reader, Writer } from "@qpc/wire"
import type { DeviceCrypto } from "./device-certificate.ts"

/** What a person says to take a device back: whoever has this key is not me any more. It holds for ever. */
interface RevocationStatement {
  readonly identityKey: IdentityKey
  readonly deviceKey: DeviceKey
  /** When it was said, Unix milliseconds; for people. */
  readonly revokedAtMs: number
}

/** The statement and the signature of the identity key under it. */
export interface DeviceRevocation extends RevocationStatement {
  readonly signature: Uint8Array
}

const VERSION = 1
/** Ed25519. */
const SIGNATURE_BYTES = 64
const SIGNED = toUtf8("quicprochat device revocation\0")

/** Signs a revocation with the private half of the person's identity key, which is borrowed. @throws RangeError for no time */
export function revokeDevice(
  crypto: Pick<DeviceCrypto, "sign">,
  privateKey: Uint8Array,
  statement: RevocationStatement,
): Uint8Array {
  const signature = crypto.sign(privateKey, signedContent(statement))
  return encode((writer) => writeStatement(writer, statement).bytes(signature))
}

/** Reads a revocation without believing it; `undefined` for bytes that are none. Copies. */
export function readDeviceRevocation(bytes: Uint8Array): DeviceRevocation | undefined {
  return decodedOrUndefined(() => decodeWhole(bytes, readRevocation))
}

/** True if the person whom it names has signed it. */
export function verifyDeviceRevocation(
  crypto: Pick<DeviceCrypto, "verify">,
  { signature, ...statement }: DeviceRevocation,
): boolean {
  return crypto.verify(statement.identityKey, signedContent(statement), signature)
}

/** Reads version u8 = 1 · identity key · device key · revoked at u64 ms · signature 64 B. @throws DecodeError */
function readRevocation(reader: Reader): DeviceRevocation {
  if (reader.uint8() !== VERSION) throw new DecodeError("reserved_value", 0)
  const identityKey = toIdentityKey(reader.bytes(IDENTITY_KEY_BYTES).slice())
  const deviceKey = toDeviceKey(reader.bytes(DEVICE_KEY_BYTES).slice())
  const start = reader.offset
  const revokedAtMs = Number(reader.uint64())
  if (!Number.isSafeInteger(revokedAtMs)) throw new DecodeError("bad_value", start)
  return { identityKey, deviceKey, revokedAtMs, signature: reader.bytes(SIGNATURE_BYTES).slice() }
}

function signedContent(statement: RevocationStatement): Uint8Array {
  return encode((writer) => writeStatement(writer.bytes(SIGNED), statement))
}

function writeStatement(writer: Writer, { identityKey, deviceKey, revokedAtMs }: RevocationStatement): Writer {
  return writer.uint8(VERSION).bytes(identityKey).bytes(deviceKey).uint64(BigInt(revokedAtMs))
}
