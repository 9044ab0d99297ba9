/** GAP payloads in Protobuf. @module */
import { DecodeError } from "@qpc/wire"
import { decodeProtobuf, encodeProtobuf } from "@qpc/wire/protobuf"
import { GapPayloadSchema } from "./gen/gbp_stack/gap/v1/payload_pb.ts"
import { OVERHEAD_MAX_BYTES } from "./payload.ts"
import type { AudioCodec } from "./payload.ts"
import { SEQUENCE_MODULUS } from "./sequence.ts"

/** Payload format 1; one encoding of each payload. */
export const PROTOBUF_AUDIO: AudioCodec = {
  format: 1,
  encode: ({ mediaSourceId, sequence, timestamp, keyPhase, opus }) =>
    encodeProtobuf(GapPayloadSchema, {
      mediaSourceId,
      rtpSequence: sequence,
      rtpTimestamp: timestamp,
      keyPhase,
      opusFrame: opus,
    }),
  decode: (bytes, opusBytes) => {
    if (bytes.length > opusBytes + OVERHEAD_MAX_BYTES) throw new DecodeError("too_large", 0)
    const { mediaSourceId, rtpSequence, rtpTimestamp, keyPhase, opusFrame } = decodeProtobuf(GapPayloadSchema, bytes)
    if (opusFrame.length > opusBytes) throw new DecodeError("too_large", 0)
    if (rtpSequence >= SEQUENCE_MODULUS) throw new DecodeError("bad_value", 0)
    return { mediaSourceId, sequence: rtpSequence, timestamp: rtpTimestamp, keyPhase, opus: opusFrame.slice() }
  },
}
