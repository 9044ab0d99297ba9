import { spawn } from "node:child_process"
import { readFileSync, statSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { temporaryStore } from "../../testing/temporary-store.ts"
import type { TemporaryStore } from "../../testing/temporary-store.ts"
import { account, batch, bytes, commit, headOf, identity, LIMITS, START_MS } from "../conformance/fixtures.ts"
import type { Storage } from "../storage.ts"
import { openDatabase } from "./database.ts"
import { MIGRATIONS, migrate } from "./migrations.ts"
import { openSqliteStorage } from "./sqlite-storage.ts"
import type { SqliteStorageOptions } from "./sqlite-storage.ts"

const RANGE = { afterSeq: 0, limit: 1_000_000, limitBytes: 1e12, nowMs: START_MS }

async function pair(storage: Storage): Promise<void> {
  for (const n of [1, 2]) await storage.createAccount(account(n))
  await storage.enqueue(commit(255, { epoch: 0, members: [1], after: [1, 2] }), LIMITS)
}

const opened = async (options: SqliteStorageOptions): Promise<Storage> => openSqliteStorage(options)

/** A store with two messages in it, closed. */
async function filled(place: TemporaryStore): Promise<void> {
  await using storage = await opened(place.options)
  await pair(storage)
  for (const n of [1, 2]) await storage.enqueue(batch(n), LIMITS)
}

/** 20 000 bytes for member 2. */
const large = (n: number) =>
  batch(n, { deliveries: [{ recipients: [identity(2)], payload: new Uint8Array(20_000).fill(n) }] })

const opening = (place: TemporaryStore, change: object = {}) => {
  const storage = openSqliteStorage({ ...place.options, ...change })
  return storage[Symbol.asyncDispose]()
}

describe("a store that is opened again", () => {
  it("holds what was acknowledged, and knows repeats and claims", async () => {
    using place = temporaryStore()
    await filled(place)
    await using storage = await opened(place.options)
    expect((await storage.peek(identity(2), RANGE)).envelopes.map(({ seq }) => seq)).toEqual([1, 2])
    expect(await storage.enqueue(batch(2), LIMITS)).toMatchObject({ kind: "accepted", duplicate: true, firstSeq: 2 })
    expect(await storage.enqueue(commit(9, { epoch: 0, members: [1], after: [1] }), LIMITS)).toMatchObject({
      kind: "epoch_conflict",
      currentEpoch: 1,
    })
  })

  it("refuses another key, and says so", async () => {
    using place = temporaryStore()
    await filled(place)
    const key = new Uint8Array(32).fill(1)
    expect(() => opening(place, { key })).toThrow(expect.objectContaining({ code: "wrong_key", retryable: false }))
    expect(() => opening(place, { key })).toThrow(place.options.file)
    await opening(place)
  })

  it("refuses a second process's, or a second, opening", async () => {
    using place = temporaryStore()
    await using storage = await opened(place.options)
    await pair(storage)
    expect(() => opening(place)).toThrow(expect.objectContaining({ code: "busy" }))
  })

  it.each([
    ["its first page", 100],
    ["a later page", 5 * 4096 + 77],
    ["its last page", -9],
  ])("notices damage in %s", async (_, position) => {
    using place = temporaryStore()
    await filled(place)
    const { file } = place.options
    const content = readFileSync(file)
    const at = position < 0 ? content.length + position : position
    content.writeUInt8(content.readUInt8(at) ^ 0x10, at)
    writeFileSync(file, content)
    expect(() => opening(place)).toThrow(expect.objectContaining({ code: "corrupt" }))
  })

  it("refuses a file that is something else, or was cut", async () => {
    using place = temporaryStore()
    await filled(place)
    const { file } = place.options
    writeFileSync(file, readFileSync(file).subarray(0, 3 * 4096))
    expect(() => opening(place)).toThrow(expect.objectContaining({ code: "corrupt" }))
    writeFileSync(file, "a shopping list\n".repeat(1000))
    expect(() => opening(place)).toThrow(expect.objectContaining({ code: "corrupt" }))
  })

  it("counts the bytes of a store that an earlier release has written", async () => {
    using place = temporaryStore()
    await filled(place)
    const db = openDatabase(place.options)
    db.exec(`ALTER TABLE inboxes DROP COLUMN queued_bytes; DROP TABLE last_resort_key_packages;
      DROP INDEX accepted_messages_waiting; ALTER TABLE accepted_messages DROP COLUMN waiting;
      ALTER TABLE channels DROP COLUMN head_hash; ALTER TABLE channels DROP COLUMN head_signature;
      ALTER TABLE channels DROP COLUMN head_at_ms; ALTER TABLE channels DROP COLUMN log_bytes; ALTER TABLE inboxes DROP COLUMN commits_left_out;
      DROP TABLE devices; DROP TABLE channel_former_members;
      DROP INDEX key_packages_in_stock; ALTER TABLE key_packages DROP COLUMN suite;
      CREATE INDEX key_packages_in_stock ON key_packages (account, id) WHERE data IS NOT NULL;
      DELETE FROM migrations WHERE version >= 2`)
    db.close()
    await using storage = await opened(place.options)
    const limits = { ...LIMITS, queueBytes: 3 }
    // Two messages of one byte are there.
    expect(await storage.enqueue(batch(3), limits)).toMatchObject({ kind: "accepted" })
    expect(await storage.enqueue(batch(4), limits)).toMatchObject({ kind: "inbox_full" })
  })

  it("takes the key packages of an earlier release for those of the first cipher suite", async () => {
    using place = temporaryStore()
    await filled(place)
    const db = openDatabase(place.options)
    db.exec(`DROP INDEX key_packages_in_stock; ALTER TABLE key_packages DROP COLUMN suite;
      CREATE INDEX key_packages_in_stock ON key_packages (account, id) WHERE data IS NOT NULL;
      DROP TABLE last_resort_key_packages;
      CREATE TABLE last_resort_key_packages (account INTEGER PRIMARY KEY REFERENCES accounts (id), data BLOB NOT NULL,
        expires_at_ms INTEGER NOT NULL, uses INTEGER NOT NULL) STRICT;
      INSERT INTO key_packages (account, hash, data, expires_at_ms) SELECT id, x'01', x'01', ${2 * START_MS} FROM accounts;
      INSERT INTO last_resort_key_packages SELECT id, x'02', ${2 * START_MS}, 5 FROM accounts;
      DELETE FROM migrations WHERE version >= 8`)
    db.close()
    await using storage = await opened(place.options)
    expect(await storage.lastResort(identity(1), START_MS)).toMatchObject({ uses: 5 })
    expect(await storage.takeKeyPackage(identity(1), START_MS, 3)).toBeUndefined()
    expect(await storage.takeKeyPackage(identity(1), START_MS)).toEqual({ data: bytes(1), isLastResort: false })
    expect(await storage.takeKeyPackage(identity(1), START_MS)).toEqual({ data: bytes(2), isLastResort: true })
  })

  it("begins the heads of a channel that an earlier release has left without", async () => {
    using place = temporaryStore()
    await filled(place)
    const db = openDatabase(place.options)
    db.exec("UPDATE channels SET head_hash = NULL, head_signature = NULL, head_at_ms = NULL")
    db.close()
    await using storage = await opened(place.options)
    const late = commit(5, { epoch: 0, members: [1], after: [1, 2] })
    expect(await storage.enqueue(late, LIMITS)).not.toHaveProperty("head")
    const next = commit(6, { epoch: 1, members: [1], after: [1, 2] })
    expect(await storage.enqueue(next, LIMITS)).toMatchObject({ position: { epoch: 2, head: headOf(6) } })
  })

  it("refuses a store of a newer release", async () => {
    using place = temporaryStore()
    const db = openDatabase(place.options)
    migrate(db, "store", [...MIGRATIONS, { version: MIGRATIONS.length + 1, name: "later", sql: "SELECT 1" }])
    db.close()
    expect(() => opening(place)).toThrow(expect.objectContaining({ code: "newer_schema" }))
  })

  it("says which file cannot be written", () => {
    using place = temporaryStore()
    const file = "/proc/nothing/store.db"
    expect(() => opening(place, { file })).toThrow(expect.objectContaining({ code: "io" }))
  })

  it("is readable by its owner only", async () => {
    using place = temporaryStore()
    await filled(place)
    expect(statSync(place.options.file).mode & 0o077).toBe(0)
    expect(statSync(`${place.options.file}.check`).mode & 0o077).toBe(0)
  })
})

describe("a store without space", () => {
  it("acknowledges nothing, keeps answering reads, and recovers when there is space again", async () => {
    using place = temporaryStore()
    await using storage = await opened({ ...place.options, sizeLimitBytes: 200 * 1024 })
    await pair(storage)
    const limits = { ...LIMITS, queueDepth: 1000 }
    const accepted: number[] = []
    const fill = async (): Promise<void> => {
      for (let n = 1; n < 100; n++) {
        await storage.enqueue(large(n), limits)
        accepted.push(n)
      }
    }
    await expect(fill()).rejects.toMatchObject({ name: "StorageError", code: "full", retryable: true })
    const waiting = (await storage.peek(identity(2), RANGE)).envelopes
    expect(waiting.map(({ payload }) => payload[0])).toEqual(accepted)

    expect(await storage.acknowledge(identity(2), accepted.length, START_MS)).toBe(0)
    const next = accepted.length + 1
    expect(await storage.enqueue(large(next), limits)).toMatchObject({ kind: "accepted", firstSeq: next })
  })

  it("loses nobody's write to a neighbour that does not fit", async () => {
    using place = temporaryStore()
    await using storage = await opened({ ...place.options, sizeLimitBytes: 400 * 1024 })
    await pair(storage)
    const huge = batch(1, { deliveries: [{ recipients: [identity(2)], payload: new Uint8Array(500_000) }] })
    const settled = await Promise.allSettled([storage.enqueue(huge, LIMITS), storage.enqueue(batch(2), LIMITS)])
    const kept = (await storage.peek(identity(2), RANGE)).envelopes.map(({ payload }) => payload)
    expect(settled[0]).toMatchObject({ status: "rejected", reason: { code: "full" } })
    expect(kept).toEqual(settled[1].status === "fulfilled" ? [bytes(2)] : [])
  })
})

describe("a store whose process is killed", () => {
  const CHILD = fileURLToPath(new URL("../../testing/enqueue-forever.ts", import.meta.url))
  const KILLS = 30

  /** Runs the child until it has acknowledged `count` messages. @returns what it acknowledged, perhaps more */
  async function runAndKill(file: string, start: number, count: number): Promise<number[]> {
    const child = spawn(process.execPath, ["--conditions=@qpc/source", CHILD, file, String(start)])
    let output = ""
    let complaint = ""
    child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()))
    for await (const chunk of child.stdout) {
      output += String(chunk)
      if (!child.killed && output.split("\n").length > count) child.kill("SIGKILL")
    }
    if (!child.killed) throw new Error(`the child ended by itself: ${complaint}`)
    // A line that was cut is a number that was not acknowledged in full.
    return output.split("\n").slice(0, -1).map(Number)
  }

  it(`has every acknowledged message exactly once after each of ${KILLS} kills`, { timeout: 120_000 }, async () => {
    using place = temporaryStore()
    const acknowledged = new Set<number>()
    for (let kill = 0; kill < KILLS; kill++) {
      const start = 1 + kill * 1_000_000
      for (const n of await runAndKill(place.options.file, start, 1 + ((37 * kill) % 300))) acknowledged.add(n)
    }
    await using storage = await opened(place.options)
    const stored = (await storage.peek(identity(2), RANGE)).envelopes
    const numbers = stored.map(({ payload }) =>
      Number(new DataView(payload.buffer, payload.byteOffset).getBigUint64(0)),
    )
    expect(acknowledged.size).toBeGreaterThan(KILLS)
    expect(new Set(numbers).size).toBe(numbers.length)
    const found = new Set(numbers)
    expect([...acknowledged].filter((n) => !found.has(n))).toEqual([])
    expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_, index) => index + 1))
  })
})
