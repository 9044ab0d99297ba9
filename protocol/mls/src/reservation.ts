import { decodeWhole, DecodeError, encode, equalBytes } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import type { GroupState } from "./group-state.ts"
import type { RatchetKind } from "./secret-tree.ts"

const RECORD_VERSION = 1

/** The most generations that one call reserves. */
const COUNT_MAX = 2 ** 16

/** The farthest generation that can be reserved: a broken record must not cost hours of skipping. Commit before that. */
const GENERATION_MAX = 2 ** 24

/**
 * Generations of our own ratchets in one epoch that may have been used: all below these numbers. Only what is above is known
 * to be fresh.
 */
export interface Reservation {
  readonly epoch: bigint
  readonly application: number
  readonly handshake: number
}

/** Nothing reserved. */
export const NO_RESERVATION: Reservation = { epoch: 0n, application: 0, handshake: 0 }

/** How many generations to reserve beyond those that are reserved already. */
export interface ReserveOptions {
  /** For texts. Default 0. */
  readonly application?: number
  /** For proposals and commits in private messages. Default 0. */
  readonly handshake?: number
}

/**
 * A state must not be woken, because keys could be used twice.
 *
 * - `reservation_missing`: its owner reserves generations, and did not say which.
 * - `reservation_rolled_back`: the record is older than the state.
 * - `reservation_of_another_group`.
 */
export class ReservationError extends Error {
  override readonly name = "ReservationError"
  readonly code: "reservation_missing" | "reservation_rolled_back" | "reservation_of_another_group"

  constructor(code: ReservationError["code"]) {
    super(code)
    this.code = code
  }
}

/**
 * Raises what is reserved in the current epoch and returns the record to store.
 *
 * The contract: the owner stores the record, in place of the one before, **before** anything is sent, and gives the newest one
 * to `Group.fromBytes`. Then no key is used twice with whatever state a restart finds, however old, nor by a copy of it: what
 * may have been used is skipped. A state that is older than the record's epoch can follow the group, and speaks again once it
 * has caught up. With the policy `requireReservations` nothing leaves without. Reserve a few dozen at a time: what a restart
 * skips, receivers have to step over.
 *
 * A record that is older than the state it comes with is refused. If both are rolled back together, nobody can tell when they
 * are loaded. Two things are left then: the nonce is random in 32 bits (RFC 9420 §6.3.1), and `receive` answers a message of
 * ours that we cannot have sent yet with `own_message_ahead`.
 *
 * @throws RangeError above 65 536 generations at once, or 2^24 in one epoch: a commit must come first
 * @throws TypeError while the state is behind the record it was woken with
 */
export function reserve(state: GroupState, options: ReserveOptions): Uint8Array {
  assertNotBehind(state)
  const { epoch } = state.epoch.context
  const before = state.reserved.epoch === epoch ? state.reserved : { application: 0, handshake: 0 }
  const raised = (kind: RatchetKind): number => {
    const { [kind]: count = 0 } = options
    if (!Number.isSafeInteger(count) || count < 0 || count > COUNT_MAX) {
      throw new RangeError(`cannot reserve ${count} generations`)
    }
    const ceiling = Math.max(before[kind], nextGeneration(state, kind)) + count
    if (ceiling > GENERATION_MAX) throw new RangeError("the ratchet is used up: commit first")
    return ceiling
  }
  state.reserved = { epoch, application: raised("application"), handshake: raised("handshake") }
  markReserved(state)
  return encodeRecord(state)
}

/** The record of what is reserved now. */
function encodeRecord({ epoch, reserved }: GroupState): Uint8Array {
  return encode((writer) => {
    writer.uint8(RECORD_VERSION).vector(epoch.context.groupId)
    writeReservation(writer, reserved)
  })
}

/**
 * Holds a woken state against the record that its owner stored: generations that may have been used are skipped.
 *
 * @throws DecodeError if the record is none, or is farther ahead than anyone can have reserved
 * @throws ReservationError
 */
