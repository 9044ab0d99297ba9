import type { Collection } from "../store.ts"

/** A step from one version of the schema to the next; `version` is the one it leads to. */
export interface Migration {
  readonly version: number
  readonly sql: readonly string[]
}

const FIRST_COLLECTIONS: readonly Collection[] = [
  "settings",
  "contacts",
  "members",
  "messages",
  "seen",
  "sent",
  "outbox",
  "parked",
  "notices",
  "key_packages",
  "known_servers",
]

const createTable = (name: Collection): string =>
  `CREATE TABLE ${name} (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID, STRICT`

/** In order, without gaps, never edited once released: a profile may be at any of these versions. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, sql: FIRST_COLLECTIONS.map(createTable) },
  // Its content follows when the profile is opened: it takes the identity to read what the members were.
  { version: 2, sql: [createTable("group_records")] },
  { version: 3, sql: [createTable("expiring")] },
  // Nothing new to hold; but a message may say that it was missing before, which earlier programs would take for damage.
  { version: 4, sql: [] },
  // Nor here; a key package may name groups that it opens no more, which earlier programs would take for damage, too.
  { version: 5, sql: [] },
]

/** The version that this program writes. */
export const SCHEMA_VERSION: number = MIGRATIONS.length
