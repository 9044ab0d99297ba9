import { RpcError } from "@qpc/rpc"
import { describe, expect, it } from "vitest"
import type { Client, Conversation } from "./api.ts"
import { ClientError } from "./client-error.ts"
import { MemoryStore } from "./memory-store.ts"
import type { MemoryDisk } from "./memory-store.ts"
import type { ClientEvent } from "./model.ts"
import { FakeServer } from "./testing/fake-server.ts"
import type { Fault } from "./testing/fake-server.ts"
import { FaultyStore } from "./testing/faulty-store.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import type { Person } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const HOUR_SECONDS = 3600
const textsOf = async (group: Conversation): Promise<string[]> => (await group.history()).map(({ text }) => text)
const rowsOf = (disk: MemoryDisk): number =>
  ["messages", "expiring", "sent"].reduce((count, name) => count + disk.collections.get(name as "sent")!.size, 0)

/** Alice and Bob in a group whose messages disappear an hour after they were read, or another time. */
async function pair(timerSeconds = HOUR_SECONDS) {
  const clock = new TestClock()
  const server = new FakeServer()
  const [hers, his] = [await newPerson(server, clock, "alice"), await newPerson(server, clock, "bob")]
  const [alice, bob] = [hers.client, his.client]
  const group = await clock.during(alice.createGroup("us"))
  alice.connect()
  const done = async (asked: Promise<{ readonly id: string }>): Promise<void> => {
    const { id } = await clock.during(asked)
    await clock.during(group.waitAccepted(id))
  }
  await done(group.invite("bob"))
  await done(group.setTimer(timerSeconds))
  await clock.during(bob.sync())
  const bobs = bob.conversation("us")
  const say = async (text: string): Promise<void> => {
    await done(group.send(text))
    await clock.during(bob.sync())
  }
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await clock.during(Promise.all([alice.notices(), bob.notices()]))
  }
  return { clock, server, hers, his, alice, bob, group, bobs, say, pass }
}

/** A closed profile is opened after so long. */
function reopened(clock: TestClock, server: FakeServer, disk: MemoryDisk, afterMs: number): Promise<Person> {
  clock.advance(afterMs)
  return openPerson(server, clock, disk)
}

/** What a client tells from now on. */
function watch(client: Client) {
  const abort = new AbortController()
  const seen: ClientEvent[] = []
  const reading = (async () => {
    for await (const event of client.events(abort.signal)) seen.push(event)
  })()
  const stop = async (): Promise<void> => {
    abort.abort()
    await reading
  }
  return { seen, stop }
}

const lastPosition = async (group: Conversation): Promise<number> => (await group.history()).at(-1)?.position ?? 0

