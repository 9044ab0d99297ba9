import { Receiver, Sender } from "@qpc/gbp"
import { MessageReceiver } from "@qpc/gtp"
import {
  CHECK_KEY,
  decodeWhole,
  DecodeError,
  DEVICE_KEY_BYTES,
  encode,
  IDENTITY_KEY_BYTES,
  recordKey,
  RecordLog,
  RecordReader,
  toDeviceKey,
  toIdentityKey,
} from "@qpc/wire"
import type { Reader, StateChange, StateChanges, StateRecord } from "@qpc/wire"
import { Deadlines } from "./deadlines.ts"
import { Departed } from "./departed.ts"
import { FormerSettings } from "./former-settings.ts"
import { Gaps } from "./gaps/gaps.ts"
import { KeptTexts } from "./gaps/kept-texts.ts"
import { OwnNumbers } from "./gaps/own-numbers.ts"
import { Redelivery } from "./gaps/redelivery.ts"
import { SealedNumbers } from "./gaps/sealed-numbers.ts"
import { Heads } from "./heads.ts"
import { HeldTexts } from "./held-texts.ts"
import { Intents } from "./intents.ts"
import { Leaving } from "./leaving.ts"
import { frameSurroundings, messageLimits } from "./member-state.ts"
import type { MemberState, Self } from "./member-state.ts"
import { OwnCommits } from "./own-commits.ts"
import { Parked } from "./parked.ts"
import { Rejoins } from "./rejoin/rejoins.ts"
import type { WakeGroup } from "./replaced-groups.ts"
import { FIRST_RECORDS_VERSION, STATE_VERSION } from "./state-version.ts"

/** Before the keys of the MLS group's records. */
const MLS = "mls"
const MEMBER_KEY = "member"
/** Apart from the header, which is written with each message. */
const PERSON_KEY = "person"
const SENDER_KEY = "sender"

/** Parts that are small and change with commits and intents: each is one record. */
const PARTS = [
  "departed",
  "formerSettings",
  "intents",
  "deadlines",
  "ownCommits",
  "leaving",
  "heldTexts",
  "heads",
  "rejoins",
  "ownNumbers",
  "redelivery",
] as const satisfies readonly (keyof MemberState)[]

/** The record that tells which device's state this is, and ties the MLS group's records to the others. Borrowed. */
export interface MemberHeader {
  readonly version: number
  readonly suiteId: number
  readonly device: Uint8Array
  readonly isActive: boolean
  /** The MLS group's own check: without it, the state of the group and those of the layers could be of different times. */
  readonly mlsCheck: Uint8Array
}

/** Reads version u8 · suite u16 · device key · active u8 · check of the MLS group<V>. Borrowed. @throws DecodeError */
function decodeHeader(bytes: Uint8Array): MemberHeader {
  return decodeWhole(bytes, (reader) => ({
    version: reader.uint8(),
    suiteId: reader.uint16(),
    device: reader.bytes(DEVICE_KEY_BYTES),
    isActive: readFlag(reader),
    mlsCheck: reader.vector(),
  }))
}

/** Reads a byte that is 0 or 1. @throws DecodeError `reserved_value` */
export function readFlag(reader: Reader): boolean {
  const start = reader.offset
  const value = reader.uint8()
  if (value > 1) throw new DecodeError("reserved_value", start)
  return value === 1
}

/** The records of a member: what differs from what is stored, and how it comes back. */
export class MemberRecords {
  readonly #state: MemberState
  readonly #log: RecordLog
  /** As it was when changes were last taken. Empty in a snapshot, which is one piece anyway. */
  #mlsCheck: Uint8Array = new Uint8Array(0)

