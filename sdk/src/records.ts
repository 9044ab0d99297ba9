import { DecodeError, readList, readOptional, toUtf8 } from "@qpc/wire"
import { toDeviceKey, toGroupId, toIdentityKey, toMessageId } from "@qpc/wire"
import type { DeviceKey, GroupId, IdentityKey, MessageId, Reader } from "@qpc/wire"
import type { Outgoing } from "@qpc/group"
import type { Failure } from "./model.ts"
import { codec, readFlag, readNumber, readText } from "./record-codec.ts"
import type { RecordCodec } from "./record-codec.ts"

/** Our key pair and name. */
export interface IdentityRecord {
  readonly username: string
  readonly publicKey: Uint8Array
  readonly privateKey: Uint8Array
  readonly serverAddress: string
  readonly isRegistered: boolean
  /**
   * On a device beyond the person's first: what the first one signed, empty until that has happened. The key pair is the device's
   * then. Absent on a first device, whose key pair is the identity.
   */
  readonly certificate?: Uint8Array
  /** On a first device: the others that it approved. Absent until there was one. */
  readonly linked?: readonly DeviceKey[]
  /**
   * On a first device: those that it took back, for good: a group may still have one, or get one by a commit that was on its way.
   * The server lets nobody have more than so many in all. Absent until there was one.
   */
  readonly removed?: readonly RemovedDevice[]
}

/** A device that we took back. */
interface RemovedDevice {
  readonly deviceKey: DeviceKey
  /** True once the server took our word for it. */
  readonly isRevoked: boolean
}

/** What the server takes instead of a password. */
export interface SessionRecord {
  readonly token: Uint8Array
  readonly expiresAtMs: number
}

/** One line of a conversation. Only its timer changes, when it is read. */
export interface MessageRecord {
  readonly id: MessageId
  readonly sender: IdentityKey
  readonly isOwn: boolean
  readonly mid: bigint
  readonly text: string
  readonly sentAtMs: number
  readonly storedAtMs: number
  /** Absent for one that stays. */
  readonly timer?: MessageTimer
  /** Present on a message of somebody else that was missing before. */
  readonly isLate?: true
}

/** How long a message is kept. */
export interface MessageTimer {
  readonly afterSeconds: number
  /** In profile time, see `profile-time.ts`; absent until it was read. */
  readonly deleteAtMs?: number
}

/** Where the profile's own time stood when the calendar stood at `wallMs`, Unix milliseconds. */
export interface ProfileTimeRecord {
  readonly profileMs: number
  readonly wallMs: number
}

/** Where our calendar stood when the server was heard last, in Unix milliseconds; see `calendar.ts`. */
export interface CalendarRecord {
  readonly calendarMs: number
  /** The machine's own at the same moment. */
  readonly machineMs: number
  /** It was no earlier then. */
  readonly floorMs: number
}

/** How far something of ours got. */
export interface SentRecord {
  readonly groupId: GroupId
  readonly state: "stored" | "accepted" | "failed"
  readonly failure?: Failure
}

/** What the network still has to take. */
export interface OutboxRecord {
  readonly outgoing: Outgoing
  /** Under which id its owner asks for it; absent for what belongs to an intent. */
  readonly sentId?: MessageId
  /** Present while it waits for room in full inboxes. */
  readonly held?: Held
}

/** A message that the server took, but not for everybody. */
export interface Held {
  readonly sinceMs: number
  /** False while all inboxes were full, so that nobody has it. */
  readonly hasReached: boolean
  /** The devices whose inboxes were full when it was last offered. */
  readonly missing: readonly DeviceKey[]
}

/** An envelope of a group that we are not in yet. */
export interface ParkedRecord {
  readonly storedAtMs: number
  readonly envelope: Uint8Array
}

/** A {@link Notice} without its position. */
export interface NoticeRecord {
  readonly atMs: number
  readonly seq: bigint
  readonly sizeBytes: number
  readonly groupId?: GroupId
  readonly reason: string
  /** Whom it is about. */
  readonly person?: IdentityKey
}

