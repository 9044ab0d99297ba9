import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { MemoryStorage, openSqliteStorage } from "@qpc/server"
import type { Storage } from "@qpc/server"

/** The storages that a server may stand on. */
export const STORAGES = ["memory", "SQLite"] as const
export type StorageName = (typeof STORAGES)[number]

/** Lends an empty storage for one use; nothing of it is left afterwards. */
export async function withStorage<T>(name: StorageName, use: (storage: Storage) => Promise<T>): Promise<T> {
  if (name === "memory") return use(new MemoryStorage())
  // What is checked survives processes, not power cuts: in memory, where the system has such a place.
  const directory = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "qpc-linearizability-"))
  try {
    await using storage = openSqliteStorage({ file: join(directory, "store.db"), key: new Uint8Array(32).fill(1) })
    return await use(storage)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
