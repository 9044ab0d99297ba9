import { RpcError } from "@qpc/rpc"
import { toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { FakeServer } from "./testing/fake-server.ts"
import { HELPS_NOBODY, newPerson, openPerson } from "./testing/person.ts"
import type { Person } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

const reasons = async ({ client }: Person): Promise<string[]> => (await client.notices()).map(({ reason }) => reason)

/** Alice, bob and carol in one group. */
async function three() {
  const clock = new TestClock()
  const server = new FakeServer()
  const alice = await newPerson(server, clock, "alice", HELPS_NOBODY)
  const bob = await newPerson(server, clock, "bob")
  const carol = await newPerson(server, clock, "carol", HELPS_NOBODY)
  const group = await clock.during(alice.client.createGroup("friends"))
  for (const name of ["bob", "carol"]) await clock.during(group.invite(name).then(({ id }) => group.waitAccepted(id)))
  const all = [alice, bob, carol]
  for (const { client } of [...all, ...all]) await clock.during(client.sync())
  return { clock, server, alice, bob, carol }
}
type World = Awaited<ReturnType<typeof three>>

/** Says that it took whatever was offered, and keeps nothing of it. */
const takeAndThrowAway: FakeServer["answerInstead"] = (method) => {
  if (method !== "batchEnqueue") return undefined
  const value = { duplicate: false, acceptedAtMs: 0n, skippedKeys: [], fullKeys: [] }
  return { outcome: { case: "accepted", value } }
}

const groupOf = ({ client }: Person) => client.conversations()[0]!
const historyOf = async (person: Person): Promise<string[]> => (await groupOf(person).history()).map(({ text }) => text)

async function say({ clock }: World, person: Person, text: string): Promise<void> {
  await clock.during(
    groupOf(person)
      .send(text)
      .then(({ id }) => groupOf(person).waitAccepted(id)),
  )
}

async function rename({ clock }: World, person: Person, name: string): Promise<void> {
  await clock.during(
    groupOf(person)
      .rename(name)
      .then(({ id }) => groupOf(person).waitAccepted(id)),
  )
}

/** What happened while bob was away, as it waits for him; the server has forgotten it then. */
async function meanwhile(world: World, happens: () => Promise<void>): Promise<Uint8Array[]> {
  const { clock, server, bob } = world
  await clock.during(bob.client.close())
  await happens()
  const { inbox } = server.account("bob")
  return inbox.splice(0).map(({ data }) => data)
}

async function bobReads({ clock, server, bob }: World, envelopes: readonly Uint8Array[]): Promise<Person> {
  for (const envelope of envelopes) server.deliver("bob", envelope)
  const back = await openPerson(server, clock, bob.disk)
  await clock.during(back.client.sync())
  return back
}

/** Bob is where the others are, and can speak with them. */
async function expectTogether(world: World, back: Person): Promise<void> {
  const { clock, alice } = world
  await clock.during(alice.client.sync())
  expect(toHex(groupOf(back).epochAuthenticator)).toBe(toHex(groupOf(alice).epochAuthenticator))
  await say(world, back, "together")
  await clock.during(alice.client.sync())
  expect((await historyOf(alice)).at(-1)).toBe("together")
}

async function textAndCommit(world: World): Promise<Uint8Array[]> {
  return meanwhile(world, async () => {
    await say(world, world.alice, "before")
    await rename(world, world.alice, "orchard")
    await say(world, world.alice, "after")
  })
}

describe("a server that delivers in another order", () => {
  it.each([
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ])("loses nothing, whether texts or commits come first: %d %d %d", async (...order) => {
    const world = await three()
    const envelopes = await textAndCommit(world)
    expect(envelopes).toHaveLength(3)
    const back = await bobReads(
      world,
      order.map((at) => envelopes[at]!),
    )
    expect((await historyOf(back)).toSorted()).toEqual(["after", "before"])
    // A commit that was fetched, because a text needed it, comes once more.
    expect((await reasons(back)).filter((reason) => reason !== "epoch_too_old")).toEqual([])
    await expectTogether(world, back)
  })
})

describe("a server that delivers again", () => {
  it("has nothing shown or followed twice, and each repetition becomes a notice", async () => {
    const world = await three()
    const envelopes = await textAndCommit(world)
    const back = await bobReads(world, [...envelopes, ...envelopes, ...envelopes])
    expect(await historyOf(back)).toEqual(["before", "after"])
    expect(new Set(await reasons(back))).toEqual(new Set(["replay_detected", "epoch_too_old"]))
    expect(await reasons(back)).toHaveLength(6)
    await expectTogether(world, back)
  })

  it("has a text read that comes three epochs late, and a notice for one of before", async () => {
    const world = await three()
    const { alice } = world
    const [older, one, late, ...commits] = await meanwhile(world, async () => {
      await say(world, alice, "older")
      await rename(world, alice, "one")
      await say(world, alice, "late")
      for (const name of ["two", "three", "four"]) await rename(world, alice, name)
    })
    const back = await bobReads(world, [one!, ...commits, late!, older!])
    expect(await historyOf(back)).toEqual(["late"])
    expect(await reasons(back)).toEqual(["epoch_too_old"])
    await expectTogether(world, back)
  })
})

describe("a server that keeps back", () => {
  it("a text cannot keep back what follows, nor change it", async () => {
    const world = await three()
    const [, commit, after] = await textAndCommit(world)
    const back = await bobReads(world, [commit!, after!])
    expect(await historyOf(back)).toEqual(["after"])
    await expectTogether(world, back)
  })

  it("all that one member says is not noticed by the others, who go on; what comes late is read", async () => {
    const world = await three()
    const { clock, server, alice, carol } = world
    const [hers, his] = await meanwhile(world, async () => {
      await clock.during(carol.client.sync())
      await say(world, carol, "from carol")
      await say(world, alice, "from alice")
    })
    const back = await bobReads(world, [his!])
    expect(await historyOf(back)).toEqual(["from alice"])
    server.deliver("bob", hers!)
    await clock.during(back.client.sync({ until: ({ received }) => received.length > 0 }))
    expect(await historyOf(back)).toEqual(["from alice", "from carol"])
  })

  it("commits has that told as missing history, and when they come after all the group goes on", async () => {
    const world = await three()
    const { clock, server } = world
    const [before, commit, after] = await textAndCommit(world)
    const [channel] = server.channels.values()
    const kept = channel!.log.splice(0)
    const back = await bobReads(world, [before!, after!])
    expect(await historyOf(back)).toEqual(["before"])
    expect(groupOf(back).epoch).toBe(2n)
    expect(await reasons(back)).toEqual(["history_gone"])
    channel!.log.push(...kept)
    server.deliver("bob", commit!)
    await clock.during(back.client.sync())
    expect(groupOf(back)).toMatchObject({ epoch: 3n, name: "orchard" })
    expect(groupOf(back).missing).toBeUndefined()
    await expectTogether(world, back)
  })
})

describe("a server that invents", () => {
  it("envelopes is not believed: each becomes a notice, and the conversation goes on", async () => {
    const world = await three()
    const envelopes = await textAndCommit(world)
    const damaged = envelopes.map((envelope) => {
      const copy = envelope.slice()
      copy.set([copy.at(-9)! ^ 1], copy.length - 9)
      return copy
    })
    const back = await bobReads(world, [new Uint8Array(0), new Uint8Array(300).fill(7), ...damaged, ...envelopes])
    expect(await historyOf(back)).toEqual(["before", "after"])
    // The damaged text has the commit fetched, which then comes once more.
    expect((await reasons(back)).filter((reason) => reason !== "epoch_too_old").toSorted()).toEqual([
      "decrypt_failed",
      "decrypt_failed",
      "decrypt_failed",
      "malformed_envelope",
      "malformed_envelope",
    ])
    await expectTogether(world, back)
  })

  it("that it took a text which it threw away cannot be noticed by its author alone, and harms nothing else", async () => {
    const world = await three()
    const { clock, server, alice, bob } = world
    server.answerInstead = takeAndThrowAway
    await say(world, alice, "into the void")
    server.answerInstead = () => undefined
    await say(world, alice, "heard")
    await clock.during(bob.client.sync())
    expect(await historyOf(bob)).toEqual(["heard"])
  })

  it("that it took a change which it threw away does not make it so, and texts go on", async () => {
    const world = await three()
    const { clock, server, alice, bob } = world
    server.answerInstead = takeAndThrowAway
    const { id } = await clock.during(groupOf(alice).rename("orchard"))
    await expect(clock.during(groupOf(alice).waitAccepted(id, { timeoutMs: 5000 }))).rejects.toMatchObject({
      code: "timeout",
    })
    server.answerInstead = () => undefined
    expect(groupOf(alice)).toMatchObject({ name: "friends", epoch: 2n })
    await say(world, alice, "still here")
    await clock.during(bob.client.sync())
    expect(await historyOf(bob)).toEqual(["still here"])
  })

  it("that we are not in the channel has the text fail, and says what to do", async () => {
    const world = await three()
    const { clock, server, alice } = world
    server.before = (method) =>
      method === "batchEnqueue" ? new RpcError("permission_denied", "not_a_member", "no") : undefined
    const { id } = await clock.during(groupOf(alice).send("hello?"))
    await expect(clock.during(groupOf(alice).waitAccepted(id))).rejects.toMatchObject({ code: "send_failed" })
    const [message] = await groupOf(alice).history()
    expect(message!.failure?.nextStep).toMatch(/\w/)
    server.before = () => undefined
    await say(world, alice, "hello")
  })

  it("numbers far ahead loses what it numbers below them, and that is told", async () => {
    const world = await three()
    const { clock, server, alice, bob } = world
    server.account("bob").newestSeq = 2n ** 60n
    await say(world, alice, "far")
    await clock.during(bob.client.sync())
    server.account("bob").newestSeq = 5n
    await clock.during(bob.client.close())
    await say(world, alice, "near")
    const back = await openPerson(server, clock, bob.disk)
    await clock.during(back.client.sync())
    expect(await historyOf(back)).toEqual(["far", "near"])
    expect(await reasons(back)).toEqual(["server_reset"])
  })
})
