import { describe, it } from "vitest"
import { MemoryStorage } from "../memory-storage.ts"
import { storageCases } from "../conformance/index.ts"
import { openSqliteStorage } from "./sqlite-storage.ts"
import { temporaryStore } from "../../testing/temporary-store.ts"

describe("the SQLite store", () => {
  it.each(storageCases)("$name", async ({ run }) => {
    using place = temporaryStore()
    await using storage = openSqliteStorage(place.options)
    await run(storage)
  })
})

describe("the model of a store", () => {
  it.each(storageCases)("$name", async ({ run }) => {
    await run(new MemoryStorage())
  })
})
