import {
  commitHash,
  encodeEquivocation,
  envelopeHeader,
  findEquivocation,
  LOG_HASH_BYTES,
  LOG_SIGNATURE_BYTES,
} from "@qpc/envelope"
import { nextLogHead } from "@qpc/envelope"
import type { Envelope, LogLabel, LogReaderCrypto } from "@qpc/envelope"
import { verifyLogHead } from "@qpc/envelope"
import type { StagedCommit } from "@qpc/mls"
import { equalBytes } from "@qpc/wire"
import type { Draft } from "./draft.ts"
import type { Head } from "./heads.ts"
import type { MemberState } from "./member-state.ts"
import type { MlsGroup } from "./replaced-groups.ts"

/** What it takes to follow the log of a group's epochs. */
export interface EpochLogOptions {
  /** SHA-256 and Ed25519, whatever the suite of the group. */
  readonly crypto: LogReaderCrypto
  /** The pinned key of the delivery service; `undefined` while none is known, and then nothing of the log is looked at. */
  readonly serverKey: () => Uint8Array | undefined
}

/** Why a commit does not continue the log as we know it: it is not followed. */
export type LogObjection =
  /** The delivery service says nothing of it. */
  | "head_missing"
  /** What it says is not signed by it. */
  | "head_unsigned"
  /** It signed another line of epochs: one without this commit, or without one that we followed. */
  | "head_contradicts"

/** What is wrong with the log, and stops nothing. */
export type LogAnomaly =
  /** A message that does not open, or an answer of the delivery service, names a head that is not signed by it. */
  | "head_unsigned"
  /** A member names a head that is not signed by the delivery service as we know it: they were told another key of it, or say so. */
  | "other_server_key"
  /** An answer of the delivery service names a head of before what it answers to. */
  | "head_stale"
  /** The delivery service accepted a commit before the one that it follows. */
  | "time_backwards"
  /** The author of a commit told the log another authenticator than that of the epoch which it opens. */
  | "authenticator_misstated"

/** What became of a head that was shown to us. `contradicts`: the delivery service signed another for the same epoch. */
type Verdict = "fits" | "unsigned" | "contradicts"

interface LogReader {
  readonly crypto: LogReaderCrypto
  readonly serverKey: Uint8Array
}

function readerOf({ epochLog }: MemberState): LogReader | undefined {
  const serverKey = epochLog?.serverKey()
  return epochLog && serverKey && { crypto: epochLog.crypto, serverKey }
}

/** Holds a head against what we know, remembers it, and tells of the proof that it may complete. */
function observe(state: MemberState, { crypto, serverKey }: LogReader, head: Head, draft: Draft): Verdict {
  const { heads, groupId, limits, keys } = state
  const known = heads.signedAt(head.epoch)
  const isKnown = known !== undefined && equalBytes(known.hash, head.hash)
  // What was verified once need not be verified with every message. Another signature of the same hash is: whoever has it may have been
  // told another key, and it would show nowhere else while the histories agree.
  if (isKnown && equalBytes(known.signature, head.signature)) return "fits"
  const isHead = head.hash.length === LOG_HASH_BYTES && head.signature.length === LOG_SIGNATURE_BYTES
  if (!isHead) return "unsigned"
  const shown = { ...head, groupId }
  if (!verifyLogHead(crypto, serverKey, shown)) return "unsigned"
  if (isKnown) return "fits"
  heads.remember(head, keys.epoch, limits.headsKept)
  if (known === undefined) return "fits"
  const found = findEquivocation(crypto, serverKey, { ...known, groupId }, shown)
  if (found === undefined) throw new Error("unreachable: two verified heads of one epoch that are not the same")
  if (heads.proof !== undefined) return "contradicts"
  const proof = encodeEquivocation(found)
  heads.proof = { bytes: proof, isHalting: true }
  draft.tell({ kind: "server_equivocated", epoch: head.epoch, proof: proof.slice() })
  return "contradicts"
}

/** Looks at the head that an application message names, before anything is known of the message itself. */
export function observeLabel(state: MemberState, envelope: Envelope, draft: Draft): Verdict {
  const reader = readerOf(state)
  const { epoch, log } = envelope
  if (reader === undefined || log === undefined || envelope.kind !== "application") return "fits"
  return observe(state, reader, { epoch, hash: log.hash, signature: log.signature }, draft)
}

/**
 * Looks at a head that the delivery service named in an answer, or a member in one to our request to come back: whoever has ended can
 * still prove what they were shown. @param atLeastEpoch - what it answers to has led there
 */
