import { suite0003 } from "@qpc/crypto/node"
import { receiveEnvelope } from "@qpc/group"
import { describe, expect, it } from "vitest"
import type { ClientOptions } from "./api.ts"
import { MemoryStore } from "./memory-store.ts"
import { Profile } from "./profile.ts"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import type { Person } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

const TWO_SUITES: Partial<ClientOptions> = { otherSuites: [suite0003] }
const YEARS_MS = 10 * 366 * 86_400_000
const texts = (messages: readonly { readonly text: string }[]): string[] => messages.map(({ text }) => text)
const reasons = async ({ client }: Person): Promise<string[]> => (await client.notices()).map(({ reason }) => reason)

function envelopeOf(server: FakeServer, username: string, index: number): Uint8Array {
  const envelope = server.account(username).inbox[index]
  if (envelope === undefined) throw new Error(`the inbox of ${username} has no envelope ${index}`)
  return envelope.data
}

/** Alice has a group, and bob is there; each program with options of its own. */
async function friends(bobs: Partial<ClientOptions> = {}, alices: Partial<ClientOptions> = {}) {
  const clock = new TestClock()
  const server = new FakeServer()
  server.keepsSuites = alices.otherSuites !== undefined
  const alice = await newPerson(server, clock, "alice", alices)
  const bob = await newPerson(server, clock, "bob", bobs)
  const group = await clock.during(alice.client.createGroup("friends"))
  alice.client.connect()
  const done = (sending: Promise<{ readonly id: string }>) =>
    clock.during(sending.then(({ id }) => group.waitAccepted(id)))
  return { clock, server, alice, bob, group, done }
}