  /**
   * Lets the layers of `state` note what they change; they must be complete.
   *
   * @param stored - The records that the state was made of, if it was.
   * @throws DecodeError if these are not all of one time
   */
  constructor(state: MemberState, stored?: SplitRecords) {
    this.#state = state
    this.#log = new RecordLog({
      hash: (bytes) => state.suite.hash(bytes),
      isChecked: () => true,
      all: () => this.#marked(),
      watched: () => this.#watched(),
    })
    if (stored !== undefined) this.#follow(stored)
    // Only now: where a limit is lower than it was, layers begin by forgetting, and the store has to hear of it.
    for (const layer of markedLayers(state)) layer.attach(this.#log)
  }

  /** What is owed to the store, the MLS group included. */
  take(): StateChanges {
    const group = this.#state.group.takeChanges()
    const check = group.changes.find(({ key }) => key === CHECK_KEY)?.value
    if (check !== undefined) this.#mlsCheck = check.slice()
    const layers = this.#log.take()
    if (group.isWhole !== layers.isWhole) throw new Error("unreachable: the group and its layers are stored together")
    return {
      isWhole: layers.isWhole,
      changes: [...group.changes.map(underMls), ...layers.changes],
      stored: () => {
        group.stored()
        layers.stored()
      },
    }
  }

  /** All records but those of the MLS group, for {@link Member.toBytes}. */
  snapshot(): StateRecord[] {
    const mlsCheck = this.#mlsCheck
    this.#mlsCheck = new Uint8Array(0)
    const records = [...this.#log.snapshot()]
    this.#mlsCheck = mlsCheck
    return records
  }

  /** Everything is owed: the state was made of a snapshot, and nobody knows what is stored. */
  oweAll(): void {
    this.#log.oweAll()
  }

  #follow({ layers, mlsCheck }: SplitRecords): void {
    if (!this.#log.follow(layers)) throw new DecodeError("bad_value", 0)
    this.#mlsCheck = mlsCheck.slice()
  }

  *#watched(): Generator<StateRecord> {
    const { suite, self, device, isActive, sender } = this.#state
    const header = encode((writer) => {
      writer
        .uint8(STATE_VERSION)
        .uint16(suite.id)
        .bytes(device)
        .uint8(isActive ? 1 : 0)
        .vector(this.#mlsCheck)
    })
    yield { key: MEMBER_KEY, value: header }
    yield { key: PERSON_KEY, value: self.slice() }
    yield { key: SENDER_KEY, value: sender.toBytes() }
    for (const key of PARTS) yield { key, value: encode((writer) => this.#state[key].write(writer)) }
  }

  *#marked(): Generator<StateRecord> {
    for (const layer of markedLayers(this.#state)) yield* layer.records()
  }
}

/** Layers that note themselves what they change. */
function markedLayers({ receiver, messages, parked, replaced, gaps, keptTexts, sealedNumbers }: MemberState) {
  return [receiver, messages, parked, replaced, gaps, keptTexts, sealedNumbers]
}

/** Stored records, apart for those who read them. */
export interface SplitRecords {
  /** Of the MLS group, under its own keys. */
  readonly group: readonly StateRecord[]
  readonly layers: readonly StateRecord[]
  /** The check of the MLS group's records. */
  readonly mlsCheck: Uint8Array
}

/** Tells the records of the MLS group from the others. */
export function splitRecords(records: Iterable<StateRecord>): SplitRecords {
  const group: StateRecord[] = []
  const layers: StateRecord[] = []
  for (const record of records) {
    const { key, value } = record
    if (key.startsWith(`${MLS}/`)) group.push({ key: key.slice(MLS.length + 1), value })
    else layers.push(record)
  }
  const check = group.find(({ key }) => key === CHECK_KEY)
  return { group, layers, mlsCheck: check?.value ?? new Uint8Array(0) }
}

/** Finds the header among the records. @throws DecodeError if it is not there */
export function headerOf(layers: readonly StateRecord[]): MemberHeader {
  return decodeHeader(new RecordReader(layers).take(MEMBER_KEY))
}

/** Whose state the records are. Copies. @throws DecodeError */
export function selfOf(layers: readonly StateRecord[]): Self {
  const records = new RecordReader(layers)
  const { version, device } = decodeHeader(records.take(MEMBER_KEY))
  if (version < 4) return firstDevice(device)
  const self = decodeWhole(records.take(PERSON_KEY), (reader) =>
    toIdentityKey(reader.bytes(IDENTITY_KEY_BYTES).slice()),
  )
  return { self, device: toDeviceKey(device.slice()) }
}

/** The only kind of device that versions 1 to 3 knew: its key is its person's. Copies. */
export function firstDevice(device: Uint8Array): Self {
  return { self: toIdentityKey(device.slice()), device: toDeviceKey(device.slice()) }
}

/** Fills a new state with what the layers remembered. Copies. @throws DecodeError for a record that is missing or unknown */
export function restoreLayers(state: MemberState, layers: readonly StateRecord[], wakeGroup: WakeGroup): void {
  const { groupId, keys, limits, group } = state
  const surroundings = frameSurroundings(groupId, keys, limits)
  const records = new RecordReader(layers)
  const part = <T>(key: string, read: (reader: Reader) => T): T => decodeWhole(records.take(key), read)
  const { isActive, version } = decodeHeader(records.take(MEMBER_KEY))
  state.isActive = isActive
  if (version > FIRST_RECORDS_VERSION) records.take(PERSON_KEY)
  state.sender = Sender.fromBytes(records.take(SENDER_KEY), surroundings, group.ownLeafIndex)
  state.receiver = Receiver.fromRecords(records, surroundings)
  state.messages = MessageReceiver.fromRecords(records, messageLimits(limits))
  state.parked = Parked.fromRecords(records, limits)
  state.replaced.read(records, wakeGroup)
  state.departed = part("departed", (reader) => (version > 3 ? Departed.read(reader) : Departed.readV3(reader)))
  state.formerSettings = part("formerSettings", (reader) => FormerSettings.read(reader))
  state.intents = part("intents", (reader) => Intents.read(reader))
  state.deadlines = part("deadlines", (reader) => Deadlines.read(reader))
  state.ownCommits = part("ownCommits", (reader) => OwnCommits.read(reader))
  if (version > FIRST_RECORDS_VERSION) {
    state.leaving = part("leaving", (reader) => Leaving.read(reader))
    state.heldTexts = part("heldTexts", (reader) => HeldTexts.read(reader))
    state.heads = part("heads", (reader) => Heads.read(reader))
  }
  if (version > 4) state.rejoins = part("rejoins", (reader) => Rejoins.read(reader))
  if (version > 4) {
    state.ownNumbers = part("ownNumbers", (reader) => OwnNumbers.read(reader))
    state.redelivery = part("redelivery", (reader) => Redelivery.read(reader))
    state.gaps = Gaps.fromRecords(records)
    state.keptTexts = KeptTexts.fromRecords(records)
    state.sealedNumbers = SealedNumbers.fromRecords(records)
  } else {
    // Nobody has counted the texts of this epoch: counting begins with the next.
    state.ownNumbers = new OwnNumbers(group.epoch + 1n)
  }
  records.take(CHECK_KEY)
  records.end()
}

function underMls({ key, value }: StateChange): StateChange {
  return { key: recordKey(MLS, key), value }
}
