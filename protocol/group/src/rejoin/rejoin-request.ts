import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { decodedOrUndefined, decodeWhole, DecodeError, DEVICE_KEY_BYTES, encode, GROUP_ID_BYTES } from "@qpc/wire"
import { toDeviceKey, toGroupId, toUtf8 } from "@qpc/wire"
import type { DeviceKey, GroupId, Reader, Writer } from "@qpc/wire"

/** What a device says that cannot follow its group any more: let me in again. Nothing in it is secret, the server reads it. */
export interface RejoinRequest {
  readonly groupId: GroupId
  /** Whose leaf is to be replaced: the key that signs. */
  readonly deviceKey: DeviceKey
  /** The last epoch that it was in; 0 where its record of the group is gone. */
  readonly lastEpoch: bigint
  /** By its own clock, Unix milliseconds. */
  readonly askedAtMs: number
  /** The cipher suite that the answer is sealed with: whoever lost the group does not know which one it has by now. */
  readonly suiteId: number
  /** To which the answer is sealed (RFC 9180); a fresh one, so that no two requests are equal. */
  readonly answerKey: Uint8Array
}

/** A request as it came, of which only the form was looked at. Copies. */
export interface ReceivedRequest extends RejoinRequest {
  /** Of the whole request, signature included, by the suite that it names: an answer names it. The group may have another suite. */
  readonly hash: Uint8Array
  readonly signature: Uint8Array
}

const VERSION = 1
/** Messages of MLS begin with a length and "MLS 1.0 " (RFC 9420 §5.1.2): neither can be taken for the other. */
const SIGNED = toUtf8("quicprochat rejoin request\0")

/**
 * Signs a request: version u8 = 1 · group id 16 B · device key 32 B · last epoch u64 · asked at u64 ms · suite u16 · answer key<V> ·
 * signature<V> over the label and all before it.
 *
 * @param device - Borrowed.
 */
export function encodeRejoinRequest(
  suite: Pick<CipherSuite, "sign">,
  device: KeyPair,
  request: RejoinRequest,
): Uint8Array {
  const signature = suite.sign(device.privateKey, signedContent(request))
  return encode((writer) => writeContent(writer, request).vector(signature))
}

/**
 * Reads a request without believing it; `undefined` for bytes that are none.
 *
 * @param suites - At least one. Where the one that is named is not among them, the hash is another and the request cannot be answered.
 */
export function readRejoinRequest(
  suites: readonly Pick<CipherSuite, "id" | "hash">[],
  bytes: Uint8Array,
): ReceivedRequest | undefined {
  const request = decodedOrUndefined(() => decodeWhole(bytes, readRequest))
  const suite = suites.find(({ id }) => id === request?.suiteId) ?? suites[0]
  return request && suite && { ...request, hash: suite.hash(bytes) }
}

/** True if the device that a request names has signed it. */
export function verifyRejoinRequest(suite: Pick<CipherSuite, "verify">, request: ReceivedRequest): boolean {
  return suite.verify(request.deviceKey, signedContent(request), request.signature)
}

function readRequest(reader: Reader): Omit<ReceivedRequest, "hash"> {
  if (reader.uint8() !== VERSION) throw new DecodeError("reserved_value", 0)
  const groupId = toGroupId(reader.bytes(GROUP_ID_BYTES).slice())
  const deviceKey = toDeviceKey(reader.bytes(DEVICE_KEY_BYTES).slice())
  const lastEpoch = reader.uint64()
  const start = reader.offset
  const askedAtMs = reader.uint64()
  if (askedAtMs > BigInt(Number.MAX_SAFE_INTEGER)) throw new DecodeError("bad_value", start)
  const suiteId = reader.uint16()
  const answerKey = reader.vector().slice()
  const signature = reader.vector().slice()
  return { groupId, deviceKey, lastEpoch, askedAtMs: Number(askedAtMs), suiteId, answerKey, signature }
}

function signedContent(request: RejoinRequest): Uint8Array {
  return encode((writer) => writeContent(writer.bytes(SIGNED), request))
}

function writeContent(writer: Writer, request: RejoinRequest): Writer {
  const { groupId, deviceKey, lastEpoch, askedAtMs, suiteId, answerKey } = request
  writer.uint8(VERSION).bytes(groupId).bytes(deviceKey).uint64(lastEpoch)
  return writer.uint64(BigInt(askedAtMs)).uint16(suiteId).vector(answerKey)
}
