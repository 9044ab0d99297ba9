import { allowKeyReuse, expectKeyReuse } from "@qpc/crypto/conformance"
import { toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { Client, Conversation } from "./api.ts"
import { FakeServer } from "./testing/fake-server.ts"
import type { Fault } from "./testing/fake-server.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import type { Person } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

const texts = (messages: readonly { readonly text: string }[]): string[] => messages.map(({ text }) => text)

/** Alice and bob in one group; nothing is under way. */
async function friends(): Promise<World> {
  const clock = new TestClock()
  const server = new FakeServer()
  const alice = await newPerson(server, clock, "alice")
  const bob = await newPerson(server, clock, "bob")
  const group = await clock.during(alice.client.createGroup("friends"))
  await clock.during(alice.client.sync())
  await clock.during(accepted(group, group.invite("bob")))
  await clock.during(bob.client.sync())
  return { clock, server, alice, bob }
}

interface World {
  readonly clock: TestClock
  readonly server: FakeServer
  alice: Person
  bob: Person
}

async function accepted(group: Conversation, sending: Promise<{ readonly id: string }>): Promise<void> {
  await group.waitAccepted((await sending).id)
}

/** Whatever happened to the process: it is gone, and what it had not written is too. */
async function restart({ clock, server }: World, person: Person): Promise<Person> {
  await clock.during(person.client.close().catch(() => undefined))
  return openPerson(server, clock, person.disk)
}

/** Everybody takes everything in, until nothing moves. */
async function settle({ clock, alice, bob }: World): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await clock.during(alice.client.sync())
    await clock.during(bob.client.sync())
  }
}

const read = async (client: Client): Promise<string[]> => texts(await client.conversation("friends").history())

async function histories({ clock, alice, bob }: World): Promise<readonly [string[], string[]]> {
  return [await clock.during(read(alice.client)), await clock.during(read(bob.client))]
}

/** Why a key may encrypt again: the first message was never written, and nothing leaves before it is written. */
const LOST = "what the crash took away had not left the process"

/** Commits are counted from the moment before; far more than any action takes. */
const crashPoints = Array.from({ length: 8 }, (_, commits) => [
  { commits, keepsLast: false },
  { commits, keepsLast: true },
]).flat()

describe("a sender killed at any commit", () => {
  it.each(crashPoints)("delivers once what it stored, and nothing else ($commits, $keepsLast)", async (point) => {
    const world = await friends()
    world.alice.store.crashAfter(point.commits, point)
    const group = world.alice.client.conversation("friends")
    const sending = world.clock.during(
      group.send("one").then(async (sent) => await group.waitAccepted(sent.id, { timeoutMs: 1000 })),
    )
    await sending.catch(() => undefined)
    world.alice = await restart(world, world.alice)
    const stored = texts(await world.alice.client.conversation("friends").history())
    await settle(world)
    const again = world.alice.client.conversation("friends")
    const sendAgain = (): Promise<void> => world.clock.during(accepted(again, again.send("two")))
    await (stored.length === 0 ? allowKeyReuse(LOST, sendAgain) : sendAgain())
    await settle(world)
    const [alices, bobs] = await histories(world)
    expect(alices).toEqual([...stored, "two"])
    expect(bobs).toEqual(alices)
  })
})

describe("a reader killed at any commit", () => {
  it.each(crashPoints)("shows each message once, in order ($commits, $keepsLast)", async (point) => {
    const world = await friends()
    await world.clock.during(world.bob.client.close())
    const group = world.alice.client.conversation("friends")
    for (const text of ["one", "two", "three"]) await world.clock.during(accepted(group, group.send(text)))
    world.bob = await openPerson(world.server, world.clock, world.bob.disk)
    world.bob.store.crashAfter(point.commits, point)
    await world.clock.during(world.bob.client.sync({ waitMs: 1000 })).catch(() => undefined)
    world.bob = await restart(world, world.bob)
    await settle(world)
    expect((await histories(world))[1]).toEqual(["one", "two", "three"])
    expect(await world.bob.client.notices()).toEqual([])
  })
})

describe("an inviter killed at any commit", () => {
  it.each(crashPoints)("ends with one group that everybody agrees on ($commits, $keepsLast)", async (point) => {
    const world = await friends()
    const { clock, server } = world
    const carol = await newPerson(server, clock, "carol")
    world.alice.store.crashAfter(point.commits, point)
    const group = world.alice.client.conversation("friends")
    await clock.during(accepted(group, group.invite("carol"))).catch(() => undefined)
    world.alice = await restart(world, world.alice)
    const again = world.alice.client.conversation("friends")
    await settle(world)
    const inviteAgain = (): Promise<void> => clock.during(accepted(again, again.invite("carol")))
    if (again.members().length === 2) await allowKeyReuse(LOST, inviteAgain)
    await settle(world)
    await clock.during(carol.client.sync())
    await clock.during(accepted(again, again.send("hello")))
    await settle(world)
    await clock.during(carol.client.sync())
    const conversations = [world.alice, world.bob, carol].map(({ client }) => client.conversation("friends"))
    expect(new Set(conversations.map(({ epochAuthenticator }) => toHex(epochAuthenticator))).size).toBe(1)
    for (const conversation of conversations) expect(texts(await conversation.history())).toEqual(["hello"])
  })
})

describe("a cable cut at any call", () => {
  const cuts = (["batchEnqueue", "ack", "peek", "subscribe", "resumeSession", "uploadKeyPackage"] as const).flatMap(
    (method) => [
      { method, when: "before" as const },
      { method, when: "after" as const },
    ],
  )

  it.each(cuts)("loses and repeats nothing ($when $method)", async ({ method, when }) => {
    const world = await friends()
    let cutsLeft = 3
    world.server[when] = (called): Fault => (called === method && cutsLeft-- > 0 ? "cut" : undefined)
    world.server.cut()
    const groups = [world.alice, world.bob].map(({ client }) => client.conversation("friends"))
    for (const text of ["one", "two"]) {
      for (const group of groups) await world.clock.during(accepted(group, group.send(text)))
    }
    await settle(world)
    const [alices, bobs] = await histories(world)
    expect(alices.toSorted()).toEqual(["one", "one", "two", "two"])
    expect(bobs.toSorted()).toEqual(alices.toSorted())
    // The server recognised every repetition: nobody had to drop one.
    expect(await world.alice.client.notices()).toEqual([])
    expect(await world.bob.client.notices()).toEqual([])
  })
})

describe("a full disk", () => {
  it("keeps the envelope at the server until there is room", async () => {
    const world = await friends()
    const group = world.alice.client.conversation("friends")
    world.bob.store.isFull = true
    await world.clock.during(accepted(group, group.send("one")))
    await world.clock.during(world.bob.client.sync({ waitMs: 5000 })).catch(() => undefined)
    expect((await histories(world))[1]).toEqual([])
    world.bob.store.isFull = false
    await settle(world)
    expect((await histories(world))[1]).toEqual(["one"])
  })

  it("refuses to send, and the group goes on afterwards as if nothing had been tried", async () => {
    const world = await friends()
    const group = world.alice.client.conversation("friends")
    world.alice.store.isFull = true
    await expect(world.clock.during(group.send("lost"))).rejects.toMatchObject({ code: "store_full" })
    world.alice.store.isFull = false
    await expectKeyReuse(LOST, () => world.clock.during(accepted(group, group.send("kept"))))
    await settle(world)
    expect(await histories(world)).toEqual([["kept"], ["kept"]])
  })
})