describe("an envelope that cannot be opened", () => {
  it("becomes a notice, and the next message still arrives", async () => {
    const { clock, server, alice, bob, group, done } = await friends()
    await done(group.invite("bob"))
    await clock.during(bob.client.sync())
    await clock.during(bob.client.close())
    await done(group.send("one"))
    const one = envelopeOf(server, "bob", 0)
    server.account("bob").inbox.length = 0
    const flipped = one.slice()
    flipped.set([(flipped.at(-20) ?? 0) ^ 1], flipped.length - 20)
    for (const bytes of [one.subarray(0, 40), flipped, new Uint8Array(0), one, one]) server.deliver("bob", bytes)
    await done(group.send("two"))
    const again = await openPerson(server, clock, bob.disk)
    await clock.during(again.client.sync())
    expect(texts(await again.client.conversation("friends").history())).toEqual(["one", "two"])
    expect(await reasons(again)).toHaveLength(4)
    expect(server.account("bob").inbox).toEqual([])
    await clock.during(alice.client.close())
  })

  it("of a group one is not in waits for its Welcome, and is read after it", async () => {
    const { clock, server, bob, group, done } = await friends()
    await done(group.invite("bob"))
    await done(group.send("early"))
    const { inbox } = server.account("bob")
    const [welcome, early] = [envelopeOf(server, "bob", 0), envelopeOf(server, "bob", 1)]
    inbox.length = 0
    server.deliver("bob", early)
    server.deliver("bob", welcome)
    await clock.during(bob.client.sync())
    expect(texts(await bob.client.conversation("friends").history())).toEqual(["early"])
    expect(await reasons(bob)).toEqual([])
  })

  it("of a group one is not in waits only within the limits", async () => {
    const { clock, server, bob, group, done } = await friends({ limits: { parkedPerGroup: 2, parkedMs: 1000 } })
    await done(group.invite("bob"))
    await done(group.send("early"))
    const early = envelopeOf(server, "bob", 1)
    server.account("bob").inbox.length = 0
    for (let i = 0; i < 3; i++) server.deliver("bob", early)
    await clock.during(bob.client.sync())
    expect(await reasons(bob)).toEqual(["parking_full"])
    clock.advance(2000)
    server.cut()
    await clock.during(bob.client.sync({ until: ({ notices }) => notices.length >= 2 }))
    expect(await reasons(bob)).toEqual(["parking_full", "parking_expired", "parking_expired"])
  })

  it("of a group one is not in waits no longer for having come when the clock was ahead", async () => {
    const options = { limits: { parkedMs: 1000 } }
    const { clock, server, bob, group, done } = await friends(options)
    await done(group.invite("bob"))
    await done(group.send("early"))
    const early = envelopeOf(server, "bob", 1)
    server.account("bob").inbox.length = 0
    server.deliver("bob", early)
    clock.calendarAheadMs = YEARS_MS
    await clock.during(bob.client.sync())
    await clock.during(bob.client.close())
    clock.calendarAheadMs = 0
    const back = await openPerson(server, clock, bob.disk, options)
    await clock.during(back.client.sync())
    expect(await reasons(back)).toEqual([])
    await clock.during(back.client.close())
    clock.advance(2000)
    const later = await openPerson(server, clock, bob.disk, options)
    await clock.during(later.client.sync())
    expect(await reasons(later)).toEqual(["parking_expired"])
  })

  it("of an epoch that one is about to enter again waits for that, also across a restart", async () => {
    const { clock, server, alice, bob, group, done } = await friends()
    await done(group.invite("bob"))
    await clock.during(bob.client.sync())
    await clock.during(bob.client.close())
    await done(group.rename("garden"))
    // The renaming is gone, so bob asks to be let in, and the commit that lets him in reaches everybody but him.
    server.account("bob").inbox.length = 0
    for (const { log } of server.channels.values()) log.length = 0
    const deliver = server.deliver.bind(server)
    server.deliver = (username, data) => {
      const received = receiveEnvelope(data)
      const isCommit = received.kind === "envelope" && received.envelope.kind === "commit"
      if (username !== "bob" || !isCommit) deliver(username, data)
    }
    const { epoch } = group
    const back = await openPerson(server, clock, bob.disk)
    back.client.connect()
    await clock.during(alice.client.sync({ until: () => group.epoch > epoch }))
    await done(group.send("welcome back"))
    const parkedCount = (): number => bob.disk.collections.get("parked")?.size ?? 0
    await clock.during(back.client.sync({ until: () => parkedCount() === 1 }))
    expect(parkedCount()).toBe(1)
    await clock.during(back.client.close())
    const later = await openPerson(server, clock, bob.disk)
    const own = later.client.conversation("friends")
    clock.advance(60_000)
    await clock.during(later.client.sync({ until: () => own.epoch > epoch }))
    expect(own.epochAuthenticator).toEqual(group.epochAuthenticator)
    expect(texts(await own.history())).toEqual(["welcome back"])
    expect(parkedCount()).toBe(0)
  })

  it("is an invitation that was used, or is not ours: a notice of its own", async () => {
    const { clock, server, bob, group, done } = await friends()
    await done(group.invite("bob"))
    const welcome = envelopeOf(server, "bob", 0)
    await clock.during(bob.client.sync())
    server.deliver("bob", welcome)
    const carol = await newPerson(server, clock, "carol")
    server.deliver("carol", welcome)
    await clock.during(bob.client.sync())
    await clock.during(carol.client.sync())
    expect(await reasons(bob)).toEqual(["welcome_for_known_group"])
    expect(await reasons(carol)).toEqual(["welcome_without_key_package"])
  })
})

describe("a server that hands out again what was acknowledged", () => {
  it("is not listened to: nothing is shown twice, and nobody is told", async () => {
    const { clock, server, bob, group, done } = await friends()
    await done(group.invite("bob"))
    await done(group.send("once"))
    await clock.during(bob.client.sync())
    const [welcome, once] = server.delivered.get("bob")!
    const again = [
      { seq: 1n, data: welcome, acceptedAtMs: 0n },
      { seq: 2n, data: once, acceptedAtMs: 0n },
    ]
    await clock.during(bob.client.close())
    server.answerInstead = (method) => (method === "peek" ? { envelopes: again, more: false } : undefined)
    const back = await openPerson(server, clock, bob.disk)
    await clock.during(back.client.sync())
    expect(texts(await back.client.conversation("friends").history())).toEqual(["once"])
    expect(await reasons(back)).toEqual([])
  })

  it("cannot bring anybody back into a group that they were removed from", async () => {
    const { clock, server, bob, group, done } = await friends()
    await done(group.invite("bob"))
    await clock.during(bob.client.sync())
    await done(group.remove("bob"))
    await clock.during(bob.client.sync())
    expect(bob.client.conversation("friends").isMember).toBe(false)
    server.deliver("bob", server.delivered.get("bob")![0]!)
    await clock.during(bob.client.sync())
    expect(bob.client.conversation("friends").isMember).toBe(false)
    expect(await reasons(bob)).toContain("welcome_without_key_package")
  })
})

