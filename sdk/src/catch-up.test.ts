import { RpcError } from "@qpc/rpc"
import { equalBytes } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { Client } from "./api.ts"
import { FakeServer } from "./testing/fake-server.ts"
import { HELPS_NOBODY, newPerson, openPerson } from "./testing/person.ts"
import type { Person } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

/** Alice, an admin, and bob share a group; bob is switched off, and his inbox is full from now on. */
async function bobIsFull() {
  const world = await bobIsConnected()
  const { clock, server, bob } = world
  await clock.during(bob.client.close())
  server.full.add("bob")
  /** Bob's inbox has room again, and he is there. */
  const back = (): Promise<Person> => {
    server.full.clear()
    return openPerson(server, clock, bob.disk)
  }
  return { ...world, back }
}

async function bobIsConnected() {
  const clock = new TestClock()
  const server = new FakeServer()
  const alice = await newPerson(server, clock, "alice", HELPS_NOBODY)
  const bob = await newPerson(server, clock, "bob")
  const group = await clock.during(alice.client.createGroup("friends"))
  await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
  await clock.during(bob.client.sync())
  const rename = (name: string): Promise<unknown> =>
    clock.during(group.rename(name).then(({ id }) => group.waitAccepted(id)))
  const say = (text: string): Promise<unknown> =>
    clock.during(group.send(text).then(({ id }) => group.waitAccepted(id)))
  const fetched = (): number => server.calls.filter((method) => method === "fetchCommits").length
  return { clock, server, alice, bob, group, rename, say, fetched }
}

const epochOf = (client: Client): bigint => client.conversations()[0]!.epoch

describe("a member whose inbox had no room for commits", () => {
  it("fetches them when it is next there, although nobody has spoken since", async () => {
    const { clock, back, group, rename } = await bobIsFull()
    for (const name of ["one", "two", "three"]) await rename(name)
    const bob = await back()
    expect(await clock.during(bob.client.sync())).toMatchObject({ isComplete: true, notices: [] })
    expect(epochOf(bob.client)).toBe(group.epoch)
    expect(bob.client.conversation("three").epochAuthenticator).toEqual(group.epochAuthenticator)
  })

  it("fetches them before the first message that needs them, and no further ones, so that it reads everything", async () => {
    const { clock, server, alice, back, rename, say } = await bobIsFull()
    for (const name of ["one", "two", "three"]) await rename(name)
    server.full.clear()
    await say("in three")
    server.full.add("bob")
    for (const name of ["four", "five", "six", "seven"]) await rename(name)
    server.full.clear()
    await say("in seven")
    const bob = await back()
    await clock.during(bob.client.sync())
    const history = await bob.client.conversation("seven").history()
    expect(history.map(({ text }) => text)).toEqual(["in three", "in seven"])
    expect(await bob.client.notices()).toEqual([])
    expect(epochOf(bob.client)).toBe(epochOf(alice.client))
  })

  it("hears of it while it is connected, as soon as it makes room", async () => {
    const { clock, server, bob, group, rename, fetched } = await bobIsConnected()
    server.full.add("bob")
    await rename("one")
    expect(epochOf(bob.client)).toBe(1n)
    const before = fetched()
    // The next acknowledgement is the one that makes room: for whatever it was that filled the inbox.
    server.full.clear()
    server.deliver("bob", new Uint8Array([1, 2, 3]))
    await clock.during(bob.client.sync({ until: () => epochOf(bob.client) === group.epoch }))
    expect(fetched()).toBe(before + 1)
  })

  it("gets its own commit from there too", async () => {
    const { clock, server, alice, group } = await bobIsConnected()
    server.full.add("alice")
    const { id } = await clock.during(group.rename("one"))
    await clock.during(alice.client.sync())
    expect(group.epoch).toBe(1n)
    server.full.clear()
    server.deliver("alice", new Uint8Array([1, 2, 3]))
    await clock.during(group.waitAccepted(id))
    expect(group.epoch).toBe(2n)
  })

  it("asks nothing more than once about a label that the server's log does not lead to", async () => {
    const { clock, server, back, fetched, rename } = await bobIsFull()
    await rename("one")
    const bob = await back()
    await clock.during(bob.client.sync())
    const [channel] = server.channels.values()
    const lie = channel!.log.at(-1)!.data.slice()
    // An envelope's epoch follows its version, its kind and its group id.
    new DataView(lie.buffer).setBigUint64(18, 1000n)
    const before = fetched()
    server.deliver("bob", lie)
    await clock.during(bob.client.sync())
    expect(fetched()).toBe(before + 1)
    expect(epochOf(bob.client)).toBe(2n)
  })
})

