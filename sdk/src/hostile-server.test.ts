import { RpcError } from "@qpc/rpc"
import { toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { ClientError } from "./client-error.ts"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

const texts = (messages: readonly { readonly text: string }[]): string[] => messages.map(({ text }) => text)

function envelopeOf(server: FakeServer, username: string, index: number): Uint8Array {
  const envelope = server.account(username).inbox[index]
  if (envelope === undefined) throw new Error(`the inbox of ${username} has no envelope ${index}`)
  return envelope.data
}

async function friends(options: Parameters<typeof newPerson>[3] = {}) {
  const clock = new TestClock()
  const server = new FakeServer()
  const alice = await newPerson(server, clock, "alice", options)
  const bob = await newPerson(server, clock, "bob", options)
  const group = await clock.during(alice.client.createGroup("friends"))
  alice.client.connect()
  const done = (sending: Promise<{ readonly id: string }>) =>
    clock.during(sending.then(({ id }) => group.waitAccepted(id)))
  await done(group.invite("bob"))
  await clock.during(bob.client.sync())
  return { clock, server, alice, bob, group, done }
}

describe("a server that lies about names", () => {
  it("cannot make one key answer to a second name", async () => {
    const { clock, server, alice, group } = await friends()
    server.accounts.set("carol", server.account("bob"))
    await expect(clock.during(group.invite("carol"))).rejects.toMatchObject({ code: "identity_changed" })
    expect(group.members().map(({ username }) => username)).toContain("bob")
    await expect(clock.during(alice.client.contact("carol"))).rejects.toMatchObject({ code: "identity_changed" })
  })

  it("cannot give our own name to somebody else", async () => {
    const clock = new TestClock()
    const server = new FakeServer()
    const alice = await newPerson(server, clock, "alice")
    const mallory = await newPerson(server, clock, "mallory")
    const group = await clock.during(alice.client.createGroup("friends"))
    server.accounts.set("alice", server.account("mallory"))
    await expect(clock.during(group.invite("alice"))).rejects.toMatchObject({ code: "identity_changed" })
    await clock.during(alice.client.close())
    await clock.during(mallory.client.close())
  })

  it.each([
    ["an empty name", ""],
    ["a name longer than any key of the store", "x".repeat(600)],
    ["a name that moves the cursor", "bob\u001b[2J"],
    ["a name of two lines", "bob\nalice"],
  ])("with %s leaves the member a key", async (_title, username) => {
    const clock = new TestClock()
    const server = new FakeServer()
    const alice = await newPerson(server, clock, "alice")
    const bob = await newPerson(server, clock, "bob")
    const group = await clock.during(alice.client.createGroup("friends"))
    await clock.during(group.invite("bob"))
    await clock.during(alice.client.sync())
    Object.assign(server.account("alice"), { username })
    await clock.during(bob.client.sync())
    const names = bob.client
      .conversation("friends")
      .members()
      .map((person) => person.username)
    expect(names).not.toContain(username)
    expect(bob.client.connectionState).toMatchObject({ at: "online" })
  })
})

describe("a server that answers nonsense", () => {
  it("cannot make a text disappear by calling it a late commit", async () => {
    const { clock, server, alice, group } = await friends()
    server.answerInstead = (method) =>
      method === "batchEnqueue"
        ? { outcome: { case: "epochConflict", value: { currentEpoch: 9n, missedCommits: [] } } }
        : undefined
    const { id } = await clock.during(group.send("precious"))
    await expect(clock.during(group.waitAccepted(id))).rejects.toMatchObject({ code: "send_failed" })
    expect(await group.history()).toMatchObject([{ text: "precious", state: "failed" }])
    await clock.during(alice.client.close())
  })

  it("cannot keep a synchronisation going for ever with envelopes that were taken in", async () => {
    const { clock, server, bob } = await friends()
    let peeks = 0
    server.answerInstead = (method) => {
      if (method !== "peek" || (peeks += 1) > 500) return undefined
      return { envelopes: [{ seq: 1n, data: new Uint8Array(1), acceptedAtMs: 0n }], more: true }
    }
    await clock.during(bob.client.sync().catch(() => undefined))
    server.cut()
    await clock.during(bob.client.sync({ waitMs: 5000 }).catch(() => undefined))
    expect(peeks).toBeLessThan(100)
  })

  it("keeps us connected while it takes none of our key packages", async () => {
    const { clock, server, bob, group } = await friends()
    server.account("bob").keyPackages.length = 0
    server.before = (method) =>
      method === "uploadKeyPackage" ? new RpcError("invalid_argument", "key_package_invalid", "too old") : undefined
    server.cut()
    await clock.during(group.send("still there?"))
    const report = await clock.during(bob.client.sync({ until: ({ received }) => received.length > 0 }))
    expect(texts(report.received)).toEqual(["still there?"])
    expect(report.notices).toMatchObject([{ reason: "key_packages_refused" }])
    expect(bob.client.connectionState).toMatchObject({ at: "online" })
  })

  it("cannot fill the disk by losing our key packages again and again", async () => {
    const { clock, server, bob } = await friends({ limits: { keyPackagesKept: 12 } })
    for (let i = 0; i < 10; i++) {
      server.account("bob").keyPackages.length = 0
      server.cut()
      await clock.during(bob.client.sync())
    }
    expect((await bob.store.list("key_packages")).length).toBeLessThanOrEqual(12)
  })

  it("cannot fill the disk by calling our last-resort key package used again and again", async () => {
    const { clock, server, bob } = await friends({ limits: { keyPackagesKept: 12 } })
    for (let i = 0; i < 40; i++) {
      server.account("bob").lastResort!.uses = 1
      server.cut()
      await clock.during(bob.client.sync())
    }
    expect(await bob.store.list("key_packages")).toHaveLength(12)
  })

  it("cannot fill the disk by refusing our last-resort key package again and again", async () => {
    const { clock, server, bob } = await friends({ limits: { keyPackagesKept: 12 } })
    server.account("bob").lastResort = undefined
    server.latestExpiryMs = 0
    for (let i = 0; i < 40; i++) {
      server.cut()
      await clock.during(bob.client.sync())
    }
    // Three that nobody has used, the last-resort one, and the one that lives shorter.
    expect(await bob.store.list("key_packages")).toHaveLength(5)
    expect(bob.client.connectionState).toMatchObject({ at: "online" })
  })

  it("gets another last-resort key package in time though no more of them are kept", async () => {
    const { clock, server, bob } = await friends({ limits: { keyPackagesKept: 1 } })
    const before = server.account("bob").lastResort!.data
    clock.advance(84 * 86_400_000)
    server.cut()
    const isOther = (): boolean => server.account("bob").lastResort!.data !== before
    await clock.during(bob.client.sync({ until: isOther, waitMs: 1000 }))
    expect(isOther()).toBe(true)
  })
})

describe("somebody who sends us envelopes of groups that do not exist", () => {
  it("cannot take more of the disk than the limit", async () => {
    const clock = new TestClock()
    const server = new FakeServer()
    const alice = await newPerson(server, clock, "alice")
    const bob = await newPerson(server, clock, "bob", { limits: { parkedBytes: 1000 } })
    const group = await clock.during(alice.client.createGroup("friends"))
    alice.client.connect()
    const done = (sending: Promise<{ readonly id: string }>) =>
      clock.during(sending.then(({ id }) => group.waitAccepted(id)))
    await done(group.invite("bob"))
    await done(group.send("x"))
    const envelope = envelopeOf(server, "bob", 1)
    server.account("bob").inbox.length = 0
    for (let i = 0; i < 5; i++) server.deliver("bob", envelope)
    await clock.during(bob.client.sync())
    const rows = await bob.store.list("parked")
    expect(rows.length).toBe(Math.floor(1000 / envelope.length))
    const again = await openPerson(server, clock, bob.disk, { limits: { parkedBytes: 1000 } })
    server.deliver("bob", envelope)
    await clock.during(bob.client.close())
    await clock.during(again.client.sync())
    expect((await again.store.list("parked")).length).toBe(rows.length)
  })
})

describe("a conversation named like the id of another", () => {
  it("does not receive what was meant for the other", async () => {
    const { clock, alice, group } = await friends()
    const id = toHex(group.id)
    await clock.during(alice.client.createGroup(id.slice(0, 8)))
    await clock.during(alice.client.createGroup(id))
    expect(() => alice.client.conversation(id.slice(0, 8))).toThrow(
      expect.objectContaining({ code: "conversation_ambiguous" }),
    )
    expect(toHex(alice.client.conversation(id).id)).toBe(id)
  })
})

describe("many messages that nobody has looked at", () => {
  it("are all unread, a thousand at a time, the oldest first", async () => {
    const { clock, bob, group } = await friends()
    for (let i = 0; i < 1005; i++) await group.send(`${i}`)
    await clock.during(bob.client.sync({ until: ({ received }) => received.length >= 1005, waitMs: 120_000 }))
    const bobs = bob.client.conversation("friends")
    const first = await bobs.unread()
    expect([first.length, first[0]?.text, first.at(-1)?.text]).toEqual([1000, "0", "999"])
    await bobs.markRead(first.at(-1)!.position)
    expect(texts(await bobs.unread())).toEqual(["1000", "1001", "1002", "1003", "1004"])
  })
})

describe("a disk that is full for a while", () => {
  it("does not end the link when the server's word about a message cannot be written", async () => {
    const { clock, server, alice, group } = await friends()
    server.after = (method) => {
      if (method === "batchEnqueue") alice.store.isFull = true
      return undefined
    }
    const { id } = await clock.during(group.send("kept"))
    await clock.during(alice.client.sync({ waitMs: 2000 }).catch(() => undefined))
    expect(alice.client.connectionState.at).not.toBe("stopped")
    server.after = () => undefined
    alice.store.isFull = false
    await clock.during(group.waitAccepted(id, { timeoutMs: 120_000 }))
    expect(await group.history()).toMatchObject([{ text: "kept", state: "accepted" }])
  })

  it("does not lose what had arrived before its group", async () => {
    const clock = new TestClock()
    const server = new FakeServer()
    const alice = await newPerson(server, clock, "alice")
    const bob = await newPerson(server, clock, "bob")
    const group = await clock.during(alice.client.createGroup("friends"))
    alice.client.connect()
    await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
    await clock.during(group.send("early").then(({ id }) => group.waitAccepted(id)))
    const [welcome, early] = [envelopeOf(server, "bob", 0), envelopeOf(server, "bob", 1)]
    server.account("bob").inbox.length = 0
    server.deliver("bob", early)
    await clock.during(bob.client.sync())
    const commit = bob.store.commit.bind(bob.store)
    bob.store.commit = async (changes) => {
      await commit(changes)
      // The next commit after the one that joins finds the disk full.
      if (changes.some(({ collection, kind }) => collection === "group_records" && kind === "put"))
        bob.store.isFull = true
    }
    server.deliver("bob", welcome)
    await clock.during(bob.client.sync({ waitMs: 1000 }).catch(() => undefined))
    bob.store.commit = commit
    bob.store.isFull = false
    await clock.during(bob.client.sync({ waitMs: 60_000, until: ({ received }) => received.length > 0 }))
    expect(texts(await bob.client.conversation("friends").history())).toEqual(["early"])
  })
})

describe("more calls than may wait", () => {
  it("do not keep what arrives from being written down", async () => {
    const { clock, bob, done, group } = await friends({ limits: { callsWaiting: 2 } })
    const bobs = bob.client.conversation("friends")
    bob.client.connect()
    await clock.during(bob.client.sync())
    const commit = bob.store.commit.bind(bob.store)
    const slow = Promise.withResolvers<void>()
    bob.store.commit = async (changes) => slow.promise.then(() => commit(changes))
    const [first, second] = [bobs.send("one"), bobs.send("two")]
    await expect(bobs.send("three")).rejects.toMatchObject({ code: "busy" })
    await done(group.send("meanwhile"))
    expect(bob.client.connectionState).toMatchObject({ at: "online" })
    slow.resolve()
    await clock.during(Promise.all([first, second]))
    expect(await clock.during(bob.client.sync())).toMatchObject({ pending: 0, isComplete: true, notices: [] })
    expect(texts(await bobs.history()).toSorted()).toEqual(["meanwhile", "one", "two"])
  })
})

const closed = (): Promise<never> =>
  Promise.reject(new ClientError("store_closed", "closed", { nextStep: "Start again." }))

describe("a disk that fails", () => {
  it("is reported as what it is", async () => {
    const { clock, bob } = await friends()
    // What was in memory only is woken from the disk then, which fails too: that is not the reason.
    bob.store.commit = () => {
      Object.assign(bob.store, { get: closed, list: closed })
      return Promise.reject(new ClientError("store_io", "no disk", { nextStep: "Check the disk." }))
    }
    await expect(clock.during(bob.client.conversation("friends").send("lost"))).rejects.toMatchObject({
      code: "store_io",
    })
  })
})
