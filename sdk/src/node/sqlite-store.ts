import { ClientError } from "../client-error.ts"
import { COLLECTIONS, checkKey, DEFAULT_LIST_ROWS, keyBounds } from "../store.ts"
import type { Change, Collection, Row, RowRange, Store } from "../store.ts"
import { storeError } from "./sqlite-errors.ts"
import { emptyLog } from "./database.ts"
import type { Database, Statement } from "./database.ts"

interface Statements {
  readonly get: Statement
  readonly put: Statement
  readonly remove: Statement
  readonly ascending: Statement
  readonly descending: Statement
}

/**
 * The write-ahead log holds pages as they were, with keys that were used since. It is emptied after so many commits: each time
 * costs as much as two commits, so once for each of them would be too dear.
 */
export const COMMITS_PER_LOG = 64

/** The store on an opened, migrated and locked database; {@link openSqliteStore} makes it. */
export class SqliteStore implements Store {
  readonly #database: Database
  readonly #lock: Database
  readonly #path: string
  /** Prepared when they are first needed. */
  readonly #statements = new Map<Collection, Statements>()
  /** Set when the disk failed in a way after which nobody knows what is on it. */
  #failed = false
  #commitsInLog = 0

  /**
   * Takes ownership of `database` and of `lock`, which keeps other processes out.
   *
   * @param path - Named in errors.
   */
  constructor(database: Database, lock: Database, path: string) {
    this.#database = database
    this.#lock = lock
    this.#path = path
  }

  async get(collection: Collection, key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#use(() => {
      const row = this.#of(collection).get.get(key) as { value: Uint8Array } | undefined
      return row === undefined ? undefined : plainBytes(row.value)
    })
  }

  async list(collection: Collection, range: RowRange = {}): Promise<readonly Row[]> {
    return this.#use(() => {
      const { ascending, descending } = this.#of(collection)
      const statement = range.descending === true ? descending : ascending
      const { from, to } = keyBounds(range)
      const rows = statement.all(from, to, range.limit ?? DEFAULT_LIST_ROWS) as Row[]
      return rows.map(({ key, value }) => ({ key: plainBytes(key), value: plainBytes(value) }))
    })
  }

  async commit(changes: readonly Change[]): Promise<void> {
    for (const { key } of changes) checkKey(key)
    this.#use(() => {
      this.#database.exec("BEGIN IMMEDIATE")
      try {
        for (const change of changes) {
          const { put, remove } = this.#of(change.collection)
          if (change.kind === "put") put.run(change.key, change.value)
          else remove.run(change.key)
        }
        this.#database.exec("COMMIT")
      } catch (error) {
        // SQLite rolls back by itself on some errors (full disk, I/O) and leaves the transaction open on others.
        if (this.#database.inTransaction) this.#database.exec("ROLLBACK")
        throw error
      }
    })
    this.#commitsInLog++
    if (this.#commitsInLog >= COMMITS_PER_LOG) this.#emptyLog()
  }

  async close(): Promise<void> {
    if (this.#database.open) this.#database.close()
    if (this.#lock.open) this.#lock.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Nothing that fails here undoes a commit that is durable: a full disk is tried again, any other ends this store. */
  #emptyLog(): void {
    try {
      emptyLog(this.#database)
      this.#commitsInLog = 0
    } catch (error) {
      const known = storeError(error, this.#path)
      if (known === undefined) throw error
      this.#failed = known.code !== "store_full"
    }
  }

  #of(collection: Collection): Statements {
    // The name becomes a part of SQL.
    if (!COLLECTIONS.includes(collection)) throw new RangeError(`no such collection: ${collection}`)
    const statements = this.#statements.get(collection) ?? prepare(this.#database, collection)
    this.#statements.set(collection, statements)
    return statements
  }

  #use<T>(action: () => T): T {
    if (!this.#database.open || this.#failed) {
      const why = this.#failed ? "was closed after the disk failed" : "is closed"
      throw new ClientError("store_closed", `the profile ${why}`, { nextStep: "Start again." })
    }
    try {
      return action()
    } catch (error) {
      const known = storeError(error, this.#path)
      if (known === undefined) throw error
      if (known.code === "store_io" || known.code === "store_corrupt") this.#failed = true
      throw known
    }
  }
}

function prepare(database: Database, table: Collection): Statements {
  const where = "key >= ? AND key < ?"
  return {
    get: database.prepare(`SELECT value FROM ${table} WHERE key = ?`),
    put: database.prepare(`INSERT INTO ${table} VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`),
    remove: database.prepare(`DELETE FROM ${table} WHERE key = ?`),
    ascending: database.prepare(`SELECT key, value FROM ${table} WHERE ${where} ORDER BY key LIMIT ?`),
    descending: database.prepare(`SELECT key, value FROM ${table} WHERE ${where} ORDER BY key DESC LIMIT ?`),
  }
}

/** The driver answers with `Buffer`s, some of them slices of a shared pool. */
const plainBytes = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)
