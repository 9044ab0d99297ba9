/** GAP payloads in FlatBuffers. @module */
import { checkFlatTable, DecodeError } from "@qpc/wire"
import type { FlatField } from "@qpc/wire"
import { Builder, ByteBuffer } from "flatbuffers"
import { GapPayload as Table } from "./gen/flatbuffers/gap/gap-payload.ts"
import { OVERHEAD_MAX_BYTES } from "./payload.ts"
import type { AudioCodec } from "./payload.ts"
import { SEQUENCE_MODULUS } from "./sequence.ts"

/** Payload format 2. A payload has many layouts; all that are valid are read. */
export const FLATBUFFERS_AUDIO: AudioCodec = {
  format: 2,
  encode: ({ mediaSourceId, sequence, timestamp, keyPhase, opus }) => {
    const builder = new Builder(opus.length + OVERHEAD_MAX_BYTES)
    const vector = Table.createOpusFrameVector(builder, opus)
    builder.finish(Table.createGapPayload(builder, mediaSourceId, sequence, timestamp, keyPhase, vector))
    return builder.asUint8Array().slice()
  },
  decode: (bytes, opusBytes) => {
    checkFlatTable(bytes, FIELDS, opusBytes + OVERHEAD_MAX_BYTES)
    const table = Table.getRootAsGapPayload(new ByteBuffer(bytes))
    if (table.opusFrameLength() > opusBytes) throw new DecodeError("too_large", 0)
    if (table.rtpSequence() >= SEQUENCE_MODULUS) throw new DecodeError("bad_value", 0)
    return {
      mediaSourceId: table.mediaSourceId(),
      sequence: table.rtpSequence(),
      timestamp: table.rtpTimestamp(),
      keyPhase: table.keyPhase(),
      opus: table.opusFrameArray()?.slice() ?? new Uint8Array(0),
    }
  },
}

const FIELDS: readonly FlatField[] = [4, 4, 8, 4, "bytes"]
