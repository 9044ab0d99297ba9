import { DecodeError, decodeWhole, encode, GROUP_ID_BYTES, readList, toGroupId } from "@qpc/wire"
import type { GroupId, Reader } from "@qpc/wire"
import { readNumber } from "./record-codec.ts"
import type { RecordCodec } from "./record-codec.ts"

/** The private half of one of our key packages. */
export interface KeyPackageRecord {
  readonly expiresAtMs: number
  readonly bundle: Uint8Array
  /** Groups that it opens no more: it may have opened them before their keys were deleted (`last-resorts.ts`). */
  readonly refusedFor: readonly GroupId[]
}

/** A key package that goes for more groups than this is deleted instead: it opens nothing any more. */
export const MOST_REFUSED_GROUPS = 256

const VERSION = 1
/** Has groups that it is refused for; one without is written as ever. */
const VERSION_REFUSED = 2

/** Writes version u8 · expiry u64 Unix ms · bundle<V>, and in version 2 a list of at least one group id. */
export const keyPackageRecord: RecordCodec<KeyPackageRecord> = {
  encode: ({ expiresAtMs, bundle, refusedFor }) =>
    encode((writer) => {
      writer.uint8(refusedFor.length > 0 ? VERSION_REFUSED : VERSION)
      writer.uint64(BigInt(expiresAtMs)).vector(bundle)
      if (refusedFor.length > 0) writer.list(refusedFor, (w, groupId) => w.bytes(groupId))
    }),
  decode: (bytes) =>
    decodeWhole(bytes, (reader) => {
      const version = reader.uint8()
      if (version !== VERSION && version !== VERSION_REFUSED) throw new DecodeError("reserved_value", 0)
      const [expiresAtMs, bundle] = [readNumber(reader), reader.vector().slice()]
      return { expiresAtMs, bundle, refusedFor: version === VERSION_REFUSED ? readGroups(reader) : [] }
    }),
}

function readGroups(reader: Reader): GroupId[] {
  const start = reader.offset
  const limitBytes = MOST_REFUSED_GROUPS * GROUP_ID_BYTES
  const groups = readList(reader, (r) => toGroupId(r.bytes(GROUP_ID_BYTES).slice()), limitBytes)
  if (groups.length === 0) throw new DecodeError("bad_value", start)
  return groups
}
