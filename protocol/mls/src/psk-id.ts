import { DecodeError } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"

/** What a resumption PSK is used for (RFC 9420 §8.4). */
type ResumptionPskUsage = "application" | "reinit" | "branch"

/** Names a pre-shared key and one use of it (RFC 9420 §8.4). */
export type PreSharedKeyId =
  | { readonly kind: "external"; readonly pskId: Uint8Array; readonly pskNonce: Uint8Array }
  | {
      readonly kind: "resumption"
      readonly usage: ResumptionPskUsage
      readonly pskGroupId: Uint8Array
      readonly pskEpoch: bigint
      readonly pskNonce: Uint8Array
    }

const USAGES: readonly ResumptionPskUsage[] = ["application", "reinit", "branch"]

/**
 * Reads a PreSharedKeyID (RFC 9420 §8.4). Returns views.
 *
 * @throws DecodeError `reserved_value` for an unlisted type or usage
 */
export function readPreSharedKeyId(reader: Reader): PreSharedKeyId {
  const start = reader.offset
  switch (reader.uint8()) {
    case 1:
      return { kind: "external", pskId: reader.vector(), pskNonce: reader.vector() }
    case 2: {
      const usage = USAGES[reader.uint8() - 1]
      if (usage === undefined) throw new DecodeError("reserved_value", start + 1)
      const pskGroupId = reader.vector()
      return { kind: "resumption", usage, pskGroupId, pskEpoch: reader.uint64(), pskNonce: reader.vector() }
    }
    default:
      throw new DecodeError("reserved_value", start)
  }
}

/** Writes a PreSharedKeyID (RFC 9420 §8.4). */
export function writePreSharedKeyId(writer: Writer, id: PreSharedKeyId): void {
  switch (id.kind) {
    case "external":
      writer.uint8(1).vector(id.pskId).vector(id.pskNonce)
      return
    case "resumption":
      writer
        .uint8(2)
        .uint8(USAGES.indexOf(id.usage) + 1)
        .vector(id.pskGroupId)
      writer.uint64(id.pskEpoch).vector(id.pskNonce)
  }
}
