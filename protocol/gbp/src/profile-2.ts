import { CborFields, cborUint, decodeCbor, DecodeError, encodeCbor, GROUP_ID_BYTES, toGroupId } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"
import { FRAME_MAX_BYTES, SEQUENCE_MAX } from "./frame.ts"
import type { FrameContent, FrameHeader, FrameLimits, PayloadFormat, SealedFrame } from "./frame.ts"
import { decodeNumbers, encodeNumbers, NUMBERS_MAX_BYTES } from "./stream-numbers.ts"
import { streamTypeFromWire, streamTypeToWire } from "./stream.ts"
import type { StreamType } from "./stream.ts"

/** `v` of profile 2 (`gbp/2`). */
export const PROFILE_2 = 2

const UINT8_MAX = 0xff
const UINT16_MAX = 0xffff
const UINT32_MAX = 0xffff_ffff

/** A content as it came out of the seal, when its stream type may be one we do not speak. */
export interface OpenedContent extends Omit<FrameContent, "streamType"> {
  readonly streamType: StreamType | undefined
}

/** The outer map: `v` · `gid` · `ep` · `pl`, in this order. */
export function encodeFrame(header: FrameHeader, sealed: Uint8Array): Uint8Array {
  return encodeCbor(headerMap(header).set("pl", sealed))
}

/**
 * What the seal authenticates besides the content: the outer map without `pl`, so that no header field can be rewritten
 * on the way; and behind it, as `ctx`, what the layer above has on its label.
 */
export function frameAuthenticatedData(header: FrameHeader, context?: Uint8Array): Uint8Array {
  const map = headerMap(header)
  return encodeCbor(context === undefined ? map : map.set("ctx", context))
}

/** The byte strings are owned by the caller. @throws DecodeError; `reserved_value` for another `v` only */
export function decodeFrame(bytes: Uint8Array, limits: FrameLimits = {}): SealedFrame {
  const sizeBytes = limits.sizeBytes ?? FRAME_MAX_BYTES
  const fields = new CborFields(decodeCbor(bytes, { sizeBytes, depth: 1, itemCount: 32 }))
  const version = fields.uint("v", UINT8_MAX)
  // Fields of another version are none of our business: not even their absence says anything.
  if (version !== PROFILE_2) throw new UnsupportedVersion(version)
  const frame: SealedFrame = {
    version,
    groupId: toGroupId(fields.exactly("gid", GROUP_ID_BYTES)),
    epoch: fields.uint64("ep"),
    sealed: fields.bytes("pl", sizeBytes),
  }
  fields.end()
  return frame
}

/** The sealed map: `tid` · `st` · `sid` · `fl` · `seq` · `pf` (absent when 0) · `no` (absent where nobody counts) · `pl`, in this order. */
export function encodeContent(content: FrameContent): Uint8Array {
  const map = new Map<string, CborValue>([
    ["tid", content.transitionId],
    ["st", streamTypeToWire(content.streamType)],
    ["sid", content.streamId],
    ["fl", content.flags],
    ["seq", content.sequence],
  ])
  if (content.payloadFormat !== 0) map.set("pf", content.payloadFormat)
  if (content.numbers !== undefined) map.set("no", encodeNumbers(content.numbers))
  return encodeCbor(map.set("pl", content.payload))
}

/** @throws DecodeError */
export function decodeContent(bytes: Uint8Array, limits: FrameLimits = {}): OpenedContent {
  const sizeBytes = limits.sizeBytes ?? FRAME_MAX_BYTES
  const fields = new CborFields(decodeCbor(bytes, { sizeBytes, depth: 1, itemCount: 32 }))
  const content: OpenedContent = {
    transitionId: fields.uint("tid", UINT32_MAX),
    streamType: streamTypeFromWire(fields.uint("st", UINT16_MAX)),
    streamId: fields.uint("sid", UINT32_MAX),
    flags: fields.uint("fl", UINT16_MAX),
    sequence: fields.uint("seq", SEQUENCE_MAX),
    payloadFormat: readPayloadFormat(fields),
    ...(fields.nextIs("no") && { numbers: decodeNumbers(fields.bytes("no", NUMBERS_MAX_BYTES)) }),
    payload: fields.bytes("pl", sizeBytes),
  }
  fields.end()
  return content
}

/** The frame speaks another version of the protocol. Distinct, because the answer to it is: update one of the two. */
export class UnsupportedVersion extends DecodeError {
  readonly version: number

  constructor(version: number) {
    super("reserved_value", 0)
    this.version = version
  }
}

function headerMap(header: FrameHeader): Map<string, CborValue> {
  return new Map<string, CborValue>([
    ["v", PROFILE_2],
    ["gid", header.groupId],
    ["ep", cborUint(header.epoch)],
  ])
}

/** A written 0 would be a second encoding of an absent one. */
function readPayloadFormat(fields: CborFields): PayloadFormat {
  if (!fields.nextIs("pf")) return 0
  const format = fields.uint("pf", UINT8_MAX)
  if (format === 1 || format === 2) return format
  throw new DecodeError(format === 0 ? "not_minimal" : "reserved_value", 5)
}
