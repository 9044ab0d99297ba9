import { concatBytes, fromHex, toHex, toMessageId, toUtf8 } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { Client } from "./api.ts"
import { MemoryStore } from "./memory-store.ts"
import type { MemoryDisk } from "./memory-store.ts"
import { Profile } from "./profile.ts"
import { put, remove } from "./store.ts"
import type { Collection, Row } from "./store.ts"
import { FaultyStore } from "./testing/faulty-store.ts"
import { damagedWorld, damage, names, NOISE, reasons, texts, world } from "./testing/damaged-world.ts"
import type { World } from "./testing/damaged-world.ts"
import { bobIsEntering } from "./testing/entering.ts"
import { openPerson } from "./testing/person.ts"

/** Nothing on the disk says who there is: no contact, no text, no record of this group. */
async function forgetPeople({ collections }: MemoryDisk, known: GroupId): Promise<void> {
  const store = new MemoryStore({ collections })
  const rows = await store.list("group_records", { prefix: known })
  await store.commit(rows.map(({ key }) => remove("group_records", key)))
  for (const name of ["contacts", "messages"] as const) collections.get(name)!.clear()
}

/** Bob has sealed a text and wants another name for "two", both without a network; then a record of it is damaged. */
async function wantingWorld() {
  const all = await world()
  const { clock, server, bob, two, done, away, reopen } = all
  await done(two, two.setRole("bob", "admin"))
  await clock.during(bob.client.sync())
  await away()
  server.isUp = false
  const offline = await reopen()
  await clock.during(offline.conversation("two").send("sealed"))
  const { id } = await clock.during(offline.conversation("two").rename("by bob"))
  await clock.during(offline.close())
  await damage(bob.disk, two.id)
  const wish = () => new Profile(new MemoryStore(bob.disk)).sent(toMessageId(fromHex(id.replaceAll("-", ""))))
  return { ...all, wish }
}

const states = async ({ clock }: World, client: Client): Promise<string[]> =>
  (await clock.during(client.diagnose())).findings.map(({ state }) => state)
const copyOf = ({ collections }: MemoryDisk): MemoryDisk => ({
  collections: new Map([...collections].map(([name, rows]) => [name, new Map(rows)])),
})
const flipped = (value: Uint8Array): Uint8Array =>
  value.length === 0 ? Uint8Array.of(1) : value.with(value.length >> 1, value[value.length >> 1]! ^ 1)

/** Both write in "one", and read each other. */
async function expectTalk({ clock, one, done }: World, bobs: Client): Promise<void> {
  const own = bobs.conversation("one")
  await done(one, one.send("are you there"))
  await clock.during(bobs.sync({ until: ({ received }) => received.length > 0 }))
  await done(own, own.send("yes"))
  await clock.during(bobs.sync())
  expect(await texts(own)).toEqual(["first in one", "are you there", "yes"])
  expect(await texts(one)).toEqual(["first in one", "are you there", "yes"])
}