export const identityRecord: RecordCodec<IdentityRecord> = codec(
  (writer, value) => {
    writer.vector(toUtf8(value.username)).vector(value.publicKey).vector(value.privateKey)
    writer.vector(toUtf8(value.serverAddress)).uint8(value.isRegistered ? 1 : 0)
    // Were added later, so they are absent without a mark.
    const { certificate, linked, removed = [] } = value
    if (certificate === undefined && linked === undefined && removed.length === 0) return
    writer.optional(certificate, (w, bytes) => w.vector(bytes))
    writer.list(linked ?? [], (keys, key) => keys.bytes(key))
    if (removed.length === 0) return
    writer.list(removed, (w, { deviceKey, isRevoked }) => w.bytes(deviceKey).uint8(isRevoked ? 1 : 0))
  },
  (reader) => {
    const identity = {
      username: readText(reader),
      publicKey: reader.vector().slice(),
      privateKey: reader.vector().slice(),
      serverAddress: readText(reader),
      isRegistered: readFlag(reader),
    }
    if (reader.remainingBytes === 0) return identity
    const certificate = readOptional(reader, (r) => r.vector().slice())
    const linked = deviceKeys(reader)
    const removed = reader.remainingBytes === 0 ? undefined : readList(reader, readRemoved)
    if (removed?.length === 0) throw new DecodeError("bad_value", reader.offset)
    const own = { ...identity, ...(certificate && { certificate }), ...(linked.length > 0 && { linked }) }
    return removed === undefined ? own : { ...own, removed }
  },
)

export const sessionRecord: RecordCodec<SessionRecord> = codec(
  (writer, value) => writer.vector(value.token).uint64(BigInt(value.expiresAtMs)),
  (reader) => ({ token: reader.vector().slice(), expiresAtMs: readNumber(reader) }),
)

export const counterRecord: RecordCodec<bigint> = codec(
  (writer, value) => writer.uint64(value),
  (reader) => reader.uint64(),
)

export const contactRecord: RecordCodec<{ readonly username: string; readonly identityKey: IdentityKey }> = codec(
  (writer, value) => writer.vector(toUtf8(value.username)).bytes(value.identityKey),
  (reader) => ({ username: readText(reader), identityKey: toIdentityKey(reader.bytes(32).slice()) }),
)

/** In the place of whether a message is our own: it is somebody else's, and came late. */
const LATE = 2

export const messageRecord: RecordCodec<MessageRecord> = codec(
  (writer, value) => {
    writer
      .bytes(value.id)
      .bytes(value.sender)
      .uint8(value.isLate === true ? LATE : Number(value.isOwn))
    writer.uint64(value.mid).vector(toUtf8(value.text))
    writer.uint64(BigInt(value.sentAtMs)).uint64(BigInt(value.storedAtMs))
    // Was added later, so it is absent without a mark.
    if (value.timer === undefined) return
    writer.uint32(value.timer.afterSeconds)
    writer.optional(value.timer.deleteAtMs, (inner, atMs) => inner.uint64(BigInt(atMs)))
  },
  (reader) => {
    const [id, sender] = [toMessageId(reader.bytes(16).slice()), toIdentityKey(reader.bytes(32).slice())]
    const kind = reader.uint8()
    if (kind > LATE) throw new DecodeError("reserved_value", reader.offset - 1)
    const message = {
      id,
      sender,
      isOwn: kind === 1,
      ...(kind === LATE && ({ isLate: true } as const)),
      mid: reader.uint64(),
      text: readText(reader),
      sentAtMs: readNumber(reader),
      storedAtMs: readNumber(reader),
    }
    return reader.remainingBytes === 0 ? message : { ...message, timer: readTimer(reader) }
  },
)

export const profileTimeRecord: RecordCodec<ProfileTimeRecord> = codec(
  (writer, value) => writer.uint64(BigInt(value.profileMs)).uint64(BigInt(value.wallMs)),
  (reader) => ({ profileMs: readNumber(reader), wallMs: readNumber(reader) }),
)

export const calendarRecord: RecordCodec<CalendarRecord> = codec(
  (writer, value) => {
    writer.uint64(BigInt(value.calendarMs)).uint64(BigInt(value.machineMs)).uint64(BigInt(value.floorMs))
  },
  (reader) => ({ calendarMs: readNumber(reader), machineMs: readNumber(reader), floorMs: readNumber(reader) }),
)

const SENT_STATES = ["stored", "accepted", "failed"] as const

export const sentRecord: RecordCodec<SentRecord> = codec(
  (writer, value) => {
    writer.bytes(value.groupId).uint8(SENT_STATES.indexOf(value.state))
    writer.optional(value.failure, (w, failure) => w.vector(toUtf8(failure.code)).vector(toUtf8(failure.nextStep)))
  },
  (reader) => {
    const groupId = toGroupId(reader.bytes(16).slice())
    const state = SENT_STATES[reader.uint8()]
    if (state === undefined) throw new DecodeError("reserved_value", reader.offset - 1)
    const failure = readOptional(reader, (r) => ({ code: readText(r), nextStep: readText(r) }))
    return { groupId, state, ...(failure && { failure }) }
  },
)

