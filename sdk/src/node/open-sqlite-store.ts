import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync } from "node:fs"
import { rmSync, statSync, writeSync } from "node:fs"
import { join } from "node:path"
import { nodeRandom } from "@qpc/crypto/node"
import { DecodeError, Secret } from "@qpc/wire"
import type { Random } from "@qpc/wire"
import { ClientError } from "../client-error.ts"
import { configure, emptyLog, isDatabaseError, openDatabase } from "./database.ts"
import type { Database } from "./database.ts"
import { MIGRATIONS, SCHEMA_VERSION } from "./migrations.ts"
import { corruptStore, inUse, storeError } from "./sqlite-errors.ts"
import { SqliteStore } from "./sqlite-store.ts"
import { DEFAULT_STRETCHING, STORE_KEY_BYTES, unwrapStoreKey, wrapStoreKey } from "./store-key.ts"
import type { StretchingCost } from "./store-key.ts"

const LOCK_FILE = "profile.lock"
const KEY_FILE = "store.key"
const NEW_KEY_FILE = "store.key.new"
const DATABASE_FILE = "store.db"
/** "qpcs", so that `file` and our own later selves recognise it. */
const APPLICATION_ID = 0x71706373
/** Far above any header; a longer file is not one of ours and is not read into memory. */
const KEY_FILE_MAX_BYTES = 4096

/** Where a profile lies and what opens it. */
export interface SqliteStoreOptions {
  /** Made with mode 0700 if it is missing. */
  readonly folder: string
  /** Chosen by the first caller, asked of all later ones. */
  readonly password: string
  /** Default: the operating system's. */
  readonly random?: Random
  /** What a new profile's password costs; an existing one keeps its own. Default 64 MiB, 3 passes. */
  readonly stretching?: StretchingCost
  /** What the database may grow to; beyond it a commit fails with `store_full`. Default: the disk. */
  readonly maxSizeBytes?: number
}

/** True if a profile was made here before, so that its password is asked and not chosen. */
export function hasSqliteStore(folder: string): boolean {
  return existsSync(join(folder, KEY_FILE))
}

/**
 * Opens the profile in `folder`, or makes one: SQLite, every page encrypted and authenticated (AEGIS-256) under a random
 * key that only the password unwraps, write-ahead log with `synchronous=FULL`, files of mode 0600. What was deleted is gone
 * from the files within 64 commits, and when the store is closed.
 *
 * The profile is ours until the store is closed or the process ends, however it ends. Blocks for the tenth of a second
 * that stretching the password takes.
 *
 * @throws ClientError `store_in_use`, `store_wrong_password`, `store_corrupt`, `store_newer`, `store_full`, `store_io`
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const { folder } = options
  let lock: Database | undefined
  let database: Database | undefined
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    lock = takeLock(join(folder, LOCK_FILE))
    const isNew = !hasSqliteStore(folder)
    using key = isNew ? makeKey(options) : readKey(options)
    database = openEncrypted(join(folder, DATABASE_FILE), key)
    migrate(database, join(folder, DATABASE_FILE))
    emptyLog(database)
    limitSize(database, options.maxSizeBytes)
    if (isNew) publishKey(folder)
    return new SqliteStore(database, lock, join(folder, DATABASE_FILE))
  } catch (error) {
    database?.close()
    lock?.close()
    throw storeError(error, folder) ?? error
  }
}

/** A lock of the operating system, so that a killed process leaves none behind. */
function takeLock(path: string): Database {
  ownFile(path)
  const lock = openDatabase(path)
  try {
    lock.exec("BEGIN EXCLUSIVE")
    return lock
  } catch (error) {
    lock.close()
    throw isDatabaseError(error) && error.code.startsWith("SQLITE_BUSY") ? inUse(path, error) : error
  }
}