describe("a profile with a damaged group", () => {
  it("opens whichever record of the group has a flipped bit, and says which group it is", async () => {
    const { clock, server, bob, two, away } = await world()
    await away()
    const rows = await new MemoryStore(bob.disk).list("group_records", { prefix: two.id })
    expect(rows.length).toBeGreaterThan(20)
    for (const { key, value } of rows) {
      const disk = copyOf(bob.disk)
      await new MemoryStore(disk).commit([put("group_records", key, flipped(value))])
      const { client } = await openPerson(server, clock, disk)
      expect([names(client), client.damagedGroups()[0]?.id], toHex(key)).toEqual([["one"], two.id])
      await clock.during(client.close())
    }
  })

  it.each<[string, Collection, (id: GroupId, rows: readonly Row[]) => Uint8Array]>([
    ["a record of the group", "group_records", (_, [row]) => row!.key],
    ["how far it was read", "settings", (id) => concatBytes(toUtf8("read/"), id)],
    ["where its history goes on", "settings", (id) => concatBytes(toUtf8("next/"), id)],
    ["what of it is missing", "settings", (id) => concatBytes(toUtf8("missing/"), id)],
    ["that it was lost", "settings", (id) => concatBytes(toUtf8("rejoin/"), id)],
    ["which texts are missing", "settings", (id) => concatBytes(toUtf8("gaps/"), id)],
  ])("lets all other groups send and receive; damaged: %s", async (_what, collection, keyOf) => {
    const all = await world()
    const { clock, bob, two, away, reopen } = all
    await away()
    const store = new MemoryStore(bob.disk)
    await store.commit([put(collection, keyOf(two.id, await store.list(collection, { prefix: two.id })), NOISE)])
    const client = await reopen()
    expect(client.damagedGroups()).toMatchObject([{ id: two.id, damage: "record_damaged" }])
    expect(await states(all, client)).toContain("group_damaged")
    await clock.during(client.sync())
    await expectTalk(all, client)
    expect(await reasons(client)).toEqual(["group_damaged"])
    await clock.during(client.damagedGroups()[0]!.giveUp())
    await clock.during(client.sync({ waitMs: 60_000, until: () => client.conversations().length === 2 }))
    expect(names(client).toSorted()).toEqual(["one", "two"])
    expect(await texts(client.conversation("two"))).toEqual(["first in two"])
    expect(await states(all, client)).toEqual(["healthy", "healthy", "healthy"])
  })

  it("does not take the group up again unasked when it can be read the next day", async () => {
    const { clock, bob, two, row, reopen } = await damagedWorld()
    await clock.during((await reopen()).close())
    await new MemoryStore(bob.disk).commit([put("group_records", row.key, row.value)])
    const client = await reopen()
    expect(client.damagedGroups()).toMatchObject([{ id: two.id, damage: "record_damaged" }])
    expect(await reasons(client)).toEqual(["group_damaged"])
    await clock.during(client.damagedGroups()[0]!.giveUp())
    expect(names(client).toSorted()).toEqual(["one", "two"])
    expect(client.damagedGroups()).toEqual([])
  })

  it("shows its history, and refuses what is wanted of it with what to do", async () => {
    const { two, reopen } = await damagedWorld()
    const client = await reopen()
    expect(await texts(client.damagedGroups()[0]!)).toEqual(["first in two"])
    const refusal = { code: "group_damaged", nextStep: expect.stringContaining("qpc doctor --repair --yes") as string }
    expect(() => client.conversation(toHex(two.id).slice(0, 8))).toThrow(expect.objectContaining(refusal))
    expect(() => client.conversation("two")).toThrow(
      expect.objectContaining({
        code: "conversation_unknown",
        nextStep: expect.stringContaining(toHex(two.id).slice(0, 8)) as string,
      }),
    )
  })

  it("takes in what is said there without a word for each, and asks nobody, until a person decides", async () => {
    const all = await damagedWorld()
    const { clock, server, two, done, reopen } = all
    for (const text of ["a", "b"]) await done(two, two.send(text))
    await done(two, two.rename("renamed"))
    const client = await reopen()
    await clock.during(client.sync())
    clock.advance(3_600_000)
    await clock.during(client.sync())
    expect(server.account("bob").inbox).toEqual([])
    expect(await reasons(client)).toEqual(["group_damaged"])
    expect(two.members()).toHaveLength(2)
    expect(await states(all, client)).toEqual(["healthy", "healthy", "group_damaged"])
    expect((await clock.during(client.repair())).after.isHealthy).toBe(false)
  })

  it("lets a person have it repaired: the device is in again with new keys, and says what is missing", async () => {
    const { clock, two, done, reopen } = await damagedWorld()
    await done(two, two.send("lost"))
    const client = await reopen()
    await clock.during(client.sync())
    const { after } = await clock.during(client.repair({ mayLose: true, waitMs: 60_000 }))
    expect(after.findings.every(({ state }) => state !== "group_damaged")).toBe(true)
    await clock.during(client.sync({ waitMs: 60_000, until: () => client.conversations().length === 2 }))
    const own = client.conversation("two")
    expect(own.missing).toMatchObject({ fromEpoch: 0n, toEpoch: own.epoch, isBehindUs: true })
    await done(two, two.send("after"))
    await clock.during(client.sync({ until: ({ received }) => received.length > 0 }))
    await done(own, own.send("hello"))
    expect(await texts(own)).toEqual(["first in two", "after", "hello"])
    expect(await reasons(client)).toEqual(["group_damaged", "rejoined"])
  })

  it("asks nobody about a group that the server does not have it in, and shows what it wrote there", async () => {
    const all = await world()
    const { clock, bob, server, reopen, away } = all
    const alone = await clock.during(bob.client.createGroup("alone"))
    await clock.during(alone.send("a note"))
    await away()
    await damage(bob.disk, alone.id)
    const client = await reopen()
    await clock.during(client.damagedGroups()[0]!.giveUp())
    server.calls.length = 0
    await clock.during(client.sync())
    expect(server.calls).not.toContain("batchEnqueue")
    expect(await states(all, client)).toEqual(["healthy", "healthy", "healthy", "removed"])
    expect(await texts(client.damagedGroups()[0]!)).toEqual(["a note"])
    expect(await reasons(client)).toEqual(["group_damaged"])
  })

  it("looks no second time for what a group still wanted that the server does not have it in", async () => {
    const { clock, bob, server, away } = await world()
    const alone = await clock.during(bob.client.createGroup("alone"))
    await away()
    const store = new MemoryStore(bob.disk)
    const profile = new Profile(store)
    const rejoin = { cause: "group_damaged", isInsisted: true, sinceMs: 0, attempt: 0, nextAtMs: 0 } as const
    await store.commit([
      ...(await profile.forgetMember(alone.id)),
      profile.putRejoin(alone.id, { ...rejoin, stage: { at: "due" } }),
    ])
    const reads: number[] = []
    for (let times = 0; times < 2; times++) {
      const { client, store: own } = await openPerson(server, clock, bob.disk)
      const list = own.list.bind(own)
      let count = 0
      own.list = (collection, range) => {
        if (collection === "sent") count += 1
        return list(collection, range)
      }
      await clock.during(client.sync())
      expect(client.damagedGroups()).toMatchObject([{ damage: "keys_deleted" }])
      await clock.during(client.close())
      reads.push(count)
    }
    expect(reads[1]).toBe(0)
  })

  it("goes on looking for the way back where it knows nobody to ask yet, and the server has it in the group", async () => {
    const { clock, bob, one, reopen } = await damagedWorld()
    await forgetPeople(bob.disk, one.id)
    const client = await reopen()
    await clock.during(client.damagedGroups()[0]!.giveUp())
    await clock.during(client.sync({ waitMs: 1000 }))
    expect(client.damagedGroups()).toMatchObject([{ damage: "keys_deleted" }])
    await clock.during(client.contact("alice"))
    clock.advance(3_600_000)
    await clock.during(client.sync({ waitMs: 60_000, until: () => client.conversations().length > 0 }))
    expect(names(client)).toEqual(["two"])
  })

  it("gives up what waits for room in others' inboxes, and says so", async () => {
    const { clock, server, bob, two, away, reopen } = await world()
    server.full.add("alice")
    const { id } = await clock.during(bob.client.conversation("two").send("no room"))
    await clock.during(bob.client.sync({ waitMs: 1000 }))
    await away()
    await damage(bob.disk, two.id)
    const client = await reopen()
    const [message] = (await client.damagedGroups()[0]!.history()).slice(-1)
    expect(message).toMatchObject({ id, state: "failed", failure: { code: "group_damaged" } })
    expect(await reasons(client)).toEqual(["inbox_full", "inbox_full_given_up", "group_damaged"])
  })

  it("ends what the group still wanted, and sends what was sealed before", async () => {
    const { clock, server, two, done, reopen, wish } = await wantingWorld()
    server.isUp = true
    const client = await reopen()
    expect(await wish()).toMatchObject({ state: "failed", failure: { code: "group_damaged" } })
    await clock.during(client.sync())
    await done(two, two.send("go on"))
    expect(await texts(two)).toEqual(["first in two", "sealed", "go on"])
    expect(two.name).toBe("two")
  })

  it("ends what the group still wanted when it is given up, where the disk was too full to end it before", async () => {
    const { clock, server, bob, wish } = await wantingWorld()
    const store = new FaultyStore(new MemoryStore(bob.disk))
    store.isFull = true
    const { client } = await openPerson(server, clock, bob.disk, { store })
    store.isFull = false
    await clock.during(client.damagedGroups()[0]!.giveUp())
    expect(await wish()).toMatchObject({ state: "failed", failure: { code: "group_damaged" } })
    expect(await store.list("outbox")).toHaveLength(1)
  })

  it("sends no commit that led back into it once it is given up: who would be in by it has no keys any more", async () => {
    const { clock, server, bob, own } = await bobIsEntering()
    const store = new MemoryStore(bob.disk)
    await clock.during(bob.client.close())
    expect(await store.list("outbox")).toHaveLength(1)
    await damage(bob.disk, own.id)
    server.isUp = false
    const { client } = await openPerson(server, clock, bob.disk)
    await clock.during(client.damagedGroups()[0]!.giveUp())
    expect(client.damagedGroups()).toMatchObject([{ damage: "keys_deleted" }])
    expect(await store.list("outbox")).toEqual([])
  })
})