describe("a server that lost its memory of our inbox", () => {
  it("is noticed, and what it has now is read", async () => {
    const { clock, server, bob, group, done } = await friends()
    await done(group.invite("bob"))
    await done(group.send("before"))
    await clock.during(bob.client.sync())
    await clock.during(bob.client.close())
    Object.assign(server.account("bob"), { newestSeq: 0n })
    await done(group.send("after"))
    const again = await openPerson(server, clock, bob.disk)
    await clock.during(again.client.sync())
    expect(texts(await again.client.conversation("friends").history())).toEqual(["before", "after"])
    expect(await reasons(again)).toEqual(["server_reset"])
  })

  it("and numbers anew what comes costs nothing of what waits for an invitation", async () => {
    const { clock, server, bob, group, done } = await friends()
    await done(group.invite("bob"))
    for (const text of ["before", "after"]) await done(group.send(text))
    const [welcome, before, after] = [0, 1, 2].map((index) => envelopeOf(server, "bob", index))
    const account = Object.assign(server.account("bob"), { inbox: [] })
    await clock.during(bob.client.close())
    for (const envelope of [before, before, after]) {
      account.newestSeq = 0n
      const { client } = await openPerson(server, clock, bob.disk)
      await clock.during(client.sync())
      server.deliver("bob", envelope!)
      await clock.during(client.sync())
      await clock.during(client.close())
    }
    const again = await openPerson(server, clock, bob.disk)
    server.deliver("bob", welcome!)
    await clock.during(again.client.sync())
    expect(texts(await again.client.conversation("friends").history())).toEqual(["before", "after"])
    expect(await reasons(again)).toEqual(["server_reset", "server_reset"])
    expect(again.disk.collections.get("parked")?.size ?? 0).toBe(0)
  })
})

describe("a commit that leads into another cipher suite", () => {
  it("is followed with a key package that opens no invitation into the group any more", async () => {
    const { clock, server, bob, group, done } = await friends(TWO_SUITES, TWO_SUITES)
    await done(group.invite("bob"))
    await clock.during(bob.client.sync())
    await clock.during(bob.client.close())
    const store = new MemoryStore(bob.disk)
    const profile = new Profile(store)
    for await (const { ref, ...record } of profile.keyPackages()) {
      await store.commit([profile.putKeyPackage(ref, { ...record, refusedFor: [group.id] })])
    }
    await done(group.changeSuite(suite0003.id))
    const back = await openPerson(server, clock, bob.disk, TWO_SUITES)
    await clock.during(back.client.sync())
    expect(back.client.conversations()).toMatchObject([{ suiteId: suite0003.id, epoch: group.epoch }])
    expect(await reasons(back)).toEqual([])
  })

  it.each([
    ["an epoch before ours", -1n, 0],
    ["our epoch", 0n, 1],
    ["an epoch after ours", 1n, 0],
  ])("and says that it is of %s (%i) has us look through our key packages %i times", async (_what, ahead, times) => {
    const { clock, server, bob, group, done } = await friends(TWO_SUITES, TWO_SUITES)
    await done(group.invite("bob"))
    bob.client.connect()
    await done(group.changeSuite(suite0003.id))
    await clock.during(bob.client.sync())
    const [bobs] = bob.client.conversations()
    expect(bobs).toMatchObject({ suiteId: suite0003.id, epoch: 2n })
    const forged = server.delivered.get("bob")!.at(-1)!.slice()
    // An envelope's epoch follows its version, its kind and its group id.
    new DataView(forged.buffer).setBigUint64(18, bobs!.epoch + ahead)
    const list = bob.store.list.bind(bob.store)
    let reads = 0
    bob.store.list = (collection, range) => {
      if (collection === "key_packages") reads += 1
      return list(collection, range)
    }
    const before = (await bob.client.notices()).length
    server.deliver("bob", forged)
    await clock.during(bob.client.sync())
    expect((await bob.client.notices()).length).toBe(before + 1)
    expect(reads).toBe(times)
  })
})