export const outboxRecord: RecordCodec<OutboxRecord> = codec(
  (writer, { outgoing, sentId, held }) => {
    const { claim } = outgoing
    writer.optional(sentId, (w, id) => w.bytes(id))
    writer.bytes(outgoing.messageId).bytes(outgoing.groupId)
    writer.list(outgoing.deliveries, (w, delivery) => {
      w.list(delivery.recipients, (keys, key) => keys.bytes(key)).vector(delivery.envelope)
    })
    writer.optional(claim, (w, { epoch, membersAfter }) => {
      w.uint64(epoch).list(membersAfter, (keys, key) => keys.bytes(key))
    })
    // These were added later, so they are absent without a mark. What is held has no claim.
    if (claim !== undefined && claim.authenticatorHash.length > 0) writer.vector(claim.authenticatorHash)
    if (held === undefined) return
    writer.uint64(BigInt(held.sinceMs)).uint8(held.hasReached ? 1 : 0)
    writer.list(held.missing, (keys, key) => keys.bytes(key))
  },
  (reader) => {
    const sentId = readOptional(reader, (r) => toMessageId(r.bytes(16).slice()))
    const messageId = toMessageId(reader.bytes(16).slice())
    const groupId = toGroupId(reader.bytes(16).slice())
    const deliveries = readList(reader, (r) => ({ recipients: deviceKeys(r), envelope: r.vector().slice() }))
    const stated = readOptional(reader, (r) => ({ epoch: r.uint64(), membersAfter: deviceKeys(r) }))
    const claim = stated && { ...stated, authenticatorHash: readAuthenticatorHash(reader) }
    const outgoing = { messageId, groupId, deliveries, ...(claim && { claim }) }
    const held = reader.remainingBytes === 0 ? undefined : readHeld(reader)
    return { outgoing, ...(sentId && { sentId }), ...(held && { held }) }
  },
)

/** Empty in the rows of before there were any. @throws DecodeError for an empty one that is written down: one form for each row */
function readAuthenticatorHash(reader: Reader): Uint8Array {
  if (reader.remainingBytes === 0) return new Uint8Array(0)
  const start = reader.offset
  const hash = reader.vector()
  if (hash.length === 0) throw new DecodeError("bad_value", start)
  return hash.slice()
}

export const parkedRecord: RecordCodec<ParkedRecord> = codec(
  (writer, value) => writer.uint64(BigInt(value.storedAtMs)).vector(value.envelope),
  (reader) => ({ storedAtMs: readNumber(reader), envelope: reader.vector().slice() }),
)

export const noticeRecord: RecordCodec<NoticeRecord> = codec(
  (writer, value) => {
    writer.uint64(BigInt(value.atMs)).uint64(value.seq).uint32(value.sizeBytes)
    writer.optional(value.groupId, (w, id) => w.bytes(id)).vector(toUtf8(value.reason))
    // Was added later, so it is absent without a mark.
    if (value.person !== undefined) writer.bytes(value.person)
  },
  (reader) => {
    const head = { atMs: readNumber(reader), seq: reader.uint64(), sizeBytes: reader.uint32() }
    const groupId = readOptional(reader, (r) => toGroupId(r.bytes(16).slice()))
    const reason = readText(reader)
    const person = reader.remainingBytes === 0 ? undefined : toIdentityKey(reader.bytes(32).slice())
    return { ...head, reason, ...(groupId && { groupId }), ...(person && { person }) }
  },
)

/** What another record is known by. */
export const referenceRecord: RecordCodec<Uint8Array> = codec(
  (writer, value) => writer.vector(value),
  (reader) => reader.vector().slice(),
)

function readTimer(reader: Reader): MessageTimer {
  const afterSeconds = reader.uint32()
  const deleteAtMs = readOptional(reader, readNumber)
  return { afterSeconds, ...(deleteAtMs !== undefined && { deleteAtMs }) }
}

function readHeld(reader: Reader): Held {
  return { sinceMs: readNumber(reader), hasReached: readFlag(reader), missing: deviceKeys(reader) }
}

function deviceKeys(reader: Reader): DeviceKey[] {
  return readList(reader, (r) => toDeviceKey(r.bytes(32).slice()))
}

function readRemoved(reader: Reader): RemovedDevice {
  return { deviceKey: toDeviceKey(reader.bytes(32).slice()), isRevoked: readFlag(reader) }
}