describe("a group that a newer program wrote", () => {
  it("stays as it is, and goes on with what was kept for it once it can be read", async () => {
    const all = await world()
    const { clock, bob, two, done, away, reopen, server } = all
    await away()
    server.isUp = false
    const offline = await openPerson(server, clock, bob.disk)
    await clock.during(offline.client.conversation("two").send("written before"))
    await clock.during(offline.client.close())
    server.isUp = true
    const store = new MemoryStore(bob.disk)
    const key = concatBytes(two.id, toUtf8("member"))
    const header = (await store.get("group_records", key))!
    await store.commit([put("group_records", key, header.with(0, 99))])
    const before = await store.list("group_records", { prefix: two.id })
    const client = await reopen()
    expect(client.damagedGroups()).toMatchObject([
      { damage: "format_newer", nextStep: expect.stringContaining("Update") },
    ])
    expect(() => client.conversation(toHex(two.id))).toThrow(expect.objectContaining({ code: "group_unsupported" }))
    await expect(clock.during(client.damagedGroups()[0]!.giveUp())).rejects.toMatchObject({ code: "group_unsupported" })
    await done(two, two.send("meanwhile"))
    await done(two, two.rename("renamed"))
    await clock.during(client.repair({ mayLose: true }))
    await expectTalk(all, client)
    expect(await states(all, client)).toEqual(["healthy", "healthy", "group_unsupported"])
    await clock.during(client.close())
    expect(await texts(two)).toEqual(["first in two", "meanwhile"])
    expect(await store.list("group_records", { prefix: two.id })).toEqual(before)
    await store.commit([put("group_records", key, header)])
    const later = await reopen()
    await clock.during(later.sync())
    expect(await texts(later.conversation("renamed"))).toEqual(["first in two", "written before", "meanwhile"])
    await done(two, two.send("together"))
    expect(await texts(two)).toEqual(["first in two", "meanwhile", "written before", "together"])
    expect(await reasons(later)).toEqual([])
  })
})

describe("an envelope that waits for its group", () => {
  it("is given up, and told, where it cannot be read any more", async () => {
    const all = await world()
    const { bob, two, away, reopen } = all
    await away()
    const store = new MemoryStore(bob.disk)
    await store.commit([
      put(
        "parked",
        concatBytes(
          two.id.map((byte) => byte ^ 1),
          new Uint8Array(8),
        ),
        NOISE,
      ),
    ])
    const client = await reopen()
    expect(await reasons(client)).toEqual(["parking_damaged"])
    expect(await store.list("parked")).toEqual([])
    await expectTalk(all, client)
  })
})
