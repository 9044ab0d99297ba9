import { concatBytes, encode, equalBytes, fromUtf8, GROUP_ID_BYTES, Reader, toUtf8 } from "@qpc/wire"
import { toGroupId, toMessageId } from "@qpc/wire"
import type { GroupId, IdentityKey, MessageId, StateChanges, StateRecord } from "@qpc/wire"
import { allRows } from "./all-rows.ts"
import { corruptRecord, decoded } from "./corrupt-record.ts"
import { isReadable, readable } from "./damaged-rows.ts"
import { missingHistoryRecord, textGapsRecord } from "./gap-records.ts"
import {
  calendarRecord,
  counterRecord,
  identityRecord,
  messageRecord,
  noticeRecord,
  outboxRecord,
  parkedRecord,
  profileTimeRecord,
  referenceRecord,
  sentRecord,
  sessionRecord,
} from "./records.ts"
import type {
  CalendarRecord,
  IdentityRecord,
  MessageRecord,
  NoticeRecord,
  OutboxRecord,
  ProfileTimeRecord,
} from "./records.ts"
import type { TextGapRecord } from "./gap-records.ts"
import { keyPackageRecord } from "./key-package-record.ts"
import type { KeyPackageRecord } from "./key-package-record.ts"
import type { RecordCodec } from "./record-codec.ts"
import type { SentRecord, SessionRecord } from "./records.ts"
import type { MissingHistory } from "./model.ts"
import { rejoinRecord } from "./rejoin-record.ts"
import type { RejoinRecord } from "./rejoin-record.ts"
import { put, remove } from "./store.ts"
import type { Change, Collection, Row, RowRange, Store } from "./store.ts"

const IDENTITY = toUtf8("identity")
const SESSION = toUtf8("session")
const CURSOR = toUtf8("cursor")
const DELIVERY_KEY = toUtf8("delivery_key")
const LAST_RESORT = "last_resort"
const TIME = toUtf8("time")
const CALENDAR = toUtf8("calendar")

/** A number as a key that sorts like it. */
const positionKey = (position: number): Uint8Array => encode((writer) => writer.uint64(BigInt(position)))
const messageKey = (groupId: GroupId, position: number): Uint8Array => concatBytes(groupId, positionKey(position))
const seenKey = (groupId: GroupId, sender: IdentityKey, mid: bigint): Uint8Array =>
  encode((writer) => writer.bytes(groupId).bytes(sender).uint64(mid))
const parkedKey = (groupId: GroupId, seq: bigint): Uint8Array => encode((w) => w.bytes(groupId).uint64(seq))

const memberKey = (groupId: GroupId, key: string): Uint8Array => concatBytes(groupId, toUtf8(key))
const MISSING = toUtf8("missing/")
const missingKey = (groupId: GroupId): Uint8Array => concatBytes(MISSING, groupId)
const lastResortKey = (suite?: string): Uint8Array =>
  toUtf8(suite === undefined ? LAST_RESORT : `${LAST_RESORT}/${suite}`)
const REJOIN = toUtf8("rejoin/")
const rejoinKey = (groupId: GroupId): Uint8Array => concatBytes(REJOIN, groupId)
const gapsKey = (groupId: GroupId): Uint8Array => concatBytes(toUtf8("gaps/"), groupId)
const readKey = (groupId: GroupId): Uint8Array => concatBytes(toUtf8("read/"), groupId)

const nextKey = (groupId: GroupId): Uint8Array => concatBytes(toUtf8("next/"), groupId)
const expiringKey = ({ deleteAtMs, groupId, position }: Expiring): Uint8Array =>
  concatBytes(positionKey(deleteAtMs), messageKey(groupId, position))

/** A message that is to be deleted. */
export interface Expiring {
  /** In profile time. */
  readonly deleteAtMs: number
  readonly groupId: GroupId
  readonly position: number
}

/** One stored thing and where it stands. */
export interface Placed<T> {
  readonly position: number
  readonly record: T
}

