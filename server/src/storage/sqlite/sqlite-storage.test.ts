import { describe, it } from "vitest"
import { MemoryStorage } from "../memory-storage.ts"
import { storageCases } from "../conformance/index.ts"
import type { Storage } from "../storage.ts"
import { openSqliteStorage } from "./sqlite-storage.ts"
import type { SqliteStorageOptions } from "./sqlite-storage.ts"
import { temporaryStore } from "../../testing/temporary-store.ts"

const opened = async (options: SqliteStorageOptions): Promise<Storage> => openSqliteStorage(options)

describe("the SQLite store", () => {
  it.each(storageCases)("$name", async ({ run }) => {
    using place = temporaryStore()
    await using storage = await opened(place.options)
    await run(storage)
  })
})

describe("the model of a store", () => {
  it.each(storageCases)("$name", async ({ run }) => {
    await run(new MemoryStorage())
  })
})
