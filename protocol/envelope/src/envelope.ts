import { decodeWhole, DecodeError, encode, GROUP_ID_BYTES, toGroupId } from "@qpc/wire"
import type { GroupId, Reader, Writer } from "@qpc/wire"
import { LOG_HASH_BYTES, LOG_SIGNATURE_BYTES } from "./epoch-log.ts"

/**
 * What a message is to whoever carries it: an application message is delivered, a commit is also ordered (one per group
 * and epoch), a Welcome opens a group for its reader, a proposal is delivered and of use in its own epoch only. A device that
 * cannot follow the group sends a rejoin request; the answer is for that device, and of use in its own epoch only.
 */
export type EnvelopeKind = "application" | "commit" | "welcome" | "proposal" | "rejoin_request" | "rejoin_answer"

/** Everything that a server may read of a message, and the part that it may not. */
export interface Envelope {
  readonly kind: EnvelopeKind
  /** Where it belongs: the server's channel. */
  readonly groupId: GroupId
  /** The epoch it was sealed in; of a Welcome the epoch that its reader enters; of a rejoin request the last that its sender was in. */
  readonly epoch: bigint
  /** Opaque to everyone but the members. */
  readonly sealed: Uint8Array
  /** Present in version 2: where the log of the group's epochs stands. */
  readonly log?: LogLabel
}

/**
 * What a label says of the log of epochs (`epoch-log.ts`): on an application message the head of the epoch that it was sealed in,
 * as its sender has it; on a Welcome that of the epoch which its reader enters; on a commit that of the epoch which it opens. The
 * last two are the delivery service's to write.
 */
export interface LogLabel {
  /** SHA-256. */
  readonly hash: Uint8Array
  /** Ed25519, by the delivery service. */
  readonly signature: Uint8Array
  /** Of a commit, and of nothing else: what the log says of it, so that whoever was there before can follow. */
  readonly entry?: LogLabelEntry
}

/** The part of a {@link LogEntry} that does not follow from the commit itself. */
export interface LogLabelEntry {
  readonly authenticatorHash: Uint8Array
  /** Unix milliseconds. */
  readonly acceptedAtMs: number
}

/** Bounds of one envelope. */
export interface EnvelopeLimits {
  /** Length of the whole envelope in bytes, without its {@link LogLabel}. Default {@link ENVELOPE_MAX_BYTES}. */
  readonly sizeBytes?: number
}

/** Version, kind, group id, epoch, and the longest length in front of `sealed`. */
export const ENVELOPE_OVERHEAD_BYTES: number = 1 + 1 + GROUP_ID_BYTES + 8 + 4
/**
 * A remote call carries at most 4 MiB; 4 KiB of that stay free for the fields around an envelope. A {@link LogLabel} is one of
 * them: the delivery service adds it to a commit that may have this length already.
 */
export const ENVELOPE_MAX_BYTES: number = 4 * 1024 * 1024 - 4096

/** Without and with a {@link LogLabel}. Others are refused, because nothing below them is known to mean the same. */
const VERSIONS = { plain: 1, logged: 2 } as const
const KINDS: readonly EnvelopeKind[] = [
  "application",
  "commit",
  "welcome",
  "proposal",
  "rejoin_request",
  "rejoin_answer",
]
const HEAD_BYTES = LOG_HASH_BYTES + LOG_SIGNATURE_BYTES
const ENTRY_BYTES = LOG_HASH_BYTES + 8

/**
 * Writes `version u8 = 1 · kind u8 · group id 16 B · epoch u64 · sealed<V>` (lengths as in RFC 9420 §2.1.2); with a
 * {@link LogLabel} version 2, which has before `sealed` the head `hash 32 B · signature 64 B`, and in a commit before that
 * the entry `authenticator hash 32 B · accepted at u64 ms`.
 *
 * @throws RangeError if the result would be longer than the limit, or if a log label lacks its entry or has one too many: the
 *   caller's to prevent
 */
