import { RpcError } from "@qpc/rpc"
import { fromHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { ClientLimits } from "./api.ts"
import type { ClientEvent, TextGap } from "./model.ts"
import uncounted from "./testing/fixtures/uncounted-key-package.json" with { type: "json" }
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import type { Person } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

/** Alice and bob in one group. */
async function two() {
  const clock = new TestClock()
  const server = new FakeServer()
  const alice = await newPerson(server, clock, "alice")
  const bob = await newPerson(server, clock, "bob")
  const group = await clock.during(alice.client.createGroup("friends"))
  await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
  for (const { client } of [alice, bob, alice, bob]) await clock.during(client.sync())
  return { clock, server, alice, bob }
}
type World = Awaited<ReturnType<typeof two>>

const groupOf = ({ client }: Person) => client.conversations()[0]!
const historyOf = async (person: Person) =>
  (await groupOf(person).history()).map(({ text, isLate }) => (isLate === true ? `${text} (late)` : text))

async function say({ clock }: World, person: Person, text: string): Promise<void> {
  const sent = groupOf(person).send(text)
  await clock.during(sent.then(({ id }) => groupOf(person).waitAccepted(id)))
}

/** Bob was away while alice wrote; of what waits for him, the server hands out the last message only. */
async function withGap(world: World): Promise<Person> {
  const { clock, server, alice, bob } = world
  await clock.during(bob.client.close())
  for (const text of ["one", "two", "three"]) await say(world, alice, text)
  const { inbox } = server.account("bob")
  inbox.splice(0, 2)
  const back = await openPerson(server, clock, bob.disk)
  await clock.during(back.client.sync())
  return back
}

/** As {@link withGap}, but of four messages the second and the last come, and alice is away. */
async function withTwoGaps(world: World, limits: Partial<ClientLimits> = {}): Promise<Person> {
  const { clock, server, alice, bob } = world
  await clock.during(bob.client.close())
  for (const text of ["one", "two", "three", "four"]) await say(world, alice, text)
  const { inbox } = server.account("bob")
  for (const at of [2, 0]) inbox.splice(at, 1)
  await clock.during(alice.client.close())
  return openPerson(server, clock, bob.disk, { limits })
}

/** Lets minutes go by in which these are online. */
async function goOn({ clock }: World, minutes: number, ...people: readonly Person[]): Promise<void> {
  for (let steps = 0; steps < minutes * 6; steps++) {
    clock.advance(10_000)
    for (const { client } of people) await clock.during(client.sync())
  }
}

const standing = ({ from, to, state, reason, sender }: TextGap): string =>
  [sender.username, `${from}-${to}`, state, ...(reason === undefined ? [] : [reason])].join(" ")

describe("a member who never got some messages", () => {
  it("is told of a gap, and reads what another member hands in", async () => {
    const world = await two()
    const back = await withGap(world)
    expect(await historyOf(back)).toEqual(["three"])
    const events: ClientEvent[] = []
    const abort = new AbortController()
    const listening = (async () => {
      for await (const event of back.client.events(abort.signal)) events.push(event)
    })()
    await goOn(world, 1, world.alice, back)
    abort.abort()
    await listening
    expect(events.flatMap((event) => (event.kind === "gap" ? [standing(event.gap)] : []))).toEqual([
      "alice 1-2 asking",
      "alice 1-1 delivered",
      "alice 2-2 delivered",
    ])
    expect(await historyOf(back)).toEqual(["three", "one (late)", "two (late)"])
    expect(await groupOf(back).gaps()).toEqual([])
    expect(await back.client.notices()).toEqual([])
    expect(await world.alice.client.notices()).toEqual([])
  })

  it("is told, and still knows after a restart, when nobody can be heard", async () => {
    const world = await two()
    const back = await withGap(world)
    await world.clock.during(world.alice.client.close())
    await goOn(world, 1, back)
    expect((await groupOf(back).gaps()).map(standing)).toEqual(["alice 1-2 asking"])
    const { findings } = await world.clock.during(back.client.diagnose())
    expect(findings.map(({ state }) => state)).toContain("texts_missing")
    await world.clock.during(back.client.close())
    const again = await openPerson(world.server, world.clock, back.disk)
    expect((await groupOf(again).gaps()).map(standing)).toEqual(["alice 1-2 asking"])
    world.clock.advance(4 * 86_400_000)
    await goOn(world, 1, again)
    expect((await groupOf(again).gaps()).map(standing)).toEqual(["alice 1-2 lost nobody_has_it"])
  })

  it("misses nothing that its author was told to have failed", async () => {
    const world = await two()
    const { clock, server, alice, bob } = world
    const refusal = new RpcError("permission_denied", "not_a_member", "no")
    server.before = (method) => (method === "batchEnqueue" ? refusal : undefined)
    const { id } = await clock.during(groupOf(alice).send("refused"))
    await expect(clock.during(groupOf(alice).waitAccepted(id))).rejects.toMatchObject({ code: "send_failed" })
    server.before = () => undefined
    await say(world, alice, "hello")
    await clock.during(bob.client.sync())
    await goOn(world, 1, alice, bob)
    expect(await historyOf(bob)).toEqual(["hello"])
    expect(await groupOf(bob).gaps()).toEqual([])
  })

  it("has the newest gaps remembered, as many as the limit says", async () => {
    const world = await two()
    const back = await withTwoGaps(world, { gapsKept: 1 })
    await goOn(world, 1, back)
    expect((await groupOf(back).gaps()).map(standing)).toEqual(["alice 3-3 asking"])
  })

  it("gets what somebody had room for who could not send, also after a restart: one answer more is left out", async () => {
    const world = await two()
    const back = await withTwoGaps(world)
    const { clock, server, alice } = world
    let helper = alice
    for (const minutes of [0.75, 2]) {
      await goOn(world, minutes, back)
      helper = await openPerson(server, clock, alice.disk, { limits: { controlRows: 1 } })
      server.before = (method) => (method === "batchEnqueue" ? new RpcError("unavailable", "busy", "later") : undefined)
      expect(await clock.during(helper.client.sync())).toMatchObject({ pending: 1, notices: [] })
      await clock.during(helper.client.close())
      server.before = () => undefined
    }
    helper = await openPerson(server, clock, alice.disk)
    await goOn(world, 2, helper, back)
    expect(await historyOf(back)).toEqual(["two", "four", "one (late)"])
    expect((await groupOf(back).gaps()).map(standing)).toEqual(["alice 3-3 asking"])
  })
})

describe("a group that somebody comes into whose program does not number messages", () => {
  it("is told of, with who brought them in, as is whoever did", async () => {
    const { clock, server, alice, bob } = await two()
    const { identityKey, keyPackage } = uncounted
    const account = { ...server.account("bob"), username: "old", identityKey: fromHex(identityKey), inbox: [] }
    server.accounts.set("old", { ...account, keyPackages: [fromHex(keyPackage)] })
    await clock.during(
      groupOf(alice)
        .invite("old")
        .then(({ id }) => groupOf(alice).waitAccepted(id)),
    )
    await clock.during(bob.client.sync())
    for (const { client } of [alice, bob]) {
      expect(await client.notices()).toMatchObject([{ reason: "counting_stopped", person: { username: "alice" } }])
    }
  })
})
