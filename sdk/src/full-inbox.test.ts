import { toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { Client } from "./api.ts"
import { MemoryStore } from "./memory-store.ts"
import { put } from "./store.ts"
import { FakeServer } from "./testing/fake-server.ts"
import { HELPS_NOBODY, newPerson, openPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

const DAY_MS = 86_400_000

/** Alice, bob and carol share a group; nobody is in bob's way but his full inbox. */
async function fullBob() {
  const clock = new TestClock()
  const server = new FakeServer()
  const alice = await newPerson(server, clock, "alice", { limits: { heldRows: 3 } })
  const bob = await newPerson(server, clock, "bob")
  const carol = await newPerson(server, clock, "carol", HELPS_NOBODY)
  const group = await clock.during(alice.client.createGroup("friends"))
  for (const name of ["bob", "carol"]) {
    await clock.during(group.invite(name).then(({ id }) => group.waitAccepted(id)))
  }
  await clock.during(group.setRole("carol", "admin").then(({ id }) => group.waitAccepted(id)))
  await clock.during(bob.client.sync())
  await clock.during(carol.client.sync())
  server.full.add("bob")
  const say = (text: string): Promise<unknown> =>
    clock.during(group.send(text).then(({ id }) => group.waitAccepted(id)))
  const shown = async (client: Client): Promise<string[]> => {
    await clock.during(client.sync())
    return (await client.conversation("friends").history()).map(({ text }) => text)
  }
  const told = async (): Promise<unknown[]> =>
    (await alice.client.notices()).map(({ reason, person }) => [reason, person?.username])
  return { clock, server, alice, bob, carol, group, say, shown, told }
}

async function fullCarolToo() {
  const world = await fullBob()
  world.server.full.add("carol")
  const { clock, group } = world
  await clock.during(group.send("one"))
  const states = async (): Promise<string[]> => (await group.history()).map(({ state }) => state)
  return { ...world, states }
}

describe("a message to a group in which somebody's inbox is full", () => {
  it("reaches all others at once, and its sender is told once whose inbox it is", async () => {
    const { clock, alice, bob, carol, say, shown, told } = await fullBob()
    for (const text of ["one", "two"]) await say(text)
    expect(await shown(carol.client)).toEqual(["one", "two"])
    expect(await shown(bob.client)).toEqual([])
    expect(await told()).toEqual([["inbox_full", "bob"]])
    expect(await clock.during(alice.client.sync())).toMatchObject({ pending: 0, isComplete: true })
  })

  it("reaches them too when there is room again, in the order in which things were said", async () => {
    const { clock, server, alice, bob, carol, say, shown } = await fullBob()
    for (const text of ["one", "two"]) await say(text)
    server.full.clear()
    await clock.during(alice.client.sync({ until: () => server.account("bob").inbox.length === 2, waitMs: 120_000 }))
    expect(await shown(bob.client)).toEqual(["one", "two"])
    expect(await shown(carol.client)).toEqual(["one", "two"])
  })

  it("waits for them across a restart", async () => {
    const { clock, server, alice, bob, say, shown } = await fullBob()
    await say("one")
    await clock.during(alice.client.close())
    server.full.clear()
    const again = await openPerson(server, clock, alice.disk)
    await clock.during(again.client.sync({ until: () => server.account("bob").inbox.length === 1, waitMs: 120_000 }))
    expect(await shown(bob.client)).toEqual(["one"])
    expect(await again.client.conversation("friends").history()).toMatchObject([{ text: "one", state: "accepted" }])
  })

  it("does not wait behind another inbox that nobody empties", async () => {
    const { clock, server, alice, bob, carol, say, shown } = await fullBob()
    await say("for carol")
    server.full.add("carol")
    await clock.during(alice.client.sync())
    await clock.during(alice.client.conversation("friends").send("for both"))
    server.full.delete("carol")
    await clock.during(alice.client.sync({ until: () => server.account("carol").inbox.length === 2, waitMs: 120_000 }))
    expect(await shown(carol.client)).toEqual(["for carol", "for both"])
    expect(await shown(bob.client)).toEqual([])
  })

  it("is given up for them after some days, and if too many wait", async () => {
    const { clock, alice, say, told } = await fullBob()
    for (const text of ["one", "two", "three", "four"]) await say(text)
    expect(await told()).toEqual([
      ["inbox_full", "bob"],
      ["inbox_full_given_up", "bob"],
    ])
    clock.advance(3 * DAY_MS)
    await clock.during(alice.client.sync({ until: ({ notices }) => notices.length === 3, waitMs: 300_000 }))
    expect((await told()).slice(2)).toEqual(Array.from({ length: 3 }, () => ["inbox_full_given_up", "bob"]))
  })

  it("is given up for them no later for having waited since the clock was ahead", async () => {
    const { clock, alice, say, told } = await fullBob()
    clock.calendarAheadMs = 3650 * DAY_MS
    await say("one")
    clock.calendarAheadMs = 0
    await clock.during(alice.client.sync({ until: () => false, waitMs: 120_000 }))
    clock.advance(3 * DAY_MS)
    await clock.during(alice.client.sync({ until: ({ notices }) => notices.length > 0, waitMs: 300_000 }))
    expect(await told()).toEqual([
      ["inbox_full", "bob"],
      ["inbox_full_given_up", "bob"],
    ])
  })

  it("has not failed if its sender is removed while it waits for them, but they are told who lacks it", async () => {
    const { clock, alice, carol, group, server, say, told } = await fullBob()
    await say("one")
    server.full.clear()
    const carols = carol.client.conversation("friends")
    await clock.during(carol.client.sync())
    await clock.during(carols.remove("alice").then(({ id }) => carols.waitAccepted(id)))
    await clock.during(alice.client.sync())
    expect(group.isMember).toBe(false)
    expect(await group.history()).toMatchObject([{ text: "one", state: "accepted" }])
    expect(await told()).toEqual([
      ["inbox_full", "bob"],
      ["inbox_full_given_up", "bob"],
    ])
  })
})

/** Two groups of alice with her phone and bob; what bob wrote in "damaged" waits for room on her phone, and that group is damaged then. */
async function waitsForAPhoneInADamagedGroup() {
  const [clock, server] = [new TestClock(), new FakeServer()]
  const [alice, bob] = [await newPerson(server, clock, "alice"), await newPerson(server, clock, "bob")]
  const phone = await openPerson(server, clock)
  const phoneKey = await clock.during(alice.client.approveDevice(await phone.client.requestLink("alice")))
  await clock.during(phone.client.login("alice", "alice's password"))
  for (const name of ["healthy", "damaged"]) {
    const group = await clock.during(bob.client.createGroup(name))
    await clock.during(group.invite("alice").then(({ id }) => group.waitAccepted(id)))
  }
  server.full.add(`alice/${toHex(phoneKey).slice(0, 8)}`)
  const { id } = bob.client.conversation("damaged")
  await clock.during(bob.client.conversation("damaged").send("hello"))
  await clock.during(bob.client.sync())
  await clock.during(bob.client.close())
  const [row] = await new MemoryStore(bob.disk).list("group_records", { prefix: id })
  await new MemoryStore(bob.disk).commit([put("group_records", row!.key, new Uint8Array(1))])
  return openPerson(server, clock, bob.disk)
}

describe("a message that waits for room in a group that gets damaged", () => {
  it("is given up, and its sender is told whose device lacks it where another group has that device too", async () => {
    const { client } = await waitsForAPhoneInADamagedGroup()
    expect((await client.notices()).map(({ reason, person }) => [reason, person?.username])).toEqual([
      ["inbox_full", "alice"],
      ["inbox_full_given_up", "alice"],
      ["group_damaged", undefined],
    ])
  })
})

/** Alice is away while carol changes the group, and comes back to a server that no longer has the change. */
async function stuckAlice() {
  const world = await fullBob()
  const { clock, server, alice, carol } = world
  await clock.during(alice.client.close())
  carol.client.connect()
  const carols = carol.client.conversation("friends")
  await clock.during(carols.rename("garden").then(({ id }) => carols.waitAccepted(id)))
  server.account("alice").inbox.length = 0
  for (const { log } of server.channels.values()) log.length = 0
  const back = await openPerson(server, clock, alice.disk)
  await clock.during(back.client.sync())
  const group = back.client.conversation("friends")
  expect(group.missing).toMatchObject({ isBehindUs: false })
  const outcome = async () => {
    const reasons = (await back.client.notices()).map(({ reason }) => reason)
    return { reasons, history: await group.history(), waiting: back.disk.collections.get("outbox")!.size }
  }
  return { ...world, group, outcome }
}

describe("a message of somebody who was away for longer than the log of commits", () => {
  it("is given up at once for those without room: nobody can tell how long they could still read it", async () => {
    const { clock, group, outcome } = await stuckAlice()
    await clock.during(group.send("one").then(({ id }) => group.waitAccepted(id)))
    expect(await outcome()).toMatchObject({
      reasons: ["history_gone", "inbox_full_given_up"],
      history: [{ text: "one", state: "accepted" }],
      waiting: 0,
    })
  })

  it("has failed if nobody has room for it", async () => {
    const { clock, server, group, outcome } = await stuckAlice()
    server.full.add("carol")
    const sending = clock.during(group.send("one").then(({ id }) => group.waitAccepted(id)))
    await expect(sending).rejects.toMatchObject({ code: "send_failed" })
    const { history, waiting } = await outcome()
    expect(history).toMatchObject([{ text: "one", state: "failed", failure: { code: "history_gone" } }])
    expect(waiting).toBe(0)
  })
})

describe("a message that nobody has room for", () => {
  it("is not accepted before somebody has it", async () => {
    const { clock, server, alice, carol, states, shown } = await fullCarolToo()
    await clock.during(alice.client.sync())
    expect(await states()).toEqual(["stored"])
    server.full.delete("carol")
    const arrived = (): boolean => server.account("carol").inbox.length === 1
    await clock.during(alice.client.sync({ until: arrived, waitMs: 120_000 }))
    expect(await states()).toEqual(["accepted"])
    expect(await shown(carol.client)).toEqual(["one"])
  })

  it("has failed once it is given up", async () => {
    const { clock, alice, states, told } = await fullCarolToo()
    await clock.during(alice.client.sync())
    clock.advance(3 * DAY_MS)
    await clock.during(alice.client.sync({ until: ({ notices }) => notices.length === 4, waitMs: 300_000 }))
    expect(await states()).toEqual(["failed"])
    expect((await told()).slice(2)).toEqual([
      ["inbox_full_given_up", "bob"],
      ["inbox_full_given_up", "carol"],
    ])
  })

  it("has failed if its sender is removed meanwhile", async () => {
    const { clock, alice, carol, server, states } = await fullCarolToo()
    const carols = carol.client.conversation("friends")
    server.full.clear()
    await clock.during(carols.remove("alice").then(({ id }) => carols.waitAccepted(id)))
    await clock.during(alice.client.sync())
    expect(await states()).toEqual(["failed"])
  })
})
