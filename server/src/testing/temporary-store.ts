import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { DatabaseOptions } from "../storage/sqlite/database.ts"

/** A folder with room for one store; gone at the end of its scope. */
export interface TemporaryStore extends Disposable {
  readonly directory: string
  readonly options: DatabaseOptions
}

export const TEST_KEY: Uint8Array = new Uint8Array(32).fill(0x5a)

/** In memory where the system has such a place: what is tested survives processes, not power cuts. */
export function temporaryStore(): TemporaryStore {
  const directory = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "qpc-server-"))
  return {
    directory,
    options: { file: join(directory, "store.db"), key: TEST_KEY },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  }
}
