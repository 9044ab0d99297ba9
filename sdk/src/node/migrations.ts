import { COLLECTIONS } from "../store.ts"

/** A step from one version of the schema to the next; `version` is the one it leads to. */
export interface Migration {
  readonly version: number
  readonly sql: readonly string[]
}

/** In order, without gaps, never edited once released: a profile may be at any of these versions. */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    sql: COLLECTIONS.map(
      (name) => `CREATE TABLE ${name} (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID, STRICT`,
    ),
  },
]

/** The version that this program writes. */
export const SCHEMA_VERSION: number = MIGRATIONS.length
