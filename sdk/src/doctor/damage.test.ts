import { nodeRandom, suite0001 } from "@qpc/crypto/node"
import { fromHex, toMessageId, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { MemoryStore } from "../memory-store.ts"
import { Profile } from "../profile.ts"
import { put } from "../store.ts"
import { FakeServer } from "../testing/fake-server.ts"
import { newPerson, openPerson } from "../testing/person.ts"
import { TestClock } from "../testing/test-clock.ts"
import { findDamage, forgetDamaged } from "./damage.ts"

const parts = { suite: suite0001, random: nodeRandom }
const OF_A_GROUP = "sixteen bytes id"

describe("a damaged setting", () => {
  const settings = ["session", "cursor", "delivery_key", "time", "calendar", "last_resort"]
  const ofGroups = ["read/", "next/", "missing/", "rejoin/", "gaps/"]

  it.each([
    ...settings.map((name) => [name, name]),
    ["last_resort/", "last_resort/2"],
    ...ofGroups.map((name) => [name, name + OF_A_GROUP]),
  ])("of the name %s is found, and keeps nobody out once it is forgotten", async (name, key) => {
    const clock = new TestClock()
    const server = new FakeServer()
    const { client, disk } = await newPerson(server, clock, "alice")
    await clock.during(client.close())
    const store = new MemoryStore(disk)
    await store.commit([put("settings", toUtf8(key), Uint8Array.of(1))])
    const { findings } = await findDamage(store, parts)
    expect(findings).toMatchObject([{ state: "record_damaged", facts: { collection: "settings", record: name } }])
    await forgetDamaged(store, parts)
    expect(await findDamage(store, parts)).toMatchObject({ isHealthy: true })
    const again = await openPerson(server, clock, disk)
    await clock.during(again.client.close())
  })
})

describe("a damaged group", () => {
  it("is forgotten beside a damaged key package; those that are left open it no more", async () => {
    const clock = new TestClock()
    const { client, disk } = await newPerson(new FakeServer(), clock, "alice")
    const { id } = await clock.during(client.createGroup("friends"))
    await clock.during(client.close())
    const store = new MemoryStore(disk)
    const [[record], [keyPackage]] = [await store.list("group_records"), await store.list("key_packages")]
    await store.commit([put("group_records", record!.key, Uint8Array.of(1))])
    await store.commit([put("key_packages", keyPackage!.key, Uint8Array.of(1))])
    const { findings } = await forgetDamaged(store, parts)
    expect(findings.map(({ state }) => state)).toEqual(["record_damaged", "group_damaged"])
    expect(await findDamage(store, parts)).toMatchObject({ isHealthy: true })
    const left = []
    for await (const { refusedFor } of new Profile(store).keyPackages()) left.push(refusedFor)
    expect(left.filter(({ length }) => length > 0)).toEqual([[id]])
  })

  it("has what its member wanted ended when the profile is opened again", async () => {
    const clock = new TestClock()
    const server = new FakeServer()
    const { client, disk } = await newPerson(server, clock, "alice")
    const group = await clock.during(client.createGroup("friends"))
    server.isUp = false
    const wish = await clock.during(group.rename("others"))
    await clock.during(client.close())
    const store = new MemoryStore(disk)
    const [record] = await store.list("group_records")
    await store.commit([put("group_records", record!.key, Uint8Array.of(1))])
    await forgetDamaged(store, parts)
    await openPerson(server, clock, disk)
    const sent = await new Profile(store).sent(toMessageId(fromHex(wish.id.replaceAll("-", ""))))
    expect(sent).toMatchObject({ state: "failed", failure: { code: "group_damaged" } })
    expect(await store.list("outbox")).toEqual([])
  })
})
