import { decodeWhole, DecodeError, encode, equalBytes, GROUP_ID_BYTES, toGroupId, toUtf8 } from "@qpc/wire"
import type { GroupId, Reader, Writer } from "@qpc/wire"

/**
 * SHA-256 and Ed25519, whatever the suite of the group: the log is the server's, and strangers check it. A `CipherSuite`
 * with both will do.
 */
export interface LogCrypto {
  hash(data: Uint8Array): Uint8Array
  sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

/** What it takes to read a log, without the key that writes it. */
export type LogReaderCrypto = Pick<LogCrypto, "hash" | "verify">

/**
 * Where the line of epochs of one group stands, as one hash over its whole history.
 *
 * A delivery service that orders commits promises every member the same line. It cannot be trusted with that, so it has to
 * sign what it promised: two signed heads of one group and epoch with different hashes prove that it showed two histories,
 * to anybody, without a key of the group.
 */
export interface LogHead {
  readonly groupId: GroupId
  /** The epoch that has been reached. */
  readonly epoch: bigint
  readonly hash: Uint8Array
}

/** One accepted commit. */
export interface LogEntry {
  /** SHA-256 of the envelope that carries the commit, as its author offered it; see `commitHash`. */
  readonly commitHash: Uint8Array
  /** Hash of the authenticator of the epoch that the commit opens (RFC 9420 §8.7), as its author states it; zeros if not. */
  readonly authenticatorHash: Uint8Array
  /** When the delivery service accepted it, Unix milliseconds. */
  readonly acceptedAtMs: number
}

/** A head and the signature of the delivery service under it. */
export interface SignedLogHead extends LogHead {
  readonly signature: Uint8Array
}

/** SHA-256. */
export const LOG_HASH_BYTES = 32
/** Ed25519. */
export const LOG_SIGNATURE_BYTES = 64

const FIRST = toUtf8("quicprochat epoch log: first\0")
const NEXT = toUtf8("quicprochat epoch log: next\0")
const SIGNED = toUtf8("quicprochat epoch log: head\0")

/** The head of a group whose first commit is still to come: one that was made with `epoch` as its present one. */
export function firstLogHead(crypto: Pick<LogCrypto, "hash">, groupId: GroupId, epoch: bigint): LogHead {
  const content = encode((writer) => writer.bytes(FIRST).bytes(toGroupId(groupId)).uint64(epoch))
  return { groupId, epoch, hash: crypto.hash(content) }
}

/** The head after one more commit. @throws RangeError for a hash of another length */
export function nextLogHead(
  crypto: Pick<LogCrypto, "hash">,
  { groupId, epoch, hash }: LogHead,
  entry: LogEntry,
): LogHead {
  for (const one of [entry.commitHash, entry.authenticatorHash]) {
    if (one.length !== LOG_HASH_BYTES) throw new RangeError(`not a hash of ${LOG_HASH_BYTES} bytes: ${one.length}`)
  }
  const content = encode((writer) => {
    writer.bytes(NEXT).bytes(toGroupId(groupId)).uint64(epoch).bytes(hash)
    writer.bytes(entry.commitHash).bytes(entry.authenticatorHash).uint64(BigInt(entry.acceptedAtMs))
  })
  return { groupId, epoch: epoch + 1n, hash: crypto.hash(content) }
}

/** Signs a head: the delivery service's promise that it shows this history to all members, and no other. */
export function signLogHead(crypto: Pick<LogCrypto, "sign">, privateKey: Uint8Array, head: LogHead): SignedLogHead {
  return { ...head, signature: crypto.sign(privateKey, signedContent(head)) }
}

/** True if the delivery service signed this head. */
export function verifyLogHead(crypto: Pick<LogCrypto, "verify">, serverKey: Uint8Array, head: SignedLogHead): boolean {
  return crypto.verify(serverKey, signedContent(head), head.signature)
}

/** Writes group id 16 B · epoch u64 · hash 32 B · signature 64 B. */
export function writeSignedLogHead(writer: Writer, head: SignedLogHead): void {
  writer.bytes(toGroupId(head.groupId)).uint64(head.epoch).bytes(head.hash).bytes(head.signature)
}

/** Reads what {@link writeSignedLogHead} wrote. Copies. @throws DecodeError */
export function readSignedLogHead(reader: Reader): SignedLogHead {
  return {
    groupId: toGroupId(reader.bytes(GROUP_ID_BYTES).slice()),
    epoch: reader.uint64(),
    hash: reader.bytes(LOG_HASH_BYTES).slice(),
    signature: reader.bytes(LOG_SIGNATURE_BYTES).slice(),
  }
}

/** Two promises that cannot both be kept. */
export interface Equivocation {
  readonly heads: readonly [SignedLogHead, SignedLogHead]
}

/**
 * The proof that a delivery service showed two histories, if these heads are one: both signed by it, of one group and
 * epoch, and not the same.
 */
export function findEquivocation(
  crypto: Pick<LogCrypto, "verify">,
  serverKey: Uint8Array,
  ...heads: readonly [SignedLogHead, SignedLogHead]
): Equivocation | undefined {
  const [one, other] = heads
  const isSamePlace = equalBytes(one.groupId, other.groupId) && one.epoch === other.epoch
  if (!isSamePlace || equalBytes(one.hash, other.hash)) return undefined
  return heads.every((head) => verifyLogHead(crypto, serverKey, head)) ? { heads } : undefined
}

/** A proof as one byte string, for others to check with {@link verifyEquivocation}. */
export function encodeEquivocation({ heads }: Equivocation): Uint8Array {
  return encode((writer) => {
    writer.uint8(VERSION)
    for (const head of heads) writeSignedLogHead(writer, head)
  })
}

/**
 * Checks a proof that somebody else exported. It needs the public key of the delivery service and nothing of the group.
 *
 * @returns what is proven, or `undefined` if nothing is
 * @throws DecodeError if `bytes` are not what {@link encodeEquivocation} wrote
 */
export function verifyEquivocation(
  crypto: Pick<LogCrypto, "verify">,
  serverKey: Uint8Array,
  bytes: Uint8Array,
): Equivocation | undefined {
  const [one, other] = decodeWhole(bytes, (reader) => {
    const version = reader.uint8()
    if (version !== VERSION) throw new DecodeError("reserved_value", 0)
    return [readSignedLogHead(reader), readSignedLogHead(reader)] as const
  })
  return findEquivocation(crypto, serverKey, one, other)
}

const VERSION = 1

function signedContent({ groupId, epoch, hash }: LogHead): Uint8Array {
  return encode((writer) => writer.bytes(SIGNED).bytes(toGroupId(groupId)).uint64(epoch).bytes(hash))
}