function readKey({ folder, password }: SqliteStoreOptions): Secret {
  const path = join(folder, KEY_FILE)
  if (!existsSync(join(folder, DATABASE_FILE))) throw corruptStore(`${join(folder, DATABASE_FILE)} is missing`)
  if (statSync(path).size > KEY_FILE_MAX_BYTES) throw corruptStore(`${path} is not a key file`)
  try {
    const key = unwrapStoreKey(readFileSync(path), password)
    if (key !== "wrong_password") return key
  } catch (error) {
    if (error instanceof DecodeError) throw corruptStore(`${path} is damaged`, error)
    throw error
  }
  const nextStep = "Try again; without the password nobody can open this profile."
  throw new ClientError("store_wrong_password", "that is not the password of this profile", { nextStep })
}

/**
 * The key is on disk before the database that needs it, under a name that says "unfinished": whoever is killed between
 * here and {@link publishKey} has handed nothing to anybody, and the next start begins afresh.
 */
function makeKey({ folder, password, random = nodeRandom, stretching }: SqliteStoreOptions): Secret {
  const unfinished = join(folder, NEW_KEY_FILE)
  const database = join(folder, DATABASE_FILE)
  if (existsSync(database) && !existsSync(unfinished)) throw corruptStore(`${join(folder, KEY_FILE)} is missing`)
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(database + suffix, { force: true })
  rmSync(unfinished, { force: true })
  const key = new Secret(random(STORE_KEY_BYTES))
  const file = openSync(unfinished, "wx", 0o600)
  try {
    writeSync(file, wrapStoreKey(key, password, random, stretching ?? DEFAULT_STRETCHING))
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  return key
}

function publishKey(folder: string): void {
  renameSync(join(folder, NEW_KEY_FILE), join(folder, KEY_FILE))
  if (process.platform === "win32") return // There a folder cannot be opened, and renaming is durable by itself.
  const handle = openSync(folder, "r")
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

function openEncrypted(path: string, key: Secret): Database {
  ownFile(path)
  const database = openDatabase(path)
  try {
    database.pragma("cipher = 'aegis'")
    key.expose((bytes) => applyKey(database, bytes))
    configure(database)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Hands the key over in a buffer that can be zeroed, which the text of a PRAGMA could not. */
function applyKey(database: Database, key: Uint8Array): void {
  const digits = "0123456789abcdef"
  const form = Buffer.alloc(4 + 2 * key.length)
  form.write("raw:", "ascii")
  key.forEach((byte, i) => {
    form[4 + 2 * i] = digits.charCodeAt(byte >> 4)
    form[5 + 2 * i] = digits.charCodeAt(byte & 15)
  })
  database.key(form)
  form.fill(0)
}

/** @throws ClientError `store_newer` */
function migrate(database: Database, path: string): void {
  const version = Number(database.pragma("user_version", { simple: true }))
  const application = Number(database.pragma("application_id", { simple: true }))
  if (version > 0 && application !== APPLICATION_ID) throw corruptStore(`${path} belongs to another program`)
  if (version > SCHEMA_VERSION) {
    const what = `this profile was written by a newer qpc (format ${version}, we know ${SCHEMA_VERSION})`
    throw new ClientError("store_newer", what, { nextStep: "Update qpc." })
  }
  for (const step of MIGRATIONS.slice(version)) {
    database.transaction(() => {
      for (const statement of step.sql) database.exec(statement)
      database.pragma(`application_id = ${APPLICATION_ID}`)
      database.pragma(`user_version = ${step.version}`)
    })()
  }
}

function limitSize(database: Database, maxSizeBytes: number | undefined): void {
  if (maxSizeBytes === undefined) return
  const pageBytes = Number(database.pragma("page_size", { simple: true }))
  database.pragma(`max_page_count = ${Math.max(1, Math.floor(maxSizeBytes / pageBytes))}`)
}

/** Makes the file ours alone before SQLite opens it; its journals inherit the mode. */
function ownFile(path: string): void {
  closeSync(openSync(path, "a", 0o600))
  chmodSync(path, 0o600)
}
