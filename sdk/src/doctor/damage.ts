import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { isOfMissingSuite, keyPackageBundleFromBytes, memberFromBytes, memberFromRecords } from "@qpc/group"
import type { Member } from "@qpc/group"
import { concatBytes, DecodeError, fromUtf8, GROUP_ID_BYTES, Reader, toGroupId, toHex, toUtf8 } from "@qpc/wire"
import type { GroupId, Random } from "@qpc/wire"
import { ClientError } from "../client-error.ts"
import { SINCE_UNKNOWN } from "../damaged-groups.ts"
import { GROUP_SETTINGS, isReadable, readable } from "../damaged-rows.ts"
import { damageOf } from "../group-damage.ts"
import type { StoredDamage } from "../group-damage.ts"
import { keyPackageRecord } from "../key-package-record.ts"
import { decodeKnownServer } from "../known-servers.ts"
import { refuseLastResortsFor } from "../last-resorts.ts"
import { Profile } from "../profile.ts"
import {
  calendarRecord,
  contactRecord,
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
} from "../records.ts"
import type { RecordCodec } from "../record-codec.ts"
import type { RejoinRecord } from "../rejoin-record.ts"
import { allRows } from "../all-rows.ts"
import { COLLECTIONS, put, remove } from "../store.ts"
import type { Change, Collection, Row, Store } from "../store.ts"
import { stateOfError } from "./diagnose.ts"
import { diagnoseDamaged } from "./diagnose-group.ts"
import { diagnosisOf, finding } from "./finding.ts"
import type { Diagnosis, Finding } from "./finding.ts"
import { sentGivenUp } from "./sent-given-up.ts"

const IDENTITY = "identity"
/** The setting of a group that says at which position its history goes on. */
const NEXT = "next/"
const POSITION_BYTES = 8

/** What reading a member takes. */
export interface DamageOptions {
  readonly suite: CipherSuite
  readonly otherSuites?: readonly CipherSuite[]
  readonly random: Random
}

const suitesOf = ({ suite, otherSuites = [] }: DamageOptions): readonly CipherSuite[] => [suite, ...otherSuites]

/** A record that cannot be read, and the rows that go when it is forgotten. */
interface Damage {
  readonly finding: Finding
  readonly rows: readonly { readonly collection: Collection; readonly key: Uint8Array }[]
}

/** Of these, one that cannot be read keeps nobody from anything else. */
const OPEN: ReadonlySet<unknown> = new Set<Collection>(["messages", "sent"])

/**
 * True for what keeps a profile shut. What is damaged of one group does not, and {@link Client.diagnose} says it too; nor does a message, nor
 * how far one of ours got, of which it says nothing (`withFindings`).
 */
export function keepsShut({ state, groupId, facts }: Finding): boolean {
  return groupId === undefined && !(state === "record_damaged" && OPEN.has(facts["collection"]))
}

/** Reads every record of a profile that need not open. Of a profile that opens, what it holds is the business of that alone. */
export async function findDamage(store: Store, options: DamageOptions): Promise<Diagnosis> {
  try {
    return diagnosisOf((await damages(store, options)).map((damage) => damage.finding))
  } catch (error) {
    return diagnoseStoreError(error)
  }
}

/**
 * Deletes what {@link findDamage} finds, but for the identity, without which there is no profile. What was in it nobody can bring
 * back; pinned keys among it are believed anew at the next contact. Of a group whose keys cannot be read all keys go, and the
 * history stays: nothing is ever sealed with them again, and no last-resort key package of ours opens it (`last-resorts.ts`). With the next
 * connection, the members are asked to let this device in again.
 *
 * @returns what was found before
 */
export async function forgetDamaged(store: Store, options: DamageOptions): Promise<Diagnosis> {
  const profile = new Profile(store)
  const found = await damages(store, options)
  const lost = found.flatMap(({ finding: { state, groupId } }) =>
    state === "group_damaged" && groupId ? [groupId] : [],
  )
  const removals = (state: Finding["state"]): Change[] =>
    found
      .filter((damage) => damage.finding.state === state)
      .flatMap(({ rows }) => rows.map(({ collection, key }) => remove(collection, key)))
  const sent = found.flatMap(({ rows }) => rows.flatMap(({ collection, key }) => (collection === "sent" ? [key] : [])))
  // Before the groups: it is key packages that can be read that are refused for them.
  const records = [...removals("record_damaged"), ...(await sentGivenUp(store, sent)), ...(await endsOf(store, found))]
  if (records.length > 0) await store.commit(records)
  if (lost.length > 0) {
    await store.commit([
      ...removals("group_damaged"),
      ...lost.map((groupId) => profile.putRejoin(groupId, DAMAGED)),
      ...(await refuseLastResortsFor({ profile, suites: suitesOf(options) }, lost)),
    ])
  }
  return diagnosisOf(found.map((damage) => damage.finding))
}

/** Where histories go on of which messages are deleted: the last one may be among them, and its place must not be given out again. */
async function endsOf(store: Store, found: readonly Damage[]): Promise<readonly Change[]> {
  const ends = new Map<string, Change>()
  for (const { collection, key } of found.flatMap(({ rows }) => rows)) {
    if (collection !== "messages" || key.length !== GROUP_ID_BYTES + POSITION_BYTES) continue
    const [groupId, position] = [key.slice(0, GROUP_ID_BYTES), new Reader(key.subarray(GROUP_ID_BYTES)).uint64()]
    const setting = concatBytes(toUtf8(NEXT), groupId)
    const stored = await store.get("settings", setting)
    const known = stored === undefined ? undefined : readable(counterRecord, stored)
    const end = known !== undefined && known > position ? known : position + 1n
    ends.set(toHex(groupId), put("settings", setting, counterRecord.encode(end)))
  }
  return [...ends.values()]
}

