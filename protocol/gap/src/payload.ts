import type { PayloadCodec } from "@qpc/gbp"
import { CborFields, cborUint, decodeCbor, encodeCbor } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"

/** One frame of audio as it is on the wire (GAP "Payload"). */
export interface AudioPayload {
  /** Which of the sender's sources it is of: a microphone, a shared screen. */
  readonly mediaSourceId: number
  /** Counts the frames of the source in 16 bits, and begins at 0 again after 65 535. */
  readonly sequence: number
  /** Of the first sample, on the source's clock of 48 kHz. Goes on through silence that is not sent. */
  readonly timestamp: bigint
  /** The low 32 bits of the epoch whose keys the frame is under. */
  readonly keyPhase: number
  /** One Opus packet (RFC 6716 §3). */
  readonly opus: Uint8Array
}

/** One way to write down a payload, with the bytes of an Opus packet as its limit; see {@link CBOR_AUDIO}. */
export type AudioCodec = PayloadCodec<AudioPayload, number>

/** The longest Opus packet of one frame (RFC 6716 §3.4). */
export const OPUS_MAX_BYTES = 1275

const UINT16_MAX = 0xffff
const UINT32_MAX = 0xffff_ffff
/** More than all fields beside the Opus packet can take, in any format. */
export const OVERHEAD_MAX_BYTES = 64

/** The map `msid` · `seq` · `ts` · `kp` · `opus`, in this order. */
export function encodeAudio({ mediaSourceId, sequence, timestamp, keyPhase, opus }: AudioPayload): Uint8Array {
  return encodeCbor(
    new Map<string, CborValue>([
      ["msid", mediaSourceId],
      ["seq", sequence],
      ["ts", cborUint(timestamp)],
      ["kp", keyPhase],
      ["opus", opus],
    ]),
  )
}

/** Reads the fields and their ranges. `opus` is owned by the caller. @throws DecodeError; `too_large` above the limit */
export function decodeAudio(bytes: Uint8Array, opusBytes: number = OPUS_MAX_BYTES): AudioPayload {
  const fields = new CborFields(
    decodeCbor(bytes, { sizeBytes: opusBytes + OVERHEAD_MAX_BYTES, depth: 1, itemCount: 16 }),
  )
  const payload: AudioPayload = {
    mediaSourceId: fields.uint("msid", UINT32_MAX),
    sequence: fields.uint("seq", UINT16_MAX),
    timestamp: fields.uint64("ts"),
    keyPhase: fields.uint("kp", UINT32_MAX),
    opus: fields.bytes("opus", opusBytes),
  }
  fields.end()
  return payload
}

/** Payload format 0, the default. */
export const CBOR_AUDIO: AudioCodec = { format: 0, encode: encodeAudio, decode: decodeAudio }