export function encodeEnvelope(envelope: Envelope, limits: EnvelopeLimits = {}): Uint8Array {
  const { kind, log } = envelope
  const bytes = encode((writer) => {
    writer.uint8(log === undefined ? VERSIONS.plain : VERSIONS.logged).uint8(KINDS.indexOf(kind) + 1)
    writer.bytes(toGroupId(envelope.groupId)).uint64(envelope.epoch)
    if (log !== undefined) writeLogLabel(writer, kind, log)
    writer.vector(envelope.sealed)
  })
  const limitBytes = (limits.sizeBytes ?? ENVELOPE_MAX_BYTES) + (log === undefined ? 0 : logLabelBytes(kind))
  if (bytes.length > limitBytes) throw new RangeError(`envelope of ${bytes.length} bytes, limit ${limitBytes}`)
  return bytes
}

/** How much longer a {@link LogLabel} makes an envelope; 0 for the kinds that have none. */
export function logLabelBytes(kind: EnvelopeKind): number {
  if (kind === "application" || kind === "welcome") return HEAD_BYTES
  return kind === "commit" ? ENTRY_BYTES + HEAD_BYTES : 0
}

/**
 * Reads what {@link encodeEnvelope} wrote. All byte strings are views into `bytes`.
 *
 * @throws DecodeError `too_large`, `truncated`, `trailing_bytes`, `not_minimal`; `reserved_value` for another version or
 *   kind
 */
export function decodeEnvelope(bytes: Uint8Array, limits: EnvelopeLimits = {}): Envelope {
  const limitBytes = limits.sizeBytes ?? ENVELOPE_MAX_BYTES
  if (bytes.length > limitBytes + logLabelBytes("commit")) throw new DecodeError("too_large", 0)
  return decodeWhole(bytes, (reader) => {
    const version = reader.uint8()
    if (version !== VERSIONS.plain && version !== VERSIONS.logged) throw new DecodeError("reserved_value", 0)
    const isLogged = version === VERSIONS.logged
    const kind = readKind(reader)
    if (isLogged && logLabelBytes(kind) === 0) throw new DecodeError("reserved_value", 0)
    if (bytes.length > limitBytes + (isLogged ? logLabelBytes(kind) : 0)) throw new DecodeError("too_large", 0)
    const label = { kind, groupId: toGroupId(reader.bytes(GROUP_ID_BYTES)), epoch: reader.uint64() }
    if (!isLogged) return { ...label, sealed: reader.vector() }
    return { ...label, log: readLogLabel(reader, kind), sealed: reader.vector() }
  })
}

function readKind(reader: Reader): EnvelopeKind {
  const kind = KINDS[reader.uint8() - 1]
  if (kind === undefined) throw new DecodeError("reserved_value", reader.offset - 1)
  return kind
}

function writeLogLabel(writer: Writer, kind: EnvelopeKind, { hash, signature, entry }: LogLabel): void {
  if (logLabelBytes(kind) === 0 || (entry !== undefined) !== (kind === "commit"))
    throw new RangeError(`a log label of another kind than ${kind}`)
  if (hash.length !== LOG_HASH_BYTES || signature.length !== LOG_SIGNATURE_BYTES) throw new RangeError("not a log head")
  if (entry !== undefined) writer.bytes(entry.authenticatorHash).uint64(BigInt(entry.acceptedAtMs))
  writer.bytes(hash).bytes(signature)
}

function readLogLabel(reader: Reader, kind: EnvelopeKind): LogLabel {
  const entry = kind === "commit" ? readEntry(reader) : undefined
  const [hash, signature] = [reader.bytes(LOG_HASH_BYTES), reader.bytes(LOG_SIGNATURE_BYTES)]
  return { hash, signature, ...(entry && { entry }) }
}

function readEntry(reader: Reader): LogLabelEntry {
  const authenticatorHash = reader.bytes(LOG_HASH_BYTES)
  const start = reader.offset
  const acceptedAtMs = reader.uint64()
  if (acceptedAtMs > BigInt(Number.MAX_SAFE_INTEGER)) throw new DecodeError("bad_value", start)
  return { authenticatorHash, acceptedAtMs: Number(acceptedAtMs) }
}
