import { DecodeError, GROUP_ID_BYTES, toGroupId, toUtf8 } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import { allRows } from "./all-rows.ts"
import { missingHistoryRecord, textGapsRecord } from "./gap-records.ts"
import type { RecordCodec } from "./record-codec.ts"
import { counterRecord, parkedRecord } from "./records.ts"
import { rejoinRecord } from "./rejoin-record.ts"
import type { Collection, Store } from "./store.ts"

/** A row that belongs to one group and cannot be read. */
export interface DamagedRow {
  readonly groupId: GroupId
  readonly collection: Collection
  readonly key: Uint8Array
}

/** Settings of single groups, by the beginning of their names; the group's id follows. */
export const GROUP_SETTINGS: Readonly<Record<string, RecordCodec<unknown>>> = {
  "read/": counterRecord,
  "next/": counterRecord,
  "missing/": missingHistoryRecord,
  "rejoin/": rejoinRecord,
  "gaps/": textGapsRecord,
}

/** True if this is what the codec writes. */
export function isReadable(codec: RecordCodec<unknown>, value: Uint8Array): boolean {
  return readable(codec, value) !== undefined
}

/** What the codec has written; `undefined` if that cannot be read. */
export function readable<T>(codec: RecordCodec<T>, value: Uint8Array): T | undefined {
  try {
    return codec.decode(value)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/** The settings of groups that cannot be read. */
export async function* damagedGroupSettings(store: Store): AsyncGenerator<DamagedRow> {
  for (const [name, codec] of Object.entries(GROUP_SETTINGS)) {
    const prefix = toUtf8(name)
    for await (const { key, value } of allRows(store, "settings", { prefix })) {
      if (isReadable(codec, value)) continue
      yield { groupId: toGroupId(key.slice(prefix.length)), collection: "settings", key }
    }
  }
}

/** Envelopes that wait for their group and cannot be read. */
export async function* damagedParked(store: Store): AsyncGenerator<DamagedRow> {
  for await (const { key, value } of allRows(store, "parked")) {
    if (isReadable(parkedRecord, value)) continue
    yield { groupId: toGroupId(key.slice(0, GROUP_ID_BYTES)), collection: "parked", key }
  }
}