describe("messages of a group with a timer", () => {
  it("disappear from each device when the time since they were read there is over", async () => {
    const { group, bobs, say, pass, clock, his, hers } = await pair()
    await say("soon gone")
    const before = rowsOf(hers.disk)
    await pass(HOUR_MS / 2)
    await clock.during(bobs.markRead(await lastPosition(bobs)))
    await pass(HOUR_MS / 2 + 1000)
    expect([await textsOf(group), await textsOf(bobs)]).toEqual([[], ["soon gone"]])
    expect(rowsOf(hers.disk)).toBe(before - 3)
    await pass(HOUR_MS / 2)
    expect(await textsOf(bobs)).toEqual([])
    expect(his.disk.collections.get("messages")?.size).toBe(0)
    expect(his.disk.collections.get("expiring")?.size).toBe(0)
  })

  it("wait as long as nobody has read them", async () => {
    const { bobs, say, pass } = await pair()
    await say("unread")
    await pass(48 * HOUR_MS)
    expect(await bobs.unread()).toMatchObject([{ text: "unread", disappears: { afterSeconds: HOUR_SECONDS } }])
    expect((await bobs.unread())[0]?.disappears).not.toHaveProperty("leftMs")
  })

  it("say how much time they have left", async () => {
    const { group, bobs, say, pass, clock } = await pair()
    await say("how long?")
    await clock.during(bobs.markRead(await lastPosition(bobs)))
    await pass(HOUR_MS / 4)
    for (const side of [group, bobs]) {
      const leftMs = (await side.history())[0]?.disappears?.leftMs ?? 0
      expect(Math.abs(leftMs - (3 * HOUR_MS) / 4)).toBeLessThan(60_000)
    }
  })

  it("are those that are written from then on, and stay again when the timer is off", async () => {
    const { group, bobs, say, pass, clock } = await pair()
    expect([group.disappearAfterSeconds, bobs.disappearAfterSeconds]).toEqual([HOUR_SECONDS, HOUR_SECONDS])
    await say("goes")
    const { id } = await clock.during(group.setTimer(0))
    await clock.during(group.waitAccepted(id))
    await say("stays")
    await clock.during(bobs.markRead(await lastPosition(bobs)))
    await pass(2 * HOUR_MS)
    expect([await textsOf(group), await textsOf(bobs)]).toEqual([["stays"], ["stays"]])
  })

  it("are gone after a long time offline, and their places are not given out again", async () => {
    const { group, bob, bobs, say, clock, server, his } = await pair()
    await say("one")
    await say("two")
    const position = await lastPosition(bobs)
    await clock.during(bobs.markRead(position))
    await clock.during(bob.close())
    clock.advance(3 * HOUR_MS)
    const again: Client = (await openPerson(server, clock, his.disk)).client
    expect(await textsOf(again.conversation("us"))).toEqual([])
    const { id } = await clock.during(group.send("three"))
    await clock.during(group.waitAccepted(id))
    await clock.during(again.sync())
    expect(await again.conversation("us").unread()).toMatchObject([{ text: "three", position: position + 1 }])
  })

  it("are gone after two months of a program that runs once a day", async () => {
    const { bob, bobs, say, clock, server, his } = await pair(60 * 24 * HOUR_SECONDS)
    await say("sixty days")
    await clock.during(bobs.markRead(await lastPosition(bobs)))
    await clock.during(bob.close())
    for (let day = 1; day < 60; day++) {
      const { client } = await reopened(clock, server, his.disk, 24 * HOUR_MS)
      expect(await textsOf(client.conversation("us"))).toEqual(["sixty days"])
      await clock.during(client.close())
    }
    const { client } = await reopened(clock, server, his.disk, 25 * HOUR_MS)
    expect(await textsOf(client.conversation("us"))).toEqual([])
  })

  it("are gone when their time is over after a calendar that was a year ahead was set right", async () => {
    const { bob, bobs, say, clock, server, his } = await pair()
    await say("read next year")
    clock.calendarAheadMs = 366 * 24 * HOUR_MS
    await clock.during(bobs.markRead(await lastPosition(bobs)))
    await clock.during(bob.close())
    clock.calendarAheadMs = 0
    for (let count = 0; count < 3; count++) {
      const { client } = await reopened(clock, server, his.disk, HOUR_MS / 2 - 1000)
      expect(await textsOf(client.conversation("us"))).toEqual(["read next year"])
      await clock.during(client.close())
    }
    const { client } = await reopened(clock, server, his.disk, HOUR_MS / 2 + 1000)
    expect(await textsOf(client.conversation("us"))).toEqual([])
  })

  it("do not disappear early by a clock that is years ahead or was years behind", async () => {
    const { bobs, say, pass, clock } = await pair()
    clock.calendarAheadMs = -20 * 365 * 24 * HOUR_MS
    await say("read with a wrong clock")
    await clock.during(bobs.markRead(await lastPosition(bobs)))
    await pass(HOUR_MS / 2)
    expect(await textsOf(bobs)).toEqual(["read with a wrong clock"])
    await pass(HOUR_MS / 2 + 1000)
    expect(await textsOf(bobs)).toEqual([])
  })

  it("of our own that the server does not have yet are kept until it is known what becomes of them", async () => {
    const { group, clock, server, pass } = await pair()
    let isBlocked = true
    server.before = (method): Fault =>
      method === "batchEnqueue" && isBlocked ? new RpcError("unavailable", "busy", "later") : undefined
    const { id } = await clock.during(group.send("not sent yet"))
    await pass(HOUR_MS + 1000)
    expect(await group.history()).toMatchObject([{ text: "not sent yet", state: "stored" }])
    isBlocked = false
    await clock.during(group.waitAccepted(id, { timeoutMs: HOUR_MS }))
    await pass(HOUR_MS + 1000)
    expect(await textsOf(group)).toEqual([])
  })

  it("are told of when they go", async () => {
    const { alice, group, say, pass } = await pair()
    const { seen, stop } = watch(alice)
    await say("told of")
    const position = await lastPosition(group)
    await pass(HOUR_MS + 1000)
    await stop()
    expect(seen).toContainEqual({ kind: "disappeared", groupId: group.id, positions: [position] })
  })

  it("go in bounded steps, all of them", async () => {
    const { group, clock, pass, hers } = await pair()
    for (let count = 0; count < 300; count++) await clock.during(group.send(`message ${count}`))
    await pass(HOUR_MS + 60_000)
    expect(await textsOf(group)).toEqual([])
    expect(hers.disk.collections.get("expiring")?.size).toBe(0)
  })

  it("go as soon as a disk that was full has room again", async () => {
    const { alice, group, say, pass, hers } = await pair()
    await say("in the way")
    const { seen, stop } = watch(alice)
    hers.store.isFull = true
    await pass(HOUR_MS + 1000)
    expect(await textsOf(group)).toEqual(["in the way"])
    await stop()
    const state = expect.objectContaining({ at: "waiting", code: "store_full" })
    expect(seen).toContainEqual({ kind: "connection", state })
    await pass(10 * MINUTE_MS)
    hers.store.isFull = false
    await pass(MINUTE_MS + 1000)
    expect(await textsOf(group)).toEqual([])
  })

  it("keep nobody out of a profile whose disk is full, and go when there is room", async () => {
    const { alice, say, clock, server, hers } = await pair()
    await say("in the way")
    await clock.during(alice.close())
    const store = new FaultyStore(new MemoryStore(hers.disk))
    store.isFull = true
    clock.advance(2 * HOUR_MS)
    const { client } = await openPerson(server, clock, hers.disk, { store })
    const again = client.conversation("us")
    expect(await textsOf(again)).toEqual(["in the way"])
    store.isFull = false
    clock.advance(MINUTE_MS + 1000)
    await clock.during(client.notices())
    expect(await textsOf(again)).toEqual([])
  })

  it("do not open a profile whose disk is broken", async () => {
    const { bob, bobs, say, clock, server, his } = await pair()
    await say("unreadable")
    await clock.during(bobs.markRead(await lastPosition(bobs)))
    await clock.during(bob.close())
    const store = new MemoryStore(his.disk)
    const commit = store.commit.bind(store)
    store.commit = () => {
      store.commit = commit
      return Promise.reject(new ClientError("store_io", "the disk failed", { nextStep: "Start again." }))
    }
    await expect(openPerson(server, clock, his.disk, { store })).rejects.toMatchObject({ code: "store_io" })
  })
})