async function invitedAgain() {
  const { clock, server, group, rename, say, back } = await bobIsFull()
  await clock.during(group.remove("bob").then(({ id }) => group.waitAccepted(id)))
  await rename("one")
  server.full.clear()
  const invite = (): Promise<unknown> => clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
  return { clock, server, group, invite, say, back }
}

describe("a member who was removed and invited again while the removal had no room", () => {
  it("is in again, and reads what is written from then on", async () => {
    const { clock, group, invite, say, back } = await invitedAgain()
    await invite()
    await say("welcome back")
    const bob = await back()
    await clock.during(bob.client.sync())
    const bobs = bob.client.conversation("one")
    expect(bobs.epochAuthenticator).toEqual(group.epochAuthenticator)
    expect((await bobs.history()).map(({ text }) => text)).toEqual(["welcome back"])
    expect(await bob.client.notices()).toEqual([])
  })

  it("is in again where the log has the removal no more, and is told what is missing", async () => {
    const { clock, server, group, invite, back } = await invitedAgain()
    const [channel] = server.channels.values()
    channel!.log.length = 0
    await invite()
    const bob = await back()
    await clock.during(bob.client.sync())
    const { isMember, epoch, missing } = bob.client.conversation("one")
    expect([isMember, epoch]).toEqual([true, group.epoch])
    expect(missing).toEqual({ fromEpoch: 1n, toEpoch: group.epoch, isBehindUs: true })
  })
})

describe("a Welcome that is pushed", () => {
  it("costs no question about all groups", async () => {
    const { clock, server, alice, bob } = await bobIsConnected()
    bob.client.connect()
    await clock.during(bob.client.sync())
    const asked = (): number => server.calls.filter((method) => method === "fetchEpochs").length
    const group = await clock.during(alice.client.createGroup("another"))
    const before = asked()
    await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
    await clock.during(bob.client.sync({ waitMs: 1000, until: () => bob.client.conversations().length === 2 }))
    expect(bob.client.conversations().map(({ epoch }) => epoch)).toEqual([1n, 1n])
    expect(asked()).toBe(before)
  })

  it("is followed by the commits behind it that found no room", async () => {
    const { clock, server, alice, bob } = await bobIsConnected()
    bob.client.connect()
    await clock.during(bob.client.sync())
    const group = await clock.during(alice.client.createGroup("another"))
    await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
    server.full.add("bob")
    await clock.during(group.rename("renamed").then(({ id }) => group.waitAccepted(id)))
    server.full.clear()
    server.deliver("bob", new Uint8Array([1, 2, 3]))
    await clock.during(
      bob.client.sync({ waitMs: 1000, until: () => bob.client.conversations().some(({ name }) => name === "renamed") }),
    )
    expect(bob.client.conversations().find(({ id }) => equalBytes(id, group.id))?.epoch).toBe(2n)
  })
})

describe("catching up", () => {
  it.each([false, true])(
    "goes on where it was after a crash at any durable step (last step kept: %s), and loses nothing",
    async (keepsLast) => {
      for (let steps = 0; steps < 6; steps++) {
        const { clock, server, back, group, rename, say } = await bobIsFull()
        for (const name of ["one", "two", "three"]) await rename(name)
        const bob = await back()
        await say("in three")
        bob.store.crashAfter(steps, { keepsLast })
        await clock.during(bob.client.sync().catch(() => undefined))
        await clock.during(bob.client.close().catch(() => undefined))
        const again = await openPerson(server, clock, bob.disk)
        await clock.during(again.client.sync())
        expect((await again.client.conversation("three").history()).map(({ text }) => text)).toEqual(["in three"])
        expect(epochOf(again.client)).toBe(group.epoch)
        expect(await again.client.notices()).toEqual([])
      }
    },
  )

  it.each(["before", "after"] as const)("survives a connection that breaks %s any call", async (when) => {
    for (let calls = 0; calls < 8; calls++) {
      const { clock, server, back, group, rename, say } = await bobIsFull()
      for (const name of ["one", "two", "three"]) await rename(name)
      const bob = await back()
      await say("in three")
      let left = calls
      server[when] = () => (left-- === 0 ? "cut" : undefined)
      await clock.during(bob.client.sync({ until: ({ received }) => received.length === 1 }))
      expect(epochOf(bob.client)).toBe(group.epoch)
      expect((await bob.client.conversation("three").history()).map(({ text }) => text)).toEqual(["in three"])
    }
  })

  it("acknowledges nothing that is not on disk", async () => {
    const { clock, server, back, rename, say } = await bobIsFull()
    await rename("one")
    const bob = await back()
    await say("in one")
    bob.store.isFull = true
    await clock.during(bob.client.sync({ waitMs: 2000 }).catch(() => undefined))
    expect(server.account("bob").inbox).toHaveLength(1)
    bob.store.isFull = false
    await clock.during(bob.client.sync({ until: ({ received }) => received.length === 1, waitMs: 60_000 }))
    expect(epochOf(bob.client)).toBe(2n)
  })

  it("stops at a commit that nobody can follow, and does not ask for it again and again", async () => {
    const { clock, server, back, rename, say, fetched } = await bobIsFull()
    for (const name of ["one", "two"]) await rename(name)
    const [channel] = server.channels.values()
    const [, broken] = channel!.log
    broken!.data.fill(0, 40)
    const bob = await back()
    for (const text of ["a", "b", "c"]) await say(text)
    await clock.during(bob.client.sync())
    expect(epochOf(bob.client)).toBe(1n)
    expect(fetched()).toBe(1)
  })
})

