import { nodeRandom, suite0001 } from "@qpc/crypto/node"
import { concatBytes, encode } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { Client } from "./api.ts"
import { findDamage, forgetDamaged } from "./doctor/damage.ts"
import { MemoryStore } from "./memory-store.ts"
import { put } from "./store.ts"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

const HOUR_MS = 3_600_000
const parts = { suite: suite0001, random: nodeRandom }
const NOISE = new Uint8Array([7, 7, 7])

/** Alice has written "one", "two" and "three" to bob, and bob's record of some of them is damaged. */
async function damagedAt(positions: readonly number[], { timerSeconds = 0 } = {}) {
  const [clock, server] = [new TestClock(), new FakeServer()]
  const [alice, bob] = [await newPerson(server, clock, "alice"), await newPerson(server, clock, "bob")]
  const group = await clock.during(alice.client.createGroup("us"))
  const done = (asked: Promise<{ readonly id: string }>): Promise<unknown> =>
    clock.during(asked.then(({ id }) => group.waitAccepted(id)))
  await done(group.invite("bob"))
  if (timerSeconds > 0) await done(group.setTimer(timerSeconds))
  for (const text of ["one", "two", "three"]) await done(group.send(text))
  await clock.during(bob.client.sync())
  if (timerSeconds > 0) await clock.during(bob.client.conversation("us").markRead(3))
  await clock.during(bob.client.close())
  const key = (position: number): Uint8Array =>
    concatBytes(
      group.id,
      encode((writer) => writer.uint64(BigInt(position))),
    )
  const store = new MemoryStore(bob.disk)
  await store.commit(positions.map((position) => put("messages", key(position), NOISE)))
  const reopen = async (): Promise<Client> => (await openPerson(server, clock, bob.disk)).client
  return { clock, bob, reopen, group, done }
}

const textsOf = (messages: readonly { readonly text: string }[]): string[] => messages.map(({ text }) => text)

describe("a message of which what is stored is damaged", () => {
  it("keeps nobody from reading the others, and says where it is", async () => {
    const { clock, reopen } = await damagedAt([2])
    const group = (await reopen()).conversation("us")
    expect(textsOf(await group.history())).toEqual(["one", "three"])
    expect(textsOf(await group.unread())).toEqual(["one", "three"])
    expect(await group.damagedMessages()).toEqual([2])
    expect(await group.damagedMessages({ after: 2 })).toEqual([])
    expect(await group.damagedMessages({ before: 2 })).toEqual([])
    await clock.during(group.markRead(1))
    expect(await group.damagedMessages({ after: "read" })).toEqual([2])
    await clock.during(group.markRead(2))
    expect(await group.damagedMessages({ after: "read" })).toEqual([])
    expect(textsOf(await group.unread())).toEqual(["three"])
  })

  it("takes no place among those that are asked for", async () => {
    const { reopen } = await damagedAt([2, 3])
    const group = (await reopen()).conversation("us")
    expect(textsOf(await group.history({ limit: 1 }))).toEqual(["one"])
  })

  it("does not stop what comes behind it from being written down and read", async () => {
    const { clock, reopen, group, done } = await damagedAt([3])
    const client = await reopen()
    await done(group.send("four"))
    await clock.during(client.sync())
    const own = client.conversation("us")
    expect((await own.history()).map(({ position, text }) => [position, text])).toEqual([
      [1, "one"],
      [2, "two"],
      [4, "four"],
    ])
    await clock.during(own.markRead(4))
    expect(await own.unread()).toEqual([])
  })

  it("is found by the doctor, whose repair gives its place to no other", async () => {
    const { clock, bob, reopen, group, done } = await damagedAt([3])
    expect((await findDamage(new MemoryStore(bob.disk), parts)).findings).toMatchObject([
      { state: "record_damaged", facts: { collection: "messages" } },
    ])
    await forgetDamaged(new MemoryStore(bob.disk), parts)
    const client = await reopen()
    await done(group.send("four"))
    await clock.during(client.sync())
    expect((await client.conversation("us").history()).map(({ position }) => position)).toEqual([1, 2, 4])
  })

  it("keeps no profile shut when it is to disappear, and disappears", async () => {
    const { clock, bob, reopen } = await damagedAt([2], { timerSeconds: HOUR_MS / 1000 })
    clock.advance(2 * HOUR_MS)
    const group = (await reopen()).conversation("us")
    expect(await group.history()).toEqual([])
    expect(await group.damagedMessages()).toEqual([])
    expect([bob.disk.collections.get("messages")!.size, bob.disk.collections.get("expiring")!.size]).toEqual([0, 0])
  })
})

/** Alice has written "one", which the server has, and "two", which it has not. What is stored of how far both got is damaged. */
async function damagedSent() {
  const [clock, server] = [new TestClock(), new FakeServer()]
  const alice = await newPerson(server, clock, "alice")
  await newPerson(server, clock, "bob")
  const group = await clock.during(alice.client.createGroup("us"))
  const done = (asked: Promise<{ readonly id: string }>): Promise<unknown> =>
    clock.during(asked.then(({ id }) => group.waitAccepted(id)))
  await done(group.invite("bob"))
  await done(group.setTimer(HOUR_MS / 1000))
  await done(group.send("one"))
  await clock.during(alice.client.close())
  const reopen = async (): Promise<Client> => (await openPerson(server, clock, alice.disk)).client
  server.isUp = false
  const offline = await reopen()
  await clock.during(offline.conversation("us").send("two"))
  await clock.during(offline.close())
  const store = new MemoryStore(alice.disk)
  await store.commit((await store.list("sent")).map(({ key }) => put("sent", key, NOISE)))
  return { clock, server, store, reopen }
}

const statesOf = async (client: Client): Promise<unknown[]> =>
  (await client.conversation("us").history()).map(({ text, state, failure }) => [text, state, failure?.nextStep])

describe("a damaged record of how far a message of our own got", () => {
  it("keeps nobody from reading the message, and is told with it", async () => {
    const { reopen } = await damagedSent()
    const client = await reopen()
    const nextStep = "What is stored of that is damaged. What to do: qpc doctor."
    expect(await statesOf(client)).toEqual([
      ["one", "unknown", nextStep],
      ["two", "unknown", nextStep],
    ])
    const group = client.conversation("us")
    const [first] = await group.history()
    await expect(group.waitAccepted(first!.id)).rejects.toMatchObject({ code: "store_corrupt", nextStep })
  })

  it("claims nothing after the doctor gave it up, until something new is heard", async () => {
    const { clock, server, store, reopen } = await damagedSent()
    const { findings } = await findDamage(store, parts)
    expect(new Set(findings.map(({ facts }) => facts["collection"]))).toEqual(new Set(["sent"]))
    await forgetDamaged(store, parts)
    expect(await findDamage(store, parts)).toMatchObject({ isHealthy: true })
    const client = await reopen()
    const nextStep = expect.stringContaining("Ask the others whether it came")
    expect(await statesOf(client)).toEqual([
      ["one", "unknown", nextStep],
      ["two", "unknown", nextStep],
    ])
    server.isUp = true
    const seen = await clock.during(client.diagnose())
    expect(seen.findings.map(({ state }) => state)).toEqual(expect.not.arrayContaining(["text_failed"]))
    await clock.during(client.sync())
    expect(await statesOf(client)).toEqual([
      ["one", "unknown", nextStep],
      ["two", "accepted", undefined],
    ])
  })

  it("keeps no profile shut when the message is to disappear", async () => {
    const { clock, reopen } = await damagedSent()
    clock.advance(2 * HOUR_MS)
    expect(await statesOf(await reopen())).toEqual([])
  })
})
