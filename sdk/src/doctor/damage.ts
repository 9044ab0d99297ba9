import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { GroupStateError, isOfMissingSuite, keyPackageBundleFromBytes, memberFromRecords } from "@qpc/group"
import { DecodeError, fromUtf8, GROUP_ID_BYTES, toGroupId, toHex, toUtf8 } from "@qpc/wire"
import type { GroupId, Random } from "@qpc/wire"
import { ClientError } from "../client-error.ts"
import { decodeKnownServer } from "../known-servers.ts"
import { Profile } from "../profile.ts"
import { missingHistoryRecord, textGapsRecord } from "../gap-records.ts"
import {
  calendarRecord,
  contactRecord,
  counterRecord,
  identityRecord,
  keyPackageRecord,
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
import { rejoinRecord } from "../rejoin-record.ts"
import type { RejoinRecord } from "../rejoin-record.ts"
import { COLLECTIONS, remove } from "../store.ts"
import type { Change, Collection, Row, Store } from "../store.ts"
import { stateOfError } from "./diagnose.ts"
import { diagnosisOf, finding } from "./finding.ts"
import type { Diagnosis, Finding } from "./finding.ts"

const PAGE_ROWS = 500
const IDENTITY = "identity"

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

/**
 * Reads every record of a profile that need not open. Of what opens nothing is damaged; what it holds is the business of
 * {@link Client.diagnose}.
 */
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
 * history stays: nothing is ever sealed with them again. With the next connection, the members are asked to let this device in again.
 *
 * @returns what was found before
 */
export async function forgetDamaged(store: Store, options: DamageOptions): Promise<Diagnosis> {
  const found = await damages(store, options)
  const lost = found.flatMap(({ finding: { state, groupId } }) =>
    state === "group_damaged" && groupId ? [groupId] : [],
  )
  const changes: Change[] = [
    ...found.flatMap(({ rows }) => rows.map(({ collection, key }) => remove(collection, key))),
    ...lost.map((groupId) => new Profile(store).putRejoin(groupId, DAMAGED)),
  ]
  if (changes.length > 0) await store.commit(changes)
  return diagnosisOf(found.map((damage) => damage.finding))
}

/** Nobody can tell since when. */
const DAMAGED: RejoinRecord = {
  cause: "group_damaged",
  isInsisted: false,
  sinceMs: 0,
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
    for await (const row of rowsOf(store, collection)) {
      if (isReadable(collection, row, suitesOf(options))) continue
      const facts = { collection, ...(collection === "settings" && { record: settingName(row.key) }) }
      found.push({ finding: finding("record_damaged", facts), rows: [{ collection, key: row.key }] })
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

function isReadable(collection: Collection, { key, value }: Row, suites: readonly CipherSuite[]): boolean {
  if (collection === "settings") return isReadableSetting(settingName(key), value)
  if (collection === "known_servers") return decodes(() => decodeKnownServer(value)) !== undefined
  if (collection === "key_packages") return isReadableKeyPackage(value, suites)
  const codec = CODECS[collection]
  return codec === undefined || decodes(() => codec.decode(value)) !== undefined
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

const PREFIXES = ["read/", "next/", "missing/", "rejoin/", "gaps/", "last_resort/"] as const

function isReadableSetting(name: string, value: Uint8Array): boolean {
  const codec = SETTING_CODECS[name]
  return codec === undefined || decodes(() => codec.decode(value)) !== undefined
}

const SETTING_CODECS: Readonly<Record<string, RecordCodec<unknown>>> = {
  [IDENTITY]: identityRecord,
  session: sessionRecord,
  cursor: counterRecord,
  delivery_key: referenceRecord,
  last_resort: referenceRecord,
  "last_resort/": referenceRecord,
  time: profileTimeRecord,
  calendar: calendarRecord,
  "read/": counterRecord,
  "next/": counterRecord,
  "missing/": missingHistoryRecord,
  "rejoin/": rejoinRecord,
  "gaps/": textGapsRecord,
}

async function damagedGroups(store: Store, options: DamageOptions, device: KeyPair): Promise<readonly Damage[]> {
  const found: Damage[] = []
  for (const groupId of await groupIds(store)) {
    const state = await stateOfGroup(store, groupId, options, device)
    if (state === undefined) continue
    const keys: Uint8Array[] = []
    for await (const { key } of rowsOf(store, "group_records", groupId)) keys.push(key)
    const rows = state === "group_damaged" ? keys.map((key) => ({ collection: "group_records" as const, key })) : []
    found.push({ finding: finding(state, {}, groupId), rows })
  }
  return found
}

async function groupIds(store: Store): Promise<readonly GroupId[]> {
  const ids = new Map<string, GroupId>()
  for await (const { key } of rowsOf(store, "group_records")) {
    const groupId = toGroupId(key.slice(0, GROUP_ID_BYTES))
    ids.set(toHex(groupId), groupId)
  }
  return [...ids.values()]
}

async function stateOfGroup(
  store: Store,
  groupId: GroupId,
  options: DamageOptions,
  device: KeyPair,
): Promise<"group_damaged" | "profile_newer" | undefined> {
  try {
    const records = await new Profile(store).member(groupId)
    const surroundings = { device, random: options.random, suites: suitesOf(options) }
    memberFromRecords(options.suite, records, surroundings)[Symbol.dispose]()
    return undefined
  } catch (error) {
    const isNewer = error instanceof GroupStateError && ["unknown_version", "unknown_suite"].includes(error.code)
    if (error instanceof GroupStateError) return isNewer ? "profile_newer" : "group_damaged"
    if (error instanceof ClientError && error.code === "store_corrupt") return "group_damaged"
    throw error
  }
}

/** All rows of a collection, a page at a time. */
async function* rowsOf(
  store: Store,
  collection: Collection,
  prefix: Uint8Array = new Uint8Array(0),
): AsyncGenerator<Row> {
  let page = await store.list(collection, { prefix, limit: PAGE_ROWS })
  while (page.length > 0) {
    yield* page
    page = await store.list(collection, { prefix, limit: PAGE_ROWS, after: page.at(-1)!.key })
  }
}
