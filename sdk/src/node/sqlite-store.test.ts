import { spawn } from "node:child_process"
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, it } from "vitest"
import { testStore } from "../conformance/store.ts"
import { COLLECTIONS, put } from "../store.ts"
import { hasSqliteStore, openSqliteStore } from "./open-sqlite-store.ts"
import type { Store } from "../store.ts"

const root = mkdtempSync(join(tmpdir(), "qpc-store-"))
afterAll(() => rmSync(root, { recursive: true }))

/** Commits row after row and says how many are acknowledged, until it is killed. */
const child = fileURLToPath(new URL("../conformance/writing-child.ts", import.meta.url))

let folders = 0
const newFolder = (): string => join(root, String(folders++))
/** Cheap, because what it protects here is nothing. */
const stretching = { memoryKiB: 64, passes: 1, parallelism: 1 }
const open = (folder: string, password = "correct"): Promise<Store> => openSqliteStore({ folder, password, stretching })
const key = (...bytes: readonly number[]): Uint8Array => Uint8Array.from(bytes)

async function withStore<T>(opening: Promise<Store>, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await opening
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

const readAll = (store: Store) => Promise.all(COLLECTIONS.map((name) => store.list(name)))

const filled = (folder: string): Promise<void> =>
  withStore(open(folder), (store) => store.commit([put("messages", key(1), Buffer.from("a very readable sentence"))]))

testStore("sqlite store", async (place = newFolder()) => ({ store: await open(place as string), place }))

describe("opening a profile", () => {
  it("refuses another password and says so", async () => {
    const folder = newFolder()
    expect(hasSqliteStore(folder)).toBe(false)
    await filled(folder)
    expect(hasSqliteStore(folder)).toBe(true)
    await expect(open(folder, "wrong")).rejects.toMatchObject({ code: "store_wrong_password" })
    expect(await withStore(open(folder), (store) => store.get("messages", key(1)))).toBeDefined()
  })

  it("takes one password typed in two ways as one", async () => {
    const folder = newFolder()
    await (await open(folder, "Zu\u0308rich")).close()
    await (await open(folder, "Z\u00fcrich")).close()
  })

  it("keeps a second opener out, until the first is done", async () => {
    const folder = newFolder()
    const first = await open(folder)
    await expect(open(folder)).rejects.toMatchObject({ code: "store_in_use", nextStep: /Close the other qpc/ })
    await first.close()
    await (await open(folder)).close()
  })

  it("is free again after its process was killed, with every commit that was acknowledged", async () => {
    const folder = newFolder()
    const writer = spawn(process.execPath, ["--conditions=@qpc/source", child, folder])
    let written = 0
    for await (const line of writer.stdout) {
      written = Number(String(line).trim().split("\n").at(-1))
      if (written >= 20) break
    }
    const ended = new Promise((resolve) => writer.once("exit", resolve))
    writer.kill("SIGKILL")
    await ended
    const rows = await withStore(open(folder), (store) => store.list("messages"))
    expect(rows.length).toBeGreaterThanOrEqual(written)
    expect(rows.map((row) => row.key[0])).toEqual(rows.map((_, i) => i))
  })

  it("gives nobody else a look at its files, nor a sentence to find in them", async () => {
    const folder = newFolder()
    const store = await open(folder)
    await store.commit([put("messages", key(1), Buffer.from("a very readable sentence"))])
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    for (const file of readdirSync(folder)) {
      expect([file, statSync(join(folder, file)).mode & 0o777]).toEqual([file, 0o600])
      expect(readFileSync(join(folder, file)).includes("readable")).toBe(false)
    }
    await store.close()
  })
})

describe("a damaged profile", () => {
  it.each([0, 20, 30, 40, 60, 100])("is refused when byte %i of the key file changed", async (at) => {
    const folder = newFolder()
    await filled(folder)
    const bytes = readFileSync(join(folder, "store.key"))
    bytes[at]! ^= 1
    writeFileSync(join(folder, "store.key"), bytes)
    await expect(open(folder)).rejects.toMatchObject({ code: /store_(wrong_password|corrupt)/ })
  })

  it.each([30, 100, 5000])("is refused when byte %i of the database changed", async (at) => {
    const folder = newFolder()
    await filled(folder)
    const bytes = readFileSync(join(folder, "store.db"))
    bytes[at]! ^= 1
    writeFileSync(join(folder, "store.db"), bytes)
    await expect(withStore(open(folder), readAll)).rejects.toMatchObject({ code: "store_corrupt", nextStep: /backup/ })
  })

  it.each(["store.key", "store.db"])("is refused, and not made anew, when %s is missing", async (file) => {
    const folder = newFolder()
    await filled(folder)
    rmSync(join(folder, file))
    await expect(open(folder)).rejects.toMatchObject({ code: "store_corrupt" })
    expect(existsSync(join(folder, file))).toBe(false)
  })

  it("starts afresh after being killed while it was being made", async () => {
    const folder = newFolder()
    await filled(folder)
    renameSync(join(folder, "store.key"), join(folder, "store.key.new"))
    expect(await withStore(open(folder, "another"), (store) => store.list("messages"))).toEqual([])
  })

  it("is refused when a newer program wrote it", async () => {
    const folder = newFolder()
    const migrations = await import("./migrations.ts")
    await filled(folder)
    const future = { version: migrations.SCHEMA_VERSION + 1, sql: [] }
    const known = migrations.MIGRATIONS as (typeof future)[]
    known.push(future)
    await (await open(folder)).close()
    known.pop()
    await expect(open(folder)).rejects.toMatchObject({ code: "store_newer" })
  })
})

describe("a full disk", () => {
  it("fails the commit, keeps what was there, and goes on when there is room", async () => {
    const folder = newFolder()
    const small = openSqliteStore({ folder, password: "p", stretching, maxSizeBytes: 256 * 1024 })
    await withStore(small, async (store) => {
      await store.commit([put("messages", key(1), new Uint8Array(10_000))])
      const tooMuch = [
        put("messages", key(2), new Uint8Array(1000)),
        put("messages", key(3), new Uint8Array(1_000_000)),
      ]
      await expect(store.commit(tooMuch)).rejects.toMatchObject({ code: "store_full" })
      expect((await store.list("messages")).map((row) => row.key[0])).toEqual([1])
      await store.commit([put("messages", key(4), new Uint8Array(10))])
    })
    await withStore(open(folder, "p"), async (store) => {
      await store.commit([put("messages", key(3), new Uint8Array(1_000_000))])
      expect((await store.list("messages")).map((row) => row.key[0])).toEqual([1, 3, 4])
    })
  })
})