export function observeAnswer(state: MemberState, head: Head, atLeastEpoch: bigint, draft: Draft): void {
  const reader = readerOf(state)
  if (reader === undefined) return
  if (state.isActive && head.epoch < atLeastEpoch)
    draft.tell({ kind: "log_anomaly", epoch: head.epoch, reason: "head_stale" })
  if (observe(state, reader, head, draft) === "unsigned") {
    draft.tell({ kind: "log_anomaly", epoch: head.epoch, reason: "head_unsigned" })
  }
}

/** Holds a commit of our epoch against the log, before it is opened. @returns why it must not be followed */
export function checkHead(state: MemberState, envelope: Envelope, draft: Draft): LogObjection | undefined {
  const reader = readerOf(state)
  if (reader === undefined) return undefined
  const { followed } = state.heads
  const { log } = envelope
  if (log?.entry === undefined) return followed === undefined ? undefined : "head_missing"
  const { hash, signature, entry } = log
  const verdict = observe(state, reader, { epoch: envelope.epoch + 1n, hash, signature }, draft)
  if (verdict !== "fits") return verdict === "unsigned" ? "head_unsigned" : "head_contradicts"
  if (followed === undefined) return undefined
  const before = { groupId: state.groupId, epoch: followed.epoch, hash: followed.hash }
  const next = nextLogHead(reader.crypto, before, { ...entry, commitHash: commitHash(reader.crypto, envelope) })
  return equalBytes(next.hash, hash) && next.epoch === envelope.epoch + 1n ? undefined : "head_contradicts"
}

/**
 * A commit whose head {@link checkHead} found in order is about to be merged.
 *
 * @param next - the group that it puts in the place of ours, if it changes the suite
 */
export function followHead(
  state: MemberState,
  envelope: Envelope,
  { staged, next }: { readonly staged: StagedCommit; readonly next?: MlsGroup | undefined },
  draft: Draft,
): void {
  const { heads, limits } = state
  const entry = envelope.log?.entry
  if (readerOf(state) === undefined || envelope.log === undefined || entry === undefined) return
  if (staged.report.selfRemoved) return
  const epoch = envelope.epoch + 1n
  const { acceptedAtMs, authenticatorHash } = entry
  if (acceptedAtMs < (heads.followed?.acceptedAtMs ?? 0)) {
    draft.tell({ kind: "log_anomaly", epoch, reason: "time_backwards" })
  }
  const isStated = authenticatorHash.some((byte) => byte !== 0)
  if (isStated && !equalBytes(authenticatorHash, authenticatorHashOf(state, staged, next))) {
    draft.tell({ kind: "log_anomaly", epoch, reason: "authenticator_misstated" })
  }
  heads.follow({ epoch, hash: envelope.log.hash, acceptedAtMs }, limits.headsKept)
}

/** Begins to follow in the epoch of a Welcome, if the delivery service signed what it says of it. */
export function enterLog(state: MemberState, { epoch, log }: Envelope): void {
  const reader = readerOf(state)
  const { heads, groupId, limits } = state
  if (reader === undefined || log === undefined) return
  const head = { epoch, hash: log.hash, signature: log.signature }
  if (!verifyLogHead(reader.crypto, reader.serverKey, { ...head, groupId })) return
  heads.remember(head, epoch, limits.headsKept)
  heads.follow({ epoch, hash: log.hash, acceptedAtMs: 0 }, limits.headsKept)
}

/** What a message of the present epoch says of the log; `undefined` where we have nothing signed to show. */
export function ownLabel({ heads, keys }: MemberState): LogLabel | undefined {
  const { epoch } = keys
  const signed = heads.followed?.epoch === epoch ? heads.signedAt(epoch) : undefined
  return signed && { hash: signed.hash, signature: signed.signature }
}

/** What a frame authenticates of the label around it beside its epoch: the head that it names. */
export function frameContext(envelope: Omit<Envelope, "sealed">): Uint8Array | undefined {
  return envelope.log && envelopeHeader(envelope)
}

/** What the log is told of the epoch that a commit opens: as much of a hash as every suite has. */
export function authenticatorHashOf(
  { group, suite }: MemberState,
  staged: StagedCommit,
  next: MlsGroup | undefined,
): Uint8Array {
  const hash =
    next === undefined ? suite.hash(group.epochAuthenticator(staged)) : next.suite.hash(next.group.epochAuthenticator())
  return hash.slice(0, LOG_HASH_BYTES)
}
