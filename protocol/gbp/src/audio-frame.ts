import { CborFields, cborUint, decodeCbor, DecodeError, encodeCbor, GROUP_ID_BYTES, toGroupId } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"
import type { FrameHeader, PayloadFormat } from "./frame.ts"
import { PROFILE_2, UnsupportedVersion } from "./profile-2.ts"
import { streamTypeToWire } from "./stream.ts"

/**
 * What everyone on the way may read of an audio frame of profile 2. SFrame authenticates it
 * ({@link audioFrameMetadata}); before that nothing here is trusted.
 */
export interface AudioFrameHeader extends FrameHeader {
  readonly payloadFormat: PayloadFormat
}

/** An audio frame before it is opened. */
export interface SealedAudioFrame extends AudioFrameHeader {
  /** An SFrame frame (RFC 9605 §4.2). Who sent it, and which of theirs it is, are its key id and counter. */
  readonly sframe: Uint8Array
}

/**
 * Room for the longest Opus packet of one frame (1275 bytes, RFC 6716 §3.4) in its payload, and all that is around it.
 */
export const AUDIO_FRAME_MAX_BYTES = 1500

const AUDIO: number = streamTypeToWire("audio")
const UINT8_MAX = 0xff
const FIELDS_MAX = 6
/**
 * Heads of the two maps that an audio frame can be: of five entries, or of six with `pf`. All other frames have four.
 */
const [WITHOUT_FORMAT, WITH_FORMAT] = [0xa5, 0xa6]

/**
 * The outer map: `v` · `gid` · `ep` · `st` = 1 · `pf` (absent when 0) · `pl`, in this order.
 *
 * Other than text, audio says outside what it is: a relay may drop it when a line is slow. It has no content map of its
 * own inside: at fifty frames a second each byte counts, and SFrame has a sender and a number already.
 */
export function encodeAudioFrame(header: AudioFrameHeader, sframe: Uint8Array): Uint8Array {
  return encodeCbor(headerMap(header).set("pl", sframe))
}

/** What SFrame authenticates besides the payload (RFC 9605 §4.4.3): the outer map without `pl`. */
export function audioFrameMetadata(header: AudioFrameHeader): Uint8Array {
  return encodeCbor(headerMap(header))
}

/**
 * Tells frames of profile 2 apart, so that each comes to the receiver that reads it. Says nothing of whether the frame
 * is whole.
 */
export function isAudioFrame(bytes: Uint8Array): boolean {
  return bytes[0] === WITHOUT_FORMAT || bytes[0] === WITH_FORMAT
}

/**
 * The byte strings are owned by the caller.
 *
 * @throws DecodeError; {@link UnsupportedVersion} for another `v`, `too_large` above the limit, before anything is read
 */
export function decodeAudioFrame(bytes: Uint8Array, sizeBytes: number = AUDIO_FRAME_MAX_BYTES): SealedAudioFrame {
  const fields = new CborFields(decodeCbor(bytes, { sizeBytes, depth: 1, itemCount: 1 + 2 * FIELDS_MAX }))
  const version = fields.uint("v", UINT8_MAX)
  if (version !== PROFILE_2) throw new UnsupportedVersion(version)
  const groupId = toGroupId(fields.exactly("gid", GROUP_ID_BYTES))
  const epoch = fields.uint64("ep")
  if (fields.uint("st", UINT8_MAX) !== AUDIO) throw new DecodeError("bad_value", 0)
  const payloadFormat = readPayloadFormat(fields)
  const sframe = fields.bytes("pl", sizeBytes)
  fields.end()
  return { groupId, epoch, payloadFormat, sframe }
}

function headerMap({ groupId, epoch, payloadFormat }: AudioFrameHeader): Map<string, CborValue> {
  const map = new Map<string, CborValue>([
    ["v", PROFILE_2],
    ["gid", groupId],
    ["ep", cborUint(epoch)],
    ["st", AUDIO],
  ])
  return payloadFormat === 0 ? map : map.set("pf", payloadFormat)
}

/** A written 0 would be a second encoding of an absent one. */
function readPayloadFormat(fields: CborFields): PayloadFormat {
  if (!fields.nextIs("pf")) return 0
  const format = fields.uint("pf", UINT8_MAX)
  if (format === 1 || format === 2) return format
  throw new DecodeError(format === 0 ? "not_minimal" : "reserved_value", 4)
}
