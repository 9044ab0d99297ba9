import { randomBytes } from "node:crypto"
import { accessSync, closeSync, constants, existsSync, fsyncSync, mkdirSync, openSync, readFileSync } from "node:fs"
import { renameSync, rmSync, writeSync } from "node:fs"
import { dirname, join } from "node:path"
import { argon2id } from "@qpc/crypto/node"
import { fromHex, toHex, toUtf8 } from "@qpc/wire"
import { checkStrong } from "./config/configuration.ts"
import type { Configuration } from "./config/configuration.ts"
import { StartError } from "./exit-code.ts"
import { STORE_KEY_BYTES } from "./storage/sqlite/database.ts"

/** Where a server keeps what it keeps. */
export interface DataDirectory {
  readonly storeFile: string
  readonly madeKeyFile: string
  readonly saltFile: string
  readonly certificateFile: string
  readonly privateKeyFile: string
}

/** 64 MiB, 3 passes: 0.1 s once per start. */
const PASSPHRASE_COST = { memoryKiB: 64 * 1024, passes: 3, parallelism: 1, lengthBytes: STORE_KEY_BYTES }
const SALT_BYTES = 16

/** Makes the directory, readable by nobody else, or checks it. @throws StartError `disk` */
export function openDataDirectory(path: string): DataDirectory {
  onDisk(path, "use the data directory", () => {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  })
  return {
    storeFile: join(path, "qpc-server.db"),
    madeKeyFile: join(path, "db.key"),
    saltFile: join(path, "db.salt"),
    certificateFile: join(path, "server.crt"),
    privateKeyFile: join(path, "server.key"),
  }
}

/**
 * The key of the store: given, from a file, or made at the first start. 64 hexadecimal digits are the key itself,
 * anything else is a passphrase.
 *
 * @returns 32 bytes, the caller's to zero.
 * @throws StartError `disk`, `config`
 */
export function loadStoreKey(
  directory: DataDirectory,
  { dbKey, dbKeyFile, production }: Pick<Configuration, "dbKey" | "dbKeyFile" | "production">,
): Uint8Array {
  if (dbKey !== "") return deriveKey(dbKey, directory)
  const file = dbKeyFile === "" ? directory.madeKeyFile : dbKeyFile
  if (dbKeyFile === "" && !existsSync(file)) {
    refuseIfStoreExists(directory, file)
    writeDurably(file, `${toHex(randomBytes(STORE_KEY_BYTES))}\n`, 0o600)
  }
  const secret = onDisk(file, "read the database key", () => readFileSync(file, "utf8").trim())
  if (secret === "") throw new StartError("config", `${file} holds no database key: put one in, or delete the file`)
  if (production) checkStrong(secret, file)
  return deriveKey(secret, directory)
}

/** Writes a file that is there whole after a crash, or not at all. @throws StartError `disk` */
export function writeDurably(file: string, text: string, mode: number): void {
  onDisk(file, "write", () => {
    const fresh = `${file}.new`
    // Made anew: what an interrupted start left, or a link of somebody else's, has modes and places of its own.
    rmSync(fresh, { force: true })
    const descriptor = openSync(fresh, "wx", mode)
    writeSync(descriptor, text)
    fsyncSync(descriptor)
    closeSync(descriptor)
    renameSync(fresh, file)
    const parent = openSync(dirname(file), "r")
    fsyncSync(parent)
    closeSync(parent)
  })
}

/** @throws StartError `disk` with the path and the system's code, for whatever the file system says no to */
export function onDisk<T>(path: string, purpose: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") throw error
    throw new StartError("disk", `cannot ${purpose} ${path} (${error.code}): check the path and its permissions`, {
      cause: error,
    })
  }
}

/** A new key could not open what an old one has closed. */
function refuseIfStoreExists({ storeFile }: DataDirectory, missing: string): void {
  if (!existsSync(storeFile)) return
  throw new StartError(
    "store",
    `${missing} is missing, and ${storeFile} cannot be opened without: restore it from a backup`,
  )
}

function deriveKey(secret: string, directory: DataDirectory): Uint8Array {
  if (/^[0-9a-fA-F]{64}$/.test(secret)) return fromHex(secret)
  const { saltFile } = directory
  if (!existsSync(saltFile)) {
    refuseIfStoreExists(directory, saltFile)
    writeDurably(saltFile, `${toHex(randomBytes(SALT_BYTES))}\n`, 0o600)
  }
  const text = onDisk(saltFile, "read", () => readFileSync(saltFile, "utf8").trim())
  if (!/^[0-9a-f]{32}$/.test(text)) throw new StartError("store", `${saltFile} is damaged: restore it from a backup`)
  return argon2id(toUtf8(secret), fromHex(text), PASSPHRASE_COST)
}
