import { suite0003 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

const DAY_MS = 86_400_000

/** Alice and bob have a group each; nothing is left of carol's stock but the last-resort package. */
async function exhaustedCarol() {
  const clock = new TestClock()
  const server = new FakeServer()
  const [alice, bob, carol] = [
    await newPerson(server, clock, "alice"),
    await newPerson(server, clock, "bob"),
    await newPerson(server, clock, "carol"),
  ]
  const alices = await clock.during(alice.client.createGroup("alice's"))
  const bobs = await clock.during(bob.client.createGroup("bob's"))
  await clock.during(carol.client.close())
  server.account("carol").keyPackages.length = 0
  return { clock, server, alice, bob, carol, alices, bobs }
}

/** Carol comes back, takes in what waits, and looks after her key packages. */
async function carolReturns({ clock, server, carol }: Awaited<ReturnType<typeof exhaustedCarol>>) {
  const back = await openPerson(server, clock, carol.disk)
  const isStocked = (): boolean => server.account("carol").keyPackages.length === 4
  await clock.during(back.client.sync({ until: isStocked, waitMs: 1000 }))
  return back
}

describe("a stock of key packages that is used up", () => {
  it("gives everybody the last-resort package: both inviters are told, and so is its owner, who replaces it", async () => {
    const world = await exhaustedCarol()
    const { clock, server, alice, bob, alices, bobs } = world
    const before = server.account("carol").lastResort!
    for (const group of [alices, bobs]) {
      await clock.during(group.invite("carol").then(({ id }) => group.waitAccepted(id)))
    }
    for (const { client } of [alice, bob]) {
      const notices = await client.notices()
      expect(notices).toMatchObject([{ reason: "invited_by_last_resort", person: { username: "carol" } }])
    }
    const back = await carolReturns(world)
    expect(back.client.conversations().map(({ name }) => name)).toEqual(expect.arrayContaining(["alice's", "bob's"]))
    expect((await back.client.notices()).map(({ reason }) => reason)).toEqual(["last_resort_used"])
    const after = server.account("carol").lastResort!
    expect(after.uses).toBe(0)
    expect(after.data).not.toEqual(before.data)
    await clock.during(alices.send("welcome"))
    await clock.during(alice.client.sync())
    await clock.during(back.client.sync())
    expect(await back.client.conversation("alice's").history()).toMatchObject([{ text: "welcome" }])
  })

  it("is filled again, and the last-resort package stays where nobody needed it", async () => {
    const world = await exhaustedCarol()
    const before = world.server.account("carol").lastResort!.data
    const back = await carolReturns(world)
    expect(world.server.account("carol").lastResort!.data).toEqual(before)
    expect(await back.client.notices()).toEqual([])
  })

  it("gets the same last-resort package again when the server has lost it", async () => {
    const world = await exhaustedCarol()
    const before = world.server.account("carol").lastResort!.data
    world.server.account("carol").lastResort = undefined
    await carolReturns(world)
    expect(world.server.account("carol").lastResort!.data).toEqual(before)
  })

  it("gets a last-resort package that lives shorter where the server keeps none for so long", async () => {
    const world = await exhaustedCarol()
    const { server } = world
    server.account("carol").lastResort = undefined
    server.latestExpiryMs = world.clock.unixMs() + 30 * DAY_MS
    await carolReturns(world)
    expect(server.account("carol")).toMatchObject({ keyPackages: { length: 4 }, lastResort: { uses: 0 } })
  })

  it("has the server asked about the other suites, and its owner told once, where there is no room for a shorter one", async () => {
    const clock = new TestClock()
    const server = new FakeServer()
    server.keepsSuites = true
    const options = { otherSuites: [suite0003], limits: { keyPackagesKept: 4 } }
    const dave = await newPerson(server, clock, "dave", options)
    await clock.during(dave.client.close())
    server.account("dave").lastResort = undefined
    server.latestExpiryMs = clock.unixMs() + 30 * DAY_MS
    server.calls.length = 0
    for (let times = 0; times < 2; times++) {
      const back = await openPerson(server, clock, dave.disk, options)
      await clock.during(back.client.sync())
      expect((await back.client.notices()).map(({ reason }) => reason)).toEqual(["last_resort_refused"])
      await clock.during(back.client.close())
    }
    // Each time the stock of the first, its last-resort package, and the stock of the second.
    expect(server.calls.filter((method) => method === "uploadKeyPackage")).toHaveLength(6)
  })

  it("has the server asked about the other suites where a shorter one is refused too, which is made once", async () => {
    const [clock, server] = [new TestClock(), new FakeServer()]
    server.keepsSuites = true
    const options = { otherSuites: [suite0003] }
    const dave = await newPerson(server, clock, "dave", options)
    await clock.during(dave.client.close())
    server.account("dave").lastResort = undefined
    server.latestExpiryMs = clock.unixMs() + DAY_MS
    const rounds: unknown[] = []
    for (let times = 0; times < 3; times++) {
      server.calls.length = 0
      const back = await openPerson(server, clock, dave.disk, options)
      await clock.during(back.client.sync())
      expect((await back.client.notices()).map(({ reason }) => reason)).toEqual(["last_resort_refused"])
      await clock.during(back.client.close())
      const uploads = server.calls.filter((method) => method === "uploadKeyPackage").length
      rounds.push({ uploads, kept: dave.disk.collections.get("key_packages")!.size })
    }
    // The stock of the first, its last-resort package, the shorter one that is made the first time, and the stock of the second.
    expect(rounds).toEqual([
      { uploads: 4, kept: 11 },
      { uploads: 3, kept: 11 },
      { uploads: 3, kept: 11 },
    ])
  })

  it.each([
    [60, true],
    [64, false],
  ])("gets another one in time before it ends: after %i days the old one is there: %s", async (days, isOldThere) => {
    const world = await exhaustedCarol()
    const before = world.server.account("carol").lastResort!.data
    world.clock.advance(days * DAY_MS)
    const back = await carolReturns(world)
    expect(world.server.account("carol").lastResort!.data.every((byte, at) => byte === before[at])).toBe(isOldThere)
    expect(await back.client.notices()).toEqual([])
  })
})