export function resume(state: GroupState, record: Uint8Array | undefined): void {
  const known = state.reserved
  if (record === undefined) {
    const isUsed = state.policy.requireReservations || known.application > 0 || known.handshake > 0
    if (isUsed) throw new ReservationError("reservation_missing")
    return
  }
  const { groupId, reservation } = decodeRecord(record)
  if (!equalBytes(groupId, state.epoch.context.groupId)) throw new ReservationError("reservation_of_another_group")
  if (isBefore(reservation, known)) throw new ReservationError("reservation_rolled_back")
  state.reserved = reservation
  markReserved(state)
  skipReserved(state)
}

/** Skips what may have been used in the current epoch. Call it whenever a state is woken or enters an epoch. */
export function skipReserved(state: GroupState): void {
  const { reserved, epoch, phase } = state
  if (reserved.epoch !== epoch.context.epoch || phase !== "active") return
  for (const kind of ["application", "handshake"] as const) {
    if (reserved[kind] > nextGeneration(state, kind)) {
      epoch.secretTree.skipTo(epoch.keys.leafIndex, kind, reserved[kind])
    }
  }
}

/**
 * Throws unless the next generation of ours may be used.
 *
 * @param kind - `undefined` for a message that takes no key of a ratchet.
 * @throws TypeError
 */
export function assertReserved(state: GroupState, kind: RatchetKind | undefined): void {
  assertNotBehind(state)
  if (!state.policy.requireReservations || kind === undefined) return
  const { reserved, epoch } = state
  const ceiling = reserved.epoch === epoch.context.epoch ? reserved[kind] : 0
  if (nextGeneration(state, kind) >= ceiling) throw new TypeError("reserve generations first, and store the record")
}

/** True if the state is older than what was reserved: it has to follow the group before it may speak. */
export function isBehind({ reserved, epoch }: Pick<GroupState, "reserved" | "epoch">): boolean {
  return epoch.context.epoch < reserved.epoch
}

/** The key of the record that holds a state's reservation. */
export const RESERVED_KEY = "reserved"

/** The value of the record of a state's reservation: epoch u64 · application u32 · handshake u32. */
export function encodeReservation(reservation: Reservation): Uint8Array {
  return encode((writer) => writeReservation(writer, reservation))
}

function markReserved(state: GroupState): void {
  state.records.mark(RESERVED_KEY, () => encodeReservation(state.reserved))
}

/** Writes epoch u64 · application u32 · handshake u32. */
export function writeReservation(writer: Writer, { epoch, application, handshake }: Reservation): void {
  writer.uint64(epoch).uint32(application).uint32(handshake)
}

/** Reads a reservation. */
export function readReservation(reader: Reader): Reservation {
  const start = reader.offset
  const reservation = { epoch: reader.uint64(), application: reader.uint32(), handshake: reader.uint32() }
  if (Math.max(reservation.application, reservation.handshake) > GENERATION_MAX) {
    throw new DecodeError("bad_value", start)
  }
  return reservation
}

function decodeRecord(record: Uint8Array): { readonly groupId: Uint8Array; readonly reservation: Reservation } {
  return decodeWhole(record, (reader) => {
    if (reader.uint8() !== RECORD_VERSION) throw new DecodeError("reserved_value", 0)
    return { groupId: reader.vector(), reservation: readReservation(reader) }
  })
}

function isBefore(one: Reservation, other: Reservation): boolean {
  if (one.epoch !== other.epoch) return one.epoch < other.epoch
  return one.application < other.application || one.handshake < other.handshake
}

function assertNotBehind(state: GroupState): void {
  if (isBehind(state))
    throw new TypeError(`the state is older than epoch ${state.reserved.epoch}: follow the group first`)
}

/** True once a key of our own ratchets of the current epoch was used, or skipped. */
export function hasSent(state: GroupState): boolean {
  return nextGeneration(state, "application") > 0 || nextGeneration(state, "handshake") > 0
}

function nextGeneration({ epoch }: GroupState, kind: RatchetKind): number {
  return epoch.secretTree.nextGeneration(epoch.keys.leafIndex, kind)
}
