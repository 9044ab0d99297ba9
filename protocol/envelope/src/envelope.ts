import { decodeWhole, DecodeError, encode, GROUP_ID_BYTES, toGroupId } from "@qpc/wire"
import type { GroupId, Reader } from "@qpc/wire"

/**
 * What a message is to whoever carries it: an application message is delivered, a commit is also ordered (one per group
 * and epoch), a Welcome opens a group for its reader, a proposal is delivered and of use in its own epoch only.
 */
export type EnvelopeKind = "application" | "commit" | "welcome" | "proposal"

/** Everything that a server may read of a message, and the part that it may not. */
export interface Envelope {
  readonly kind: EnvelopeKind
  /** Where it belongs: the server's channel. */
  readonly groupId: GroupId
  /** The epoch it was sealed in; of a Welcome the epoch that its reader enters. */
  readonly epoch: bigint
  /** Opaque to everyone but the members. */
  readonly sealed: Uint8Array
}

/** Bounds of one envelope. */
export interface EnvelopeLimits {
  /** Length of the whole envelope in bytes. Default {@link ENVELOPE_MAX_BYTES}. */
  readonly sizeBytes?: number
}

/** Version, kind, group id, epoch, and the longest length in front of `sealed`. */
export const ENVELOPE_OVERHEAD_BYTES: number = 1 + 1 + GROUP_ID_BYTES + 8 + 4
/** A remote call carries at most 4 MiB; 4 KiB of that stay free for the fields around an envelope. */
export const ENVELOPE_MAX_BYTES: number = 4 * 1024 * 1024 - 4096

/** The only version; another one is refused, because nothing below it is known to mean the same. */
const VERSION = 1
const KINDS: readonly EnvelopeKind[] = ["application", "commit", "welcome", "proposal"]

/**
 * Writes `version u8 = 1 · kind u8 · group id 16 B · epoch u64 · sealed<V>` (lengths as in RFC 9420 §2.1.2).
 *
 * @throws RangeError if the result would be longer than the limit: the caller's to prevent
 */
export function encodeEnvelope(envelope: Envelope, limits: EnvelopeLimits = {}): Uint8Array {
  const bytes = encode((writer) => {
    writer.uint8(VERSION).uint8(KINDS.indexOf(envelope.kind) + 1)
    writer.bytes(toGroupId(envelope.groupId)).uint64(envelope.epoch).vector(envelope.sealed)
  })
  const limitBytes = limits.sizeBytes ?? ENVELOPE_MAX_BYTES
  if (bytes.length > limitBytes) throw new RangeError(`envelope of ${bytes.length} bytes, limit ${limitBytes}`)
  return bytes
}

/**
 * Reads what {@link encodeEnvelope} wrote. `groupId` and `sealed` are views into `bytes`.
 *
 * @throws DecodeError `too_large`, `truncated`, `trailing_bytes`, `not_minimal`; `reserved_value` for another version or
 *   kind
 */
export function decodeEnvelope(bytes: Uint8Array, limits: EnvelopeLimits = {}): Envelope {
  if (bytes.length > (limits.sizeBytes ?? ENVELOPE_MAX_BYTES)) throw new DecodeError("too_large", 0)
  return decodeWhole(bytes, (reader) => {
    if (reader.uint8() !== VERSION) throw new DecodeError("reserved_value", 0)
    const kind = readKind(reader)
    return { kind, groupId: toGroupId(reader.bytes(GROUP_ID_BYTES)), epoch: reader.uint64(), sealed: reader.vector() }
  })
}

function readKind(reader: Reader): EnvelopeKind {
  const kind = KINDS[reader.uint8() - 1]
  if (kind === undefined) throw new DecodeError("reserved_value", reader.offset - 1)
  return kind
}
