import { concatBytes, fromHex, toHex, toUtf8 } from "@qpc/wire"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import type { Client } from "./api.ts"
import { MemoryStore, newMemoryDisk } from "./memory-store.ts"
import { MIGRATIONS } from "./node/migrations.ts"
import { openSqliteStore } from "./node/open-sqlite-store.ts"
import { put } from "./store.ts"
import type { Change, Collection, Row, Store } from "./store.ts"
import { FakeServer } from "./testing/fake-server.ts"
import { FaultyStore } from "./testing/faulty-store.ts"
import { openPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

interface OldProfile {
  readonly groups: Readonly<Record<string, readonly string[]>>
  readonly collections: Readonly<Record<string, Readonly<Record<string, string>>>>
}

const stored = new URL("testing/fixtures/profile-v1.json", import.meta.url)
const profile = JSON.parse(readFileSync(stored, "utf8")) as OldProfile
const root = mkdtempSync(join(tmpdir(), "qpc-upgrade-"))
afterAll(() => rmSync(root, { recursive: true }))

/** Everything that was in the profile of the first format. */
const content: Change[] = Object.entries(profile.collections).flatMap(([collection, rows]) =>
  Object.entries(rows).map(([key, value]) => put(collection as Collection, fromHex(key), fromHex(value))),
)

async function oldMemoryStore(): Promise<FaultyStore> {
  const store = new MemoryStore(newMemoryDisk())
  await store.commit(content)
  return new FaultyStore(store)
}

async function historiesOf(client: Client): Promise<Record<string, string[]>> {
  const histories: Record<string, string[]> = {}
  for (const conversation of client.conversations()) {
    histories[conversation.name] = (await conversation.history()).map(({ text }) => text)
  }
  return histories
}

async function open(store: Store): Promise<Client> {
  return (await openPerson(new FakeServer(), new TestClock(), undefined, { store })).client
}

describe("a profile of the first format", () => {
  it("opens with all its groups, which are records from then on", async () => {
    const store = await oldMemoryStore()
    const client = await open(store)
    expect(await historiesOf(client)).toEqual(profile.groups)
    expect(await store.list("members")).toEqual([])
    const groups = new Set((await store.list("group_records")).map(({ key }) => toHex(key.subarray(0, 16))))
    expect(groups).toEqual(new Set(Object.keys(profile.collections["members"]!)))
    await client.conversation("friends").send("still here")
    expect((await historiesOf(client))["friends"]).toEqual([...profile.groups["friends"]!, "still here"])
  })

  it("opens again afterwards as it was", async () => {
    const store = await oldMemoryStore()
    await open(store)
    const records = await store.list("group_records")
    expect(await historiesOf(await open(store))).toEqual(profile.groups)
    expect(await store.list("group_records")).toEqual(records)
  })

  it.each([false, true])(
    "is upgraded as a whole or not at all by a process that is killed (kept: %s)",
    async (keepsLast) => {
      const disk = newMemoryDisk()
      const whole = new MemoryStore(disk)
      await whole.commit(content)
      const dying = new FaultyStore(whole)
      dying.crashAfter(0, { keepsLast })
      await expect(open(dying)).rejects.toMatchObject({ code: "store_io" })
      expect((await whole.list("members")).length).toBe(keepsLast ? 0 : 2)
      expect((await whole.list("group_records")).length > 0).toBe(keepsLast)
      expect(await historiesOf(await open(whole))).toEqual(profile.groups)
    },
  )

  it("opens without a group of it that is damaged, which stays as it was", async () => {
    const store = await oldMemoryStore()
    const [, row] = await store.list("members")
    const damaged = concatBytes(row!.value, Uint8Array.of(0))
    await store.commit([put("members", row!.key, damaged)])
    const client = await open(store)
    expect(client.damagedGroups()).toMatchObject([{ id: row!.key, damage: "record_damaged" }])
    expect(client.conversations()).toHaveLength(1)
    expect(await store.list("members")).toEqual([{ key: row!.key, value: damaged }])
  })

  it("has nothing left of another state of the same group, which would not fit", async () => {
    const store = await oldMemoryStore()
    const [{ key: groupId }] = (await store.list("members")) as [Row]
    await store.commit([put("group_records", concatBytes(groupId, toUtf8("stray")), Uint8Array.of(1))])
    expect(await historiesOf(await open(store))).toEqual(profile.groups)
  })

  it("asks for newer software where newer software wrote one of its groups", async () => {
    const store = await oldMemoryStore()
    await open(store)
    const record = (await store.list("group_records")).find(
      ({ key }) => toHex(key.subarray(16)) === toHex(toUtf8("member")),
    )
    await store.commit([put("group_records", record!.key, record!.value.with(0, 9))])
    const client = await open(store)
    expect(client.damagedGroups()).toMatchObject([{ damage: "format_newer" }])
    expect(client.conversations()).toHaveLength(1)
  })

  it("opens from an encrypted database too", async () => {
    const folder = join(root, "sqlite")
    const options = { folder, password: "p", stretching: { memoryKiB: 64, passes: 1, parallelism: 1 } }
    const later = (MIGRATIONS as (typeof MIGRATIONS)[number][]).splice(1)
    const old = await openSqliteStore(options)
    await old.commit(content)
    await old.close()
    ;(MIGRATIONS as (typeof MIGRATIONS)[number][]).push(...later)
    await using store = await openSqliteStore(options)
    expect(await historiesOf(await open(store))).toEqual(profile.groups)
    expect(await store.list("members")).toEqual([])
  })
})