describe("a server that refuses the log of one group", () => {
  it.each(["permission_denied", "internal"] as const)("costs that group alone: %s", async (code) => {
    const { clock, server, alice, group, say, rename, back } = await bobIsFull()
    const other = await clock.during(alice.client.createGroup("others"))
    server.full.clear()
    await clock.during(other.invite("bob").then(({ id }) => other.waitAccepted(id)))
    server.full.add("bob")
    await rename("one")
    server.full.clear()
    await say("in one")
    await clock.during(other.send("elsewhere").then(({ id }) => other.waitAccepted(id)))
    let isRefused = true
    server.before = (method) =>
      isRefused && method === "fetchCommits" ? new RpcError(code, "no_log", "not for you") : undefined
    const bob = await back()
    bob.client.connect()
    await clock.during(bob.client.sync())
    const texts = async (name: string): Promise<string[]> =>
      (await bob.client.conversation(name).history()).map(({ text }) => text)
    expect(await texts("others")).toEqual(["elsewhere"])
    expect((await bob.client.notices()).map(({ reason }) => reason)).toEqual(["log_refused"])
    expect(server.account("bob").inbox).toEqual([])
    const { findings } = await clock.during(bob.client.diagnose())
    expect(findings.map(({ state }) => state)).toContain("log_refused")
    server.calls.length = 0
    clock.advance(60_000)
    await clock.during(bob.client.sync())
    expect(await texts("friends")).toEqual([])
    isRefused = false
    clock.advance(60_000)
    await clock.during(bob.client.sync())
    expect(server.calls).not.toContain("resumeSession")
    expect(server.calls.filter((method) => method === "fetchCommits")).toHaveLength(2)
    expect(await texts("one")).toEqual(["in one"])
    expect(bob.client.conversation("one").epoch).toBe(group.epoch)
    expect((await bob.client.notices()).map(({ reason }) => reason)).toEqual(["log_refused"])
  })

  it("is left alone when the connection is over", async () => {
    const { clock, server, rename, say, back } = await bobIsFull()
    await rename("one")
    server.full.clear()
    await say("in one")
    server.before = (method) => (method === "fetchCommits" ? new RpcError("internal", "no_log", "broken") : undefined)
    const setTimer = clock.setTimer.bind(clock)
    let waiting = 0
    clock.setTimer = (delayMs, fire) => {
      const timer = setTimer(delayMs, fire)
      if (delayMs === 60_000) waiting += 1
      return { [Symbol.dispose]: () => (timer[Symbol.dispose](), void (waiting -= delayMs === 60_000 ? 1 : 0)) }
    }
    const bob = await back()
    bob.client.connect()
    await clock.during(bob.client.sync())
    expect(waiting).toBe(1)
    server.isUp = false
    server.cut()
    await clock.during(new Promise((resolve) => setTimer(1000, () => resolve(undefined))))
    expect(waiting).toBe(0)
  })

  it("is not taken for one when it only asks to slow down", async () => {
    const { clock, server, rename, say, back } = await bobIsFull()
    await rename("one")
    server.full.clear()
    await say("in one")
    let isHurried = true
    server.before = (method) =>
      isHurried && method === "fetchCommits" ? new RpcError("resource_exhausted", "rate_limited", "slowly") : undefined
    const bob = await back()
    await clock.during(bob.client.sync({ waitMs: 2000 }).catch(() => undefined))
    expect(server.account("bob").inbox).toHaveLength(1)
    isHurried = false
    await clock.during(bob.client.sync({ waitMs: 60_000, until: ({ received }) => received.length === 1 }))
    expect(await bob.client.notices()).toEqual([])
  })
})
