import { CborFields, cborUint, decodeCbor, DecodeError, encodeCbor } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"
import { MEMBER_ID_END } from "./stream.ts"

/** Opcodes of the published stack (GBP "Control message"). */
export const OPCODES = {
  PREPARE_TRANSITION: 1,
  READY_FOR_TRANSITION: 2,
  EXECUTE_TRANSITION: 3,
  ABORT_TRANSITION: 4,
  GROUP_STATE_DIGEST_REQUEST: 5,
  GROUP_STATE_DIGEST_RESPONSE: 6,
  REPORT_INVALID_COMMIT: 7,
  CAPABILITIES_ADVERTISE: 8,
  ACK: 9,
  NACK: 10,
} as const

/** The name of an opcode. */
export type OpcodeName = keyof typeof OPCODES

/** Somebody asks how things stand (GROUP_STATE_DIGEST_REQUEST). */
export interface DigestRequest {
  /** The last transition that the asker applied. */
  readonly sinceTransitionId: number
  readonly sinceEpoch?: bigint
}

/** One control message that was applied, as the digest tells of it. */
export interface ControlLogEntry {
  readonly transitionId: number
  readonly opcode: number
  readonly senderId: number
  /** SHA-256 of the arguments. */
  readonly argsDigest: Uint8Array
}

/** How things stand (GROUP_STATE_DIGEST_RESPONSE). */
export interface DigestResponse {
  readonly epoch: bigint
  readonly lastTransitionId: number
  /** SHA-256 of the canonical CBOR of the member ids, ascending. */
  readonly memberSetHash: Uint8Array
  /** Since the asked transition, oldest first, at most {@link LOG_TAIL_MAX}. */
  readonly logTail: readonly ControlLogEntry[]
  readonly coordinatorId?: number
  /** What was asked for is older than what is kept: only joining anew helps. */
  readonly isTruncated?: true
}

/** A commit that nobody can follow (REPORT_INVALID_COMMIT). */
export interface InvalidCommitReport {
  readonly transitionId: number
  /** Of the error registry. */
  readonly reasonCode: number
  /** SHA-256 of the commit. `undefined` from somebody who does not say; the live control plane takes no such report. */
  readonly commitHash: Uint8Array | undefined
}

/** Entries of a log tail. */
export const LOG_TAIL_MAX = 64

const HASH_BYTES = 32
const UINT16_MAX = 0xffff
const UINT32_MAX = 0xffff_ffff
const SMALL_MAX_BYTES = 128
/** An entry with its keys takes less. */
const ENTRY_MAX_BYTES = 128
const ENTRY_ITEMS = 9

/** The map `since_tid` · `since_epoch` (may be absent), in this order. */
export function encodeDigestRequest({ sinceTransitionId, sinceEpoch }: DigestRequest): Uint8Array {
  const map = new Map<string, CborValue>([["since_tid", sinceTransitionId]])
  if (sinceEpoch !== undefined) map.set("since_epoch", cborUint(sinceEpoch))
  return encodeCbor(map)
}

/** @throws DecodeError */
export function decodeDigestRequest(args: Uint8Array): DigestRequest {
  const fields = fieldsOf(args, SMALL_MAX_BYTES, 8)
  const sinceTransitionId = fields.uint("since_tid", UINT32_MAX)
  const request = fields.nextIs("since_epoch")
    ? { sinceTransitionId, sinceEpoch: fields.uint64("since_epoch") }
    : { sinceTransitionId }
  fields.end()
  return request
}

/**
 * The map `epoch` · `last_transition_id` · `member_set_root_hash` · `control_log_tail` · `coordinator_id` (may be absent) ·
 * `truncated` (true, or absent), in this order.
 *
 * @throws RangeError for more than {@link LOG_TAIL_MAX} entries
 */
export function encodeDigestResponse(response: DigestResponse): Uint8Array {
  if (response.logTail.length > LOG_TAIL_MAX) throw new RangeError(`a log tail has at most ${LOG_TAIL_MAX} entries`)
  const map = new Map<string, CborValue>([
    ["epoch", cborUint(response.epoch)],
    ["last_transition_id", response.lastTransitionId],
    ["member_set_root_hash", response.memberSetHash],
    ["control_log_tail", response.logTail.map(entryMap)],
  ])
  if (response.coordinatorId !== undefined) map.set("coordinator_id", response.coordinatorId)
  if (response.isTruncated === true) map.set("truncated", true)
  return encodeCbor(map)
}