/** What the group still wanted ends when the profile is opened. */
const DAMAGED: RejoinRecord = {
  cause: "group_damaged",
  isInsisted: false,
  sinceMs: SINCE_UNKNOWN,
  attempt: 0,
  stage: { at: "due" },
  nextAtMs: 0,
}

/** What it means that a store cannot be opened or read. @throws what is no `ClientError` of a store */
export function diagnoseStoreError(error: unknown): Diagnosis {
  const state = error instanceof ClientError ? stateOfError(error.code) : undefined
  if (state === undefined) throw error
  return diagnosisOf([finding(state)])
}

async function damages(store: Store, options: DamageOptions): Promise<readonly Damage[]> {
  const identity = await identityOf(store)
  if (identity === "damaged") return [{ finding: finding("identity_damaged"), rows: [] }]
  const found: Damage[] = []
  for (const collection of COLLECTIONS) {
    // Members need their owner's keys, and are read whole.
    if (collection === "group_records" || collection === "members") continue
    for await (const row of allRows(store, collection)) {
      if (isReadableRow(collection, row, suitesOf(options))) continue
      const facts = { collection, ...(collection === "settings" && { record: settingName(row.key) }) }
      const about = finding("record_damaged", facts, groupOfRow(collection, row.key))
      found.push({ finding: about, rows: [{ collection, key: row.key }] })
    }
  }
  if (identity === undefined) return found
  try {
    return [...found, ...(await damagedGroups(store, options, identity))]
  } finally {
    identity.privateKey.fill(0)
  }
}

async function identityOf(store: Store): Promise<KeyPair | undefined | "damaged"> {
  const bytes = await store.get("settings", toUtf8(IDENTITY))
  if (bytes === undefined) return undefined
  return decodes(() => identityRecord.decode(bytes)) ?? "damaged"
}

/** The value, or `undefined` if it cannot be decoded. */
function decodes<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

function isReadableRow(collection: Collection, { key, value }: Row, suites: readonly CipherSuite[]): boolean {
  if (collection === "settings") return isReadableSetting(settingName(key), value)
  if (collection === "known_servers") return decodes(() => decodeKnownServer(value)) !== undefined
  if (collection === "key_packages") return isReadableKeyPackage(value, suites)
  const codec = CODECS[collection]
  return codec === undefined || isReadable(codec, value)
}

/** The group whose business alone a row is. */
function groupOfRow(collection: Collection, key: Uint8Array): GroupId | undefined {
  if (collection === "parked") return toGroupId(key.slice(0, GROUP_ID_BYTES))
  if (collection !== "settings" || !Object.hasOwn(GROUP_SETTINGS, settingName(key))) return undefined
  return toGroupId(key.slice(settingName(key).length))
}

const CODECS: Partial<Record<Collection, RecordCodec<unknown>>> = {
  contacts: contactRecord,
  messages: messageRecord,
  sent: sentRecord,
  outbox: outboxRecord,
  parked: parkedRecord,
  notices: noticeRecord,
}

function isReadableKeyPackage(value: Uint8Array, suites: readonly CipherSuite[]): boolean {
  const read = decodes(() => {
    const { bundle: stored } = keyPackageRecord.decode(value)
    if (isOfMissingSuite(suites, stored)) return stored
    using bundle = keyPackageBundleFromBytes(suites, stored)
    return bundle.ref
  })
  return read !== undefined
}

/** The name of a setting; those of groups have their id behind it, which is no text, and those of suites the suite. */
function settingName(key: Uint8Array): string {
  const prefix = PREFIXES.find((name) => fromUtf8(key.subarray(0, name.length)) === name)
  return prefix ?? fromUtf8(key) ?? "unknown"
}

const PREFIXES: readonly string[] = [...Object.keys(GROUP_SETTINGS), "last_resort/"]

function isReadableSetting(name: string, value: Uint8Array): boolean {
  const codec = SETTING_CODECS[name]
  return codec === undefined || isReadable(codec, value)
}

const SETTING_CODECS: Readonly<Record<string, RecordCodec<unknown>>> = {
  ...GROUP_SETTINGS,
  [IDENTITY]: identityRecord,
  session: sessionRecord,
  cursor: counterRecord,
  delivery_key: referenceRecord,
  last_resort: referenceRecord,
  "last_resort/": referenceRecord,
  time: profileTimeRecord,
  calendar: calendarRecord,
}

async function damagedGroups(store: Store, options: DamageOptions, device: KeyPair): Promise<readonly Damage[]> {
  const surroundings = { device, random: options.random, suites: suitesOf(options) }
  const found: Damage[] = []
  const add = (groupId: GroupId, collection: Collection, keys: readonly Uint8Array[], wake: () => Member): void => {
    const damage = damageIn(wake)
    if (damage === undefined) return
    const rows = damage === "record_damaged" ? keys.map((key) => ({ collection, key })) : []
    found.push({ finding: diagnoseDamaged(groupId, damage), rows })
  }
  const profile = new Profile(store)
  for await (const { groupId, state } of profile.wholeMembers()) {
    add(groupId, "members", [groupId], () => memberFromBytes(options.suite, state, surroundings))
  }
  for await (const { groupId, records } of profile.members()) {
    const keys: Uint8Array[] = []
    for await (const { key } of allRows(store, "group_records", { prefix: groupId })) keys.push(key)
    add(groupId, "group_records", keys, () => memberFromRecords(options.suite, records, surroundings))
  }
  return found
}

function damageIn(wake: () => Member): StoredDamage | undefined {
  try {
    wake()[Symbol.dispose]()
    return undefined
  } catch (error) {
    return damageOf(error)
  }
}
