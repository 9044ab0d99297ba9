import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { put, remove } from "../store.ts"
import type { Change } from "../store.ts"
import { configure, openDatabase } from "./database.ts"
import type { Database } from "./database.ts"
import { MIGRATIONS } from "./migrations.ts"
import { COMMITS_PER_LOG, SqliteStore } from "./sqlite-store.ts"

const root = mkdtempSync(join(tmpdir(), "qpc-pages-"))
afterAll(() => rmSync(root, { recursive: true }))

const key = (...bytes: readonly number[]): Uint8Array => Uint8Array.from(bytes)
const secret = Uint8Array.from({ length: 32 }, (_, at) => 101 + at)

/** A store like the real one, but not encrypted, so that its pages can be read; with a secret in it. */
async function openPages(name: string, wrap = (database: Database): Database => database) {
  const path = join(root, name)
  const database = wrap(openDatabase(path))
  configure(database)
  for (const { sql } of MIGRATIONS) for (const statement of sql) database.exec(statement)
  const store = new SqliteStore(database, openDatabase(`${path}.lock`), path)
  for (let at = 0; at < 40; at++) await store.commit([put("group_records", key(1, at), new Uint8Array(40).fill(at))])
  await store.commit([put("group_records", key(1, 50), secret)])
  const holdsSecret = (): boolean =>
    [path, `${path}-wal`].some((file) => existsSync(file) && readFileSync(file).includes(secret))
  return { store, holdsSecret }
}

/** An error of the driver. */
function errorOf(database: Database): Error {
  try {
    database.exec("no SQL")
  } catch (error) {
    return error as Error
  }
  throw new Error("unreachable: that was no SQL")
}

/** Commits that have nothing to do with it. */
async function goOn(store: SqliteStore, commits: number): Promise<void> {
  for (let at = 0; at < commits; at++) await store.commit([put("settings", key(1), key(at))])
}

describe("a key that was used", () => {
  it.each<[string, Change]>([
    ["deleted", remove("group_records", key(1, 50))],
    ["overwritten", put("group_records", key(1, 50), key(0))],
    ["overwritten by as much", put("group_records", key(1, 50), new Uint8Array(32))],
  ])("is in no page of the files soon after it was %s", async (how, change) => {
    const { store, holdsSecret } = await openPages(how)
    expect(holdsSecret()).toBe(true)
    await store.commit([change])
    await goOn(store, COMMITS_PER_LOG)
    expect(holdsSecret()).toBe(false)
    await store.close()
  })

  it("is in no page once the store is closed", async () => {
    const { store, holdsSecret } = await openPages("closed")
    await store.commit([remove("group_records", key(1, 50))])
    await store.close()
    expect(holdsSecret()).toBe(false)
  })

  it.each([
    ["SQLITE_FULL", "goes on, and tries again with the next commit", "fulfilled"],
    ["SQLITE_IOERR", "says no more", "store_closed"],
  ])("does not undo a commit that is durable where cleaning up fails with %s: the store %s", async (code, _, next) => {
    let failures = 0
    const failing = (database: Database): Database => {
      const pragma = database.pragma.bind(database)
      database.pragma = (sql, options) => {
        if (!sql.startsWith("wal_checkpoint") || failures > 0) return pragma(sql, options)
        failures++
        throw Object.assign(errorOf(database), { code })
      }
      return database
    }
    const { store, holdsSecret } = await openPages(code, failing)
    await store.commit([remove("group_records", key(1, 50))])
    await goOn(store, COMMITS_PER_LOG - 42)
    expect(failures).toBe(1)
    const outcome = await goOn(store, 1).then(
      () => "fulfilled",
      (error: unknown) => (error as { readonly code: string }).code,
    )
    expect(outcome).toBe(next)
    expect(holdsSecret()).toBe(next !== "fulfilled")
    await store.close()
  })

  it("comes through where it is still needed", async () => {
    const { store, holdsSecret } = await openPages("needed")
    await goOn(store, COMMITS_PER_LOG)
    expect(await store.get("group_records", key(1, 50))).toEqual(secret)
    expect(holdsSecret()).toBe(true)
    await store.close()
  })
})