/** Byte strings are owned by the caller. @throws DecodeError */
export function decodeDigestResponse(args: Uint8Array): DigestResponse {
  const sizeBytes = SMALL_MAX_BYTES + LOG_TAIL_MAX * ENTRY_MAX_BYTES
  const fields = fieldsOf(args, sizeBytes, 16 + LOG_TAIL_MAX * ENTRY_ITEMS)
  const response: DigestResponse = {
    epoch: fields.uint64("epoch"),
    lastTransitionId: fields.uint("last_transition_id", UINT32_MAX),
    memberSetHash: fields.exactly("member_set_root_hash", HASH_BYTES),
    logTail: fields.list("control_log_tail", LOG_TAIL_MAX).map(readEntry),
    ...(fields.nextIs("coordinator_id") && { coordinatorId: fields.uint("coordinator_id", MEMBER_ID_END - 1) }),
    ...(fields.nextIs("truncated") && readTruncated(fields)),
  }
  fields.end()
  return response
}

/** The map `transition_id` · `reason_code` · `commit_hash` (`nil` for none), in this order. */
export function encodeInvalidCommit({ transitionId, reasonCode, commitHash }: InvalidCommitReport): Uint8Array {
  return encodeCbor(
    new Map<string, CborValue>([
      ["transition_id", transitionId],
      ["reason_code", reasonCode],
      ["commit_hash", commitHash ?? null],
    ]),
  )
}

/** Details, which others may add, are checked and left out. @throws DecodeError */
export function decodeInvalidCommit(args: Uint8Array): InvalidCommitReport {
  const fields = fieldsOf(args, DETAILS_MAX_BYTES, 16)
  const report: InvalidCommitReport = {
    transitionId: fields.uint("transition_id", UINT32_MAX),
    reasonCode: fields.uint("reason_code", UINT16_MAX),
    commitHash: fields.nullable("commit_hash", (key) => fields.exactly(key, HASH_BYTES)),
  }
  if (fields.nextIs("details")) fields.text("details", DETAILS_MAX_BYTES)
  fields.end()
  return report
}

/** The map `reason_code`: why a transition is given up (ABORT_TRANSITION). */
export function encodeAbort(reasonCode: number): Uint8Array {
  return encodeCbor(new Map<string, CborValue>([["reason_code", reasonCode]]))
}

/** @returns the code, or `undefined` where none is given @throws DecodeError */
export function decodeAbort(args: Uint8Array): number | undefined {
  if (args.length === 0) return undefined
  const fields = fieldsOf(args, SMALL_MAX_BYTES, 8)
  const reasonCode = fields.uint("reason_code", UINT16_MAX)
  fields.end()
  return reasonCode
}

/** The claim to be coordinator (CAPABILITIES_ADVERTISE): the map `{0: true}`. */
export function encodeCoordinatorClaim(): Uint8Array {
  return encodeCbor(new Map<number, CborValue>([[COORDINATOR_CLAIM, true]]))
}

/** True for the claim in its one encoding. The published stack takes any arguments that hold its last two bytes somewhere. */
export function isCoordinatorClaim(args: Uint8Array): boolean {
  const claim = encodeCoordinatorClaim()
  return args.length === claim.length && args.every((byte, at) => byte === claim[at])
}

const COORDINATOR_CLAIM = 0
const DETAILS_MAX_BYTES = 1024

function fieldsOf(args: Uint8Array, sizeBytes: number, itemCount: number): CborFields {
  return new CborFields(decodeCbor(args, { sizeBytes, depth: 3, itemCount }))
}

function entryMap({ transitionId, opcode, senderId, argsDigest }: ControlLogEntry): CborValue {
  return new Map<string, CborValue>([
    ["transition_id", transitionId],
    ["opcode", opcode],
    ["sender_id", senderId],
    ["args_digest", argsDigest],
  ])
}

function readEntry(value: CborValue): ControlLogEntry {
  const fields = new CborFields(value)
  const entry: ControlLogEntry = {
    transitionId: fields.uint("transition_id", UINT32_MAX),
    opcode: fields.uint("opcode", UINT16_MAX),
    senderId: fields.uint("sender_id", MEMBER_ID_END - 1),
    argsDigest: fields.exactly("args_digest", HASH_BYTES),
  }
  fields.end()
  return entry
}

/** A written `false` would be a second encoding of an absent one. */
function readTruncated(fields: CborFields): { isTruncated: true } {
  if (fields.boolean("truncated")) return { isTruncated: true }
  throw new DecodeError("not_minimal", 0)
}
