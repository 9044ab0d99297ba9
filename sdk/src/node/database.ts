// oxlint-disable-next-line import/default -- a CommonJS module: what it exports is its default
import driver from "better-sqlite3-multiple-ciphers"

/** One prepared statement of the driver. */
export interface Statement {
  run(...values: readonly unknown[]): unknown
  get(...values: readonly unknown[]): unknown
  all(...values: readonly unknown[]): unknown[]
}

/** One open database of the driver. */
export interface Database {
  readonly open: boolean
  readonly inTransaction: boolean
  prepare(sql: string): Statement
  exec(sql: string): unknown
  pragma(sql: string, options?: { readonly simple: boolean }): unknown
  /** Keys the database before its first page is read; the bytes are copied. */
  key(bytes: Uint8Array): unknown
  transaction(body: () => void): () => void
  close(): unknown
}

interface Driver {
  new (path: string, options: { readonly timeout: number }): Database
  readonly SqliteError: new (message: string, code: string) => Error & { readonly code: string }
}

const Sqlite = driver as unknown as Driver

/** Opens a file, creating it if it is missing; waits for no lock: the profile's own lock decides who may be here. */
export function openDatabase(path: string): Database {
  return new Sqlite(path, { timeout: 0 })
}

/**
 * How all our databases are run: a write-ahead log that is flushed at each commit, nothing in temporary files, and what was
 * deleted or overwritten is zeroed in its page. Old pages stay in the log until {@link emptyLog}.
 */
export function configure(database: Database): void {
  database.pragma("locking_mode = EXCLUSIVE")
  database.pragma("journal_mode = WAL")
  database.pragma("synchronous = FULL")
  database.pragma("temp_store = MEMORY") // Nothing of ours goes to a temporary file in the clear.
  database.pragma("secure_delete = ON")
  database.pragma("trusted_schema = OFF")
}

/** Moves the write-ahead log into the database and cuts it to nothing, and with it the pages as they were before. */
export function emptyLog(database: Database): void {
  database.pragma("wal_checkpoint(TRUNCATE)")
}

/** True for an error of the database, as opposed to a mistake in this program. */
export function isDatabaseError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Sqlite.SqliteError
}
