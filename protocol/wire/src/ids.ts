import type { Brand } from "./brand.ts"
import { toHex } from "./bytes.ts"

/** Randomness comes in as an argument: real at the edge, seeded in tests. Returns fresh bytes, owned by the caller. */
export type Random = (lengthBytes: number) => Uint8Array

/** 16 random bytes that name a group on the wire: MLS group id, GBP `gid` and the server's channel id are the same. */
export type GroupId = Brand<Uint8Array, "GroupId">
/** 16 bytes, UUIDv7 (RFC 9562 §5.7): names one enqueued message, so that a retry is recognised as one. */
export type MessageId = Brand<Uint8Array, "MessageId">
/** 32 bytes, the public Ed25519 key that is a person to everyone else. */
export type IdentityKey = Brand<Uint8Array, "IdentityKey">
/**
 * 32 bytes, the public Ed25519 key of one device of a person: it signs the device's leaf and names its inbox. A person's first
 * device has the identity key itself.
 */
export type DeviceKey = Brand<Uint8Array, "DeviceKey">

export const GROUP_ID_BYTES = 16
export const MESSAGE_ID_BYTES = 16
export const IDENTITY_KEY_BYTES = 32
export const DEVICE_KEY_BYTES = 32

/** @throws RangeError for another length. Does not copy. */
export const toGroupId = (bytes: Uint8Array): GroupId => sized(bytes, GROUP_ID_BYTES, "group id") as GroupId
/** @throws RangeError for another length. Does not copy. */
export const toMessageId = (bytes: Uint8Array): MessageId => sized(bytes, MESSAGE_ID_BYTES, "message id") as MessageId
/** @throws RangeError for another length. Does not copy. */
export const toIdentityKey = (bytes: Uint8Array): IdentityKey =>
  sized(bytes, IDENTITY_KEY_BYTES, "identity key") as IdentityKey
/** @throws RangeError for another length. Does not copy. */
export const toDeviceKey = (bytes: Uint8Array): DeviceKey => sized(bytes, DEVICE_KEY_BYTES, "device key") as DeviceKey

/**
 * A new UUIDv7 (RFC 9562 §5.7): 48 bits of milliseconds, then randomness.
 *
 * @param nowMs - Unix time in milliseconds, below 2^48.
 */
export function newMessageId(nowMs: number, random: Random): MessageId {
  if (!Number.isInteger(nowMs) || nowMs < 0 || nowMs >= 2 ** 48) throw new RangeError(`not a 48-bit time: ${nowMs}`)
  const id = new Uint8Array(MESSAGE_ID_BYTES)
  id.set(random(10), 6)
  const view = new DataView(id.buffer)
  view.setUint32(0, Math.floor(nowMs / 2 ** 16))
  view.setUint16(4, nowMs % 2 ** 16)
  id[6] = 0x70 | (id[6]! & 0x0f)
  id[8] = 0x80 | (id[8]! & 0x3f)
  return toMessageId(id)
}

/** The canonical text of a UUID (RFC 9562 §4): 8-4-4-4-12 lower-case hexadecimal digits. */
export function uuidText(id: MessageId): string {
  const hex = toHex(id)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
}

function sized(bytes: Uint8Array, lengthBytes: number, what: string): Uint8Array {
  if (bytes.length !== lengthBytes) throw new RangeError(`${what} must be ${lengthBytes} bytes, not ${bytes.length}`)
  return bytes
}
