import { createHmac } from "node:crypto"
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from "node:fs"
import { dirname } from "node:path"
import { constantTimeEqual, toHex, toUtf8 } from "@qpc/wire"
import { StorageError } from "../storage-error.ts"
import { openSqlite } from "./engine.ts"
import type { SqliteDatabase } from "./engine.ts"
import { migrate } from "./migrations.ts"

/** Where a store is and what opens it. */
export interface DatabaseOptions {
  /** The file; `-wal` and `.check` stand beside it. */
  readonly file: string
  /** 32 random bytes, or the result of a slow derivation: it encrypts every page. Borrowed for the call. */
  readonly key: Uint8Array
  /** The store refuses to grow beyond; `full` then. 0, the default, means the disk decides. */
  readonly sizeLimitBytes?: number
}

export const STORE_KEY_BYTES = 32

const PAGE_BYTES = 4096
/** Stores up to this size are read whole at start, so that damage is found before anybody relies on them. */
const FULL_CHECK_BYTES = 64 * 1024 * 1024
/** A WAL that a burst has grown is cut back to this at the next checkpoint. */
const WAL_KEPT_BYTES = 64 * 1024 * 1024

/**
 * Opens the store, making it where there is none.
 *
 * Every page is encrypted and authenticated with AEGIS-256 (measured at 1.0–1.1 times an unencrypted store; ChaCha20
 * takes 1.3, SQLCipher's AES-CBC 1.7). One process holds the store at a time.
 *
 * @throws StorageError `wrong_key`, `corrupt`, `busy`, `io`, `full`, `newer_schema`
 */
export function openDatabase(options: DatabaseOptions): SqliteDatabase {
  const { file, key } = options
  if (key.length !== STORE_KEY_BYTES) throw new RangeError(`a store key has ${STORE_KEY_BYTES} bytes`)
  let db: SqliteDatabase | undefined
  try {
    checkKey(file, key)
    // Made here, because SQLite would let everybody on the machine read it; the log beside it follows.
    closeSync(openSync(file, "a", 0o600))
    const exists = statSync(file).size > 0
    db = openSqlite(file)
    db.pragma("cipher = 'aegis'")
    db.key(Buffer.from(`raw:${toHex(key)}`))
    // Exclusive: the lock dies with its process, needs no shared-memory file, and tells a second server at once.
    db.pragma("locking_mode = EXCLUSIVE")
    if (exists) check(db, file)
    configure(db, options.sizeLimitBytes ?? 0)
    migrate(db, file)
    return db
  } catch (error) {
    db?.close()
    throw toStorageError(error, file)
  }
}

function configure(db: SqliteDatabase, sizeLimitBytes: number): void {
  db.pragma(`page_size = ${PAGE_BYTES}`)
  db.pragma("journal_mode = WAL")
  // FULL in WAL mode: a commit returns only after the log is on the disk.
  db.pragma("synchronous = FULL")
  db.pragma("foreign_keys = OFF") // the schema names the references; checking them costs a lookup per row
  db.pragma(`journal_size_limit = ${WAL_KEPT_BYTES}`)
  if (sizeLimitBytes > 0) db.pragma(`max_page_count = ${Math.max(1, Math.floor(sizeLimitBytes / PAGE_BYTES))}`)
}

function check(db: SqliteDatabase, file: string): void {
  if (statSync(file).size > FULL_CHECK_BYTES) {
    db.prepare("SELECT count(*) FROM sqlite_schema").get()
    return
  }
  const findings = db.pragma("quick_check(1)", { simple: true })
  if (findings !== "ok") throw damaged(file)
}

/**
 * SQLite cannot tell a wrong key from a damaged first page. A value derived from the key beside the store can: it
 * reveals nothing about the key, and it is written before the store exists.
 */
function checkKey(file: string, key: Uint8Array): void {
  const path = `${file}.check`
  const expected = toUtf8(`qpc store 1 ${createHmac("sha256", key).update("qpc store key check v1").digest("hex")}\n`)
  if (existsSync(path)) {
    if (constantTimeEqual(readFileSync(path), expected)) return
    throw new StorageError(
      "wrong_key",
      `The store ${file} was made with another database key: start with the key it was made with, or with an empty data directory.`,
    )
  }
  if (existsSync(file) && statSync(file).size > 0) return // an older copy without the check: opening it will tell
  const fresh = `${path}.new`
  const descriptor = openSync(fresh, "w", 0o600)
  writeSync(descriptor, expected)
  fsyncSync(descriptor)
  closeSync(descriptor)
  renameSync(fresh, path)
  const directory = openSync(dirname(path), "r")
  fsyncSync(directory)
  closeSync(directory)
}

const damaged = (file: string, cause?: unknown): StorageError =>
  new StorageError(
    "corrupt",
    `The store ${file} is damaged: stop the server and restore the data directory from a backup.`,
    { cause },
  )

/** Says in our words what SQLite or the file system said; passes on what is neither. */
export function toStorageError(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return error
  if (error instanceof StorageError) return error
  const { code } = error
  if (code === "SQLITE_FULL" || code === "ENOSPC" || code === "EDQUOT") {
    return new StorageError(
      "full",
      `No space left for the store ${file}: free disk space or raise the store's size limit. Nothing that was acknowledged is lost.`,
      { cause: error },
    )
  }
  if (code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT")) return damaged(file, error)
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    return new StorageError(
      "busy",
      `The store ${file} is in use by another process: stop the other qpc-server, or give this one its own data directory.`,
      { cause: error },
    )
  }
  if (IO_CODES.some((prefix) => code.startsWith(prefix)) || /^E[A-Z0-9]+$/.test(code)) {
    return new StorageError(
      "io",
      `The store ${file} cannot be read or written (${code}): check the disk and the file's permissions.`,
      { cause: error },
    )
  }
  return error
}

const IO_CODES = ["SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_NOLFS"]
