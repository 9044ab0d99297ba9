// oxlint-disable-next-line import/default -- a CommonJS module: what it exports is its default
import Sqlite from "better-sqlite3-multiple-ciphers"

/** One open SQLite file. */
export type SqliteDatabase = Sqlite.Database

/** Opens a file, making it where there is none. Nothing waits for another process's lock. */
export function openSqlite(file: string): SqliteDatabase {
  return new Sqlite(file, { timeout: 0 })
}