/** An envelope that waits for its group. */
export interface Parked {
  readonly groupId: GroupId
  readonly seq: bigint
  readonly storedAtMs: number
  readonly envelope: Uint8Array
}

/**
 * What the store means: the only place that knows its keys. Reads are answered at once, writes come out as changes that
 * the caller commits together.
 *
 * @throws ClientError `store_corrupt` from every read, if a record is not one of ours
 */
export class Profile {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  identity = (): Promise<IdentityRecord | undefined> => this.#read("settings", IDENTITY, identityRecord)
  putIdentity = (identity: IdentityRecord): Change => put("settings", IDENTITY, identityRecord.encode(identity))

  session = (): Promise<SessionRecord | undefined> => this.#read("settings", SESSION, sessionRecord)
  putSession = (session: SessionRecord): Change => put("settings", SESSION, sessionRecord.encode(session))
  forgetSession = (): Change => remove("settings", SESSION)

  /** The key under which the server signs the logs of epochs. */
  deliveryKey = (): Promise<Uint8Array | undefined> => this.#read("settings", DELIVERY_KEY, referenceRecord)
  putDeliveryKey = (key: Uint8Array): Change => put("settings", DELIVERY_KEY, referenceRecord.encode(key))

  /** The inbox sequence number up to which everything is stored; 0 at the beginning. */
  cursor = async (): Promise<bigint> => (await this.#read("settings", CURSOR, counterRecord)) ?? 0n
  putCursor = (seq: bigint): Change => put("settings", CURSOR, counterRecord.encode(seq))

  /** Members as profiles of the first format have them. */
  async *wholeMembers(): AsyncGenerator<{ readonly groupId: GroupId; readonly state: Uint8Array }> {
    for await (const { key, value } of this.#rows("members")) yield { groupId: toGroupId(key), state: value }
  }

  /** All members, each with its records. */
  async *members(): AsyncGenerator<{ readonly groupId: GroupId; readonly records: readonly StateRecord[] }> {
    let groupId: GroupId | undefined
    let records: StateRecord[] = []
    for await (const row of this.#rows("group_records")) {
      const next = toGroupId(row.key.slice(0, GROUP_ID_BYTES))
      if (groupId !== undefined && !equalBytes(groupId, next)) {
        yield { groupId, records }
        records = []
      }
      groupId = next
      records.push(stateRecord(row))
    }
    if (groupId !== undefined) yield { groupId, records }
  }

  /** The records of one member; none if there is no such group. */
  async member(groupId: GroupId): Promise<readonly StateRecord[]> {
    const records: StateRecord[] = []
    for await (const row of this.#rows("group_records", { prefix: groupId })) records.push(stateRecord(row))
    return records
  }

  /** Deletes a member, in whichever format it is, and whether it can be read or not. */
  async forgetMember(groupId: GroupId): Promise<readonly Change[]> {
    const gone = [remove("members", groupId)]
    for await (const { key } of this.#rows("group_records", { prefix: groupId }))
      gone.push(remove("group_records", key))
    return gone
  }

  /** What a member owes to the store. Where it is the whole, all else that is stored of the group goes. Borrows the values. */
  async putMember(groupId: GroupId, { isWhole, changes }: StateChanges): Promise<readonly Change[]> {
    const gone = isWhole ? await this.forgetMember(groupId) : []
    return [
      ...gone,
      ...changes.map(({ key, value }) => {
        const place = memberKey(groupId, key)
        return value === undefined ? remove("group_records", place) : put("group_records", place, value)
      }),
    ]
  }

  /** The newest in front of a position that can be read, oldest first. */
  async messages(groupId: GroupId, before: number, limit: number): Promise<readonly Placed<MessageRecord>[]> {
    const found: Placed<MessageRecord>[] = []
    let end = messageKey(groupId, before)
    while (found.length < limit) {
      const wanted = limit - found.length
      const rows = await this.#store.list("messages", { prefix: groupId, before: end, limit: wanted, descending: true })
      found.push(...rows.flatMap(placedMessage))
      if (rows.length < wanted) break
      end = rows.at(-1)!.key
    }
    return found.toReversed()
  }
  /** Those that can be read, oldest first. */
  async *messagesAfter(groupId: GroupId, after: number): AsyncGenerator<Placed<MessageRecord>> {
    const range = { prefix: groupId, after: messageKey(groupId, after) }
    for await (const row of this.#rows("messages", range)) yield* placedMessage(row)
  }
  /** The positions between these two of messages that cannot be read, lowest first. */
  async *damagedMessages(groupId: GroupId, after: number, before: number): AsyncGenerator<number> {
    const range = { prefix: groupId, after: messageKey(groupId, after), before: messageKey(groupId, before) }
    for await (const row of this.#rows("messages", range)) {
      if (!isReadable(messageRecord, row.value)) yield positionOf(row, "messages", 16)
    }
  }
  putMessage = (groupId: GroupId, position: number, message: MessageRecord): Change =>
    put("messages", messageKey(groupId, position), messageRecord.encode(message))

  /** The position after the last message; positions begin at 1. */
  async nextMessagePosition(groupId: GroupId): Promise<number> {
    const [last] = await this.#store.list("messages", { prefix: groupId, descending: true, limit: 1 })
    const afterDeleted = Number((await this.#read("settings", nextKey(groupId), counterRecord)) ?? 1n)
    return Math.max(afterDeleted, last === undefined ? 1 : positionOf(last, "messages", 16) + 1)
  }
  /** Kept where messages disappear: the last one may be gone. */
  putNextMessagePosition = (groupId: GroupId, position: number): Change =>
    put("settings", nextKey(groupId), counterRecord.encode(BigInt(position)))

  message = (groupId: GroupId, position: number): Promise<MessageRecord | "damaged" | undefined> =>
    this.#look("messages", messageKey(groupId, position), messageRecord)
  forgetMessage = (groupId: GroupId, position: number): Change => remove("messages", messageKey(groupId, position))

  /** The profile's own time; `undefined` before anything was due. */
  time = (): Promise<ProfileTimeRecord | undefined> => this.#read("settings", TIME, profileTimeRecord)
  putTime = (time: ProfileTimeRecord): Change => put("settings", TIME, profileTimeRecord.encode(time))

  /** Where the calendar stood when the server was heard last; `undefined` before that. */
  calendar = (): Promise<CalendarRecord | undefined> => this.#read("settings", CALENDAR, calendarRecord)
  putCalendar = (calendar: CalendarRecord): Change => put("settings", CALENDAR, calendarRecord.encode(calendar))

  /** The next messages to be deleted, soonest first. */
  async expiring(limit: number): Promise<readonly Expiring[]> {
    const rows = await this.#store.list("expiring", { limit })
    return rows.map(({ key }) => {
      const reader = new Reader(key)
      const deleteAtMs = Number(reader.uint64())
      return { deleteAtMs, groupId: toGroupId(reader.bytes(GROUP_ID_BYTES)), position: Number(reader.uint64()) }
    })
  }
  putExpiring = (expiring: Expiring): Change => put("expiring", expiringKey(expiring), new Uint8Array([1]))
  forgetExpiring = (expiring: Expiring): Change => remove("expiring", expiringKey(expiring))

  /** The position of the last message that was shown to a person; 0 before the first. */
  async readPosition(groupId: GroupId): Promise<number> {
    return Number((await this.#read("settings", readKey(groupId), counterRecord)) ?? 0n)
  }
  putReadPosition = (groupId: GroupId, position: number): Change =>
    put("settings", readKey(groupId), counterRecord.encode(BigInt(position)))

  /** Those that can be read. */
  async *missingHistories(): AsyncGenerator<{ readonly groupId: GroupId; readonly missing: MissingHistory }> {
    for await (const { key, value } of this.#rows("settings", { prefix: MISSING })) {
      if (!isReadable(missingHistoryRecord, value)) continue
      const groupId = toGroupId(key.slice(MISSING.length))
      yield { groupId, missing: decoded("settings", value, missingHistoryRecord) }
    }
  }
  putMissingHistory = (groupId: GroupId, missing: MissingHistory): Change =>
    put("settings", missingKey(groupId), missingHistoryRecord.encode(missing))
  forgetMissingHistory = (groupId: GroupId): Change => remove("settings", missingKey(groupId))

  /** Groups that this device lost, where that can be read. */
  async *rejoins(): AsyncGenerator<{ readonly groupId: GroupId; readonly record: RejoinRecord }> {
    for await (const { key, value } of this.#rows("settings", { prefix: REJOIN })) {
      if (!isReadable(rejoinRecord, value)) continue
      yield { groupId: toGroupId(key.slice(REJOIN.length)), record: decoded("settings", value, rejoinRecord) }
    }
  }
  putRejoin = (groupId: GroupId, record: RejoinRecord): Change =>
    put("settings", rejoinKey(groupId), rejoinRecord.encode(record))
  forgetRejoin = (groupId: GroupId): Change => remove("settings", rejoinKey(groupId))

  /** Messages that are missing in a conversation, oldest first. */
  textGaps = async (groupId: GroupId): Promise<readonly TextGapRecord[]> =>
    (await this.#read("settings", gapsKey(groupId), textGapsRecord)) ?? []
  putTextGaps = (groupId: GroupId, gaps: readonly TextGapRecord[]): Change =>
    put("settings", gapsKey(groupId), textGapsRecord.encode(gaps))

  async wasSeen(groupId: GroupId, sender: IdentityKey, mid: bigint): Promise<boolean> {
    return (await this.#store.get("seen", seenKey(groupId, sender, mid))) !== undefined
  }
  putSeen = (groupId: GroupId, sender: IdentityKey, mid: bigint): Change =>
    put("seen", seenKey(groupId, sender, mid), new Uint8Array([1]))

  sent = (id: MessageId): Promise<SentRecord | "damaged" | undefined> => this.#look("sent", id, sentRecord)
  forgetSent = (id: MessageId): Change => remove("sent", id)
  putSent = (id: MessageId, sent: SentRecord): Change => put("sent", id, sentRecord.encode(sent))
  /** What of a group has no end yet, where that can be read. Looks at all that this profile ever sent. */
  async *unsent(groupId: GroupId): AsyncGenerator<MessageId> {
    for await (const { key, value } of this.#rows("sent")) {
      if (!isReadable(sentRecord, value)) continue
      const record = sentRecord.decode(value)
      if (record.state === "stored" && equalBytes(record.groupId, groupId)) yield toMessageId(key)
    }
  }

  async *outbox(): AsyncGenerator<Placed<OutboxRecord>> {
    for await (const row of this.#rows("outbox")) yield placed(row, "outbox", outboxRecord, 0)
  }
  outboxRow = (position: number): Promise<OutboxRecord | undefined> =>
    this.#read("outbox", positionKey(position), outboxRecord)
  putOutbox = (position: number, record: OutboxRecord): Change =>
    put("outbox", positionKey(position), outboxRecord.encode(record))
  forgetOutbox = (position: number): Change => remove("outbox", positionKey(position))

  /** Those that can be read. */
  async *parked(groupId?: GroupId): AsyncGenerator<Parked> {
    for await (const row of this.#rows("parked", groupId === undefined ? {} : { prefix: groupId })) {
      if (!isReadable(parkedRecord, row.value)) continue
      const { storedAtMs, envelope } = decoded("parked", row.value, parkedRecord)
      const reader = new Reader(row.key)
      yield { groupId: toGroupId(reader.bytes(16)), seq: reader.uint64(), storedAtMs, envelope }
    }
  }
  /** `undefined` where nothing stands there that can be read. */
  parkedAt = async (groupId: GroupId, seq: bigint): Promise<Omit<Parked, "groupId" | "seq"> | undefined> => {
    const known = await this.#look("parked", parkedKey(groupId, seq), parkedRecord)
    return known === "damaged" ? undefined : known
  }
  /** The highest number that something of a group waits under, whether it can be read or not. */
  lastParkedSeq = async (groupId: GroupId): Promise<bigint | undefined> => {
    const [row] = await this.#store.list("parked", { prefix: groupId, descending: true, limit: 1 })
    return row && new Reader(row.key.subarray(GROUP_ID_BYTES)).uint64()
  }
  putParked = ({ groupId, seq, storedAtMs, envelope }: Parked): Change =>
    put("parked", parkedKey(groupId, seq), parkedRecord.encode({ storedAtMs, envelope }))
  forgetParked = (groupId: GroupId, seq: bigint): Change => remove("parked", parkedKey(groupId, seq))

  /** Oldest first. */
  async notices(limit: number): Promise<readonly Placed<NoticeRecord>[]> {
    const rows = await this.#store.list("notices", { descending: true, limit })
    return rows.map((row) => placed(row, "notices", noticeRecord, 0)).toReversed()
  }
  putNotice = (position: number, notice: NoticeRecord): Change =>
    put("notices", positionKey(position), noticeRecord.encode(notice))
  forgetNotice = (position: number): Change => remove("notices", positionKey(position))

  async *keyPackages(): AsyncGenerator<KeyPackageRecord & { readonly ref: Uint8Array }> {
    for await (const { key, value } of this.#rows("key_packages")) {
      yield { ref: key, ...decoded("key_packages", value, keyPackageRecord) }
    }
  }
  putKeyPackage = (ref: Uint8Array, { expiresAtMs, bundle, refusedFor }: KeyPackageRecord): Change =>
    put("key_packages", ref, keyPackageRecord.encode({ expiresAtMs, bundle, refusedFor }))
  forgetKeyPackage = (ref: Uint8Array): Change => remove("key_packages", ref)

  /** The key package that we publish for an empty stock. @param suite - named for suites beside the first */
  async lastResort(suite?: string): Promise<(KeyPackageRecord & { readonly ref: Uint8Array }) | undefined> {
    const ref = await this.#read("settings", lastResortKey(suite), referenceRecord)
    const record = ref && (await this.#read("key_packages", ref, keyPackageRecord))
    return ref && record && { ref, ...record }
  }
  putLastResort = (ref: Uint8Array, suite?: string): Change =>
    put("settings", lastResortKey(suite), referenceRecord.encode(ref))

  async #read<T>(collection: Collection, key: Uint8Array, codec: RecordCodec<T>): Promise<T | undefined> {
    const bytes = await this.#store.get(collection, key)
    return bytes === undefined ? undefined : decoded(collection, bytes, codec)
  }

  async #look<T>(collection: Collection, key: Uint8Array, codec: RecordCodec<T>): Promise<T | "damaged" | undefined> {
    const bytes = await this.#store.get(collection, key)
    return bytes === undefined ? undefined : (readable(codec, bytes) ?? "damaged")
  }

  #rows(collection: Collection, range?: RowRange): AsyncGenerator<Row> {
    return allRows(this.#store, collection, range)
  }
}

/** No record has the name that one gets here whose name is no text: its member finds out. */
function stateRecord({ key, value }: Row): StateRecord {
  return { key: fromUtf8(key.subarray(GROUP_ID_BYTES)) ?? "", value }
}

function placed<T>(row: Row, collection: Collection, codec: RecordCodec<T>, prefixBytes: number): Placed<T> {
  return { position: positionOf(row, collection, prefixBytes), record: decoded(collection, row.value, codec) }
}

/** Nothing for a message that cannot be read. */
function placedMessage(row: Row): readonly Placed<MessageRecord>[] {
  const record = readable(messageRecord, row.value)
  return record === undefined ? [] : [{ position: positionOf(row, "messages", 16), record }]
}

function positionOf(row: Row, collection: Collection, prefixBytes: number): number {
  if (row.key.length !== prefixBytes + 8) throw corruptRecord(collection)
  return Number(new Reader(row.key.subarray(prefixBytes)).uint64())
}
