import { DecodeError, readList, readOptional, toDeviceKey, toIdentityKey } from "@qpc/wire"
import type { MissingTexts } from "@qpc/group"
import type { Reader } from "@qpc/wire"
import type { MissingHistory, TextLossReason } from "./model.ts"
import { codec, readFlag, readNumber } from "./record-codec.ts"
import type { RecordCodec } from "./record-codec.ts"

/** Messages that are missing, where a conversation noticed it. */
export interface TextGapRecord extends MissingTexts {
  readonly position: number
  /** Absent while they are asked for. */
  readonly reason?: TextLossReason
}

export const missingHistoryRecord: RecordCodec<MissingHistory> = codec(
  (writer, { fromEpoch, toEpoch, isBehindUs, fromMs, toMs }) => {
    writer
      .uint64(fromEpoch)
      .uint64(toEpoch)
      .uint8(isBehindUs ? 1 : 0)
    // Were added later, so they are absent without a mark.
    if (fromMs !== undefined && toMs !== undefined) writer.uint64(BigInt(fromMs)).uint64(BigInt(toMs))
  },
  (reader) => {
    const range = { fromEpoch: reader.uint64(), toEpoch: reader.uint64(), isBehindUs: readFlag(reader) }
    return reader.remainingBytes === 0 ? range : { ...range, fromMs: readNumber(reader), toMs: readNumber(reader) }
  },
)

const LOSS_REASONS: readonly TextLossReason[] = [
  "keys_gone",
  "nobody_has_it",
  "too_many_gaps",
  "sender_replaced",
  "not_a_member",
]

/** All gaps of one conversation. */
export const textGapsRecord: RecordCodec<readonly TextGapRecord[]> = codec(
  (writer, gaps) =>
    writer.list(gaps, (w, gap) => {
      w.uint64(BigInt(gap.position)).bytes(gap.sender).bytes(gap.device)
      w.uint32(gap.from).uint32(gap.to).uint64(gap.firstEpoch).uint64(gap.lastEpoch)
      w.optional(gap.reason, (inner, reason) => inner.uint8(LOSS_REASONS.indexOf(reason)))
    }),
  (reader) =>
    readList(reader, (r) => {
      const position = readNumber(r)
      const sender = toIdentityKey(r.bytes(32).slice())
      const device = toDeviceKey(r.bytes(32).slice())
      const range = { from: r.uint32(), to: r.uint32(), firstEpoch: r.uint64(), lastEpoch: r.uint64() }
      const reason = readOptional(r, readLossReason)
      return { position, sender, device, ...range, ...(reason && { reason }) }
    }),
)

function readLossReason(reader: Reader): TextLossReason {
  const reason = LOSS_REASONS[reader.uint8()]
  if (reason === undefined) throw new DecodeError("reserved_value", reader.offset - 1)
  return reason
}
