import { CborFields, cborUint, decodeCbor, DecodeError, encodeCbor, GROUP_ID_BYTES, toGroupId } from "@qpc/wire"
import type { CborValue, GroupId } from "@qpc/wire"
import { SEQUENCE_MAX } from "../frame.ts"
import type { PayloadFormat } from "../frame.ts"

/** `v` of profile 1 (`gbp/1`). */
export const PROFILE_1 = 1

/** A frame of profile 1: everything but the payload can be read, and changed, by whoever carries it. */
export interface Profile1Frame {
  readonly groupId: GroupId
  readonly epoch: bigint
  readonly transitionId: number
  readonly streamType: number
  readonly streamId: number
  readonly flags: number
  readonly sequence: number
  /** What the frame says of its own length; {@link decodeFrame1} leaves it to the receiver to compare, for the order of its checks. */
  readonly payloadBytes: number
  readonly sealed: Uint8Array
  readonly payloadFormat: PayloadFormat
}

/** The longest frame that the transports of the published stack carry. */
export const FRAME_1_MAX_BYTES: number = 1024 * 1024

const UINT8_MAX = 0xff
const UINT16_MAX = 0xffff
const UINT32_MAX = 0xffff_ffff

/**
 * The map `v` · `gid` · `ep` · `tid` · `st` · `sid` · `fl` · `seq` · `psz` · `pl` · `pf` (absent when 0), in this order.
 *
 * @param version - Another than 1 is for tests of what receivers do with it.
 */
export function encodeFrame1(frame: Profile1Frame, version: number = PROFILE_1): Uint8Array {
  const map = new Map<string, CborValue>([
    ["v", version],
    ["gid", frame.groupId],
    ["ep", cborUint(frame.epoch)],
    ["tid", frame.transitionId],
    ["st", frame.streamType],
    ["sid", frame.streamId],
    ["fl", frame.flags],
    ["seq", frame.sequence],
    ["psz", frame.payloadBytes],
    ["pl", frame.sealed],
  ])
  if (frame.payloadFormat !== 0) map.set("pf", frame.payloadFormat)
  return encodeCbor(map)
}

/**
 * Reads the fields and their ranges. The byte strings are owned by the caller.
 *
 * @returns `undefined` for a frame of another version
 * @throws DecodeError
 */
export function decodeFrame1(bytes: Uint8Array, sizeBytes: number = FRAME_1_MAX_BYTES): Profile1Frame | undefined {
  const fields = new CborFields(decodeCbor(bytes, { sizeBytes, depth: 1, itemCount: 32 }))
  // Fields of another version are none of our business: not even their absence says anything.
  if (fields.uint("v", UINT8_MAX) !== PROFILE_1) return undefined
  const frame: Profile1Frame = {
    groupId: toGroupId(fields.exactly("gid", GROUP_ID_BYTES)),
    epoch: fields.uint64("ep"),
    transitionId: fields.uint("tid", UINT32_MAX),
    streamType: fields.uint("st", UINT8_MAX),
    streamId: fields.uint("sid", UINT32_MAX),
    flags: fields.uint("fl", UINT16_MAX),
    sequence: fields.uint("seq", SEQUENCE_MAX),
    payloadBytes: fields.uint("psz", UINT32_MAX),
    sealed: fields.bytes("pl", sizeBytes),
    payloadFormat: readPayloadFormat(fields),
  }
  fields.end()
  return frame
}

function readPayloadFormat(fields: CborFields): PayloadFormat {
  if (!fields.nextIs("pf")) return 0
  const format = fields.uint("pf", UINT8_MAX)
  if (format === 1 || format === 2) return format
  throw new DecodeError(format === 0 ? "not_minimal" : "reserved_value", 0)
}
