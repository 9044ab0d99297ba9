import { toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { Conversation } from "./api.ts"
import { FakeServer } from "./testing/fake-server.ts"
import type { Fault } from "./testing/fake-server.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import type { Person } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

const DAY_MS = 24 * 3_600_000
const UPKEEP = { updateKeysAfterMs: 10 * DAY_MS }

interface Scene {
  readonly clock: TestClock
  readonly server: FakeServer
  alice: Person
  readonly bob: Person
  readonly carol: Person
}

/** Alice, who made the group, and bob in it; carol outside. Everybody is online and nothing is under way. */
async function scene(): Promise<Scene> {
  const clock = new TestClock()
  const server = new FakeServer()
  // Bob's own upkeep must not come between.
  const alice = await newPerson(server, clock, "alice", { group: UPKEEP })
  const bob = await newPerson(server, clock, "bob", { group: { updateKeysAfterMs: 0, updateSpacingMs: 0 } })
  const carol = await newPerson(server, clock, "carol")
  const group = await clock.during(alice.client.createGroup("friends"))
  await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
  const world = { clock, server, alice, bob, carol }
  await settle(world)
  return world
}

async function settle({ clock, alice, bob, carol }: Scene): Promise<void> {
  for (let round = 0; round < 3; round++) {
    for (const { client } of [alice, bob, carol]) await clock.during(client.sync())
  }
}

const groupOf = ({ client }: Person): Conversation => client.conversations()[0]!

/** What a person does, and how everybody can see afterwards that it was done. */
interface Case {
  readonly commit: string
  readonly make: (scene: Scene) => Promise<unknown>
  readonly isSo: (scene: Scene) => boolean
}

const CASES: readonly Case[] = [
  {
    commit: "an invitation",
    make: ({ alice }) => groupOf(alice).invite("carol"),
    isSo: ({ bob, carol }) => groupOf(bob).members().length === 3 && carol.client.conversations().length === 1,
  },
  {
    commit: "a removal",
    make: ({ alice }) => groupOf(alice).remove("bob"),
    isSo: ({ alice, bob }) => groupOf(alice).members().length === 1 && !groupOf(bob).isMember,
  },
  {
    commit: "another name",
    make: ({ alice }) => groupOf(alice).rename("orchard"),
    isSo: ({ bob }) => groupOf(bob).name === "orchard",
  },
  {
    commit: "another role",
    make: ({ alice }) => groupOf(alice).setRole("bob", "admin"),
    isSo: ({ bob }) =>
      groupOf(bob)
        .roles()!
        .every(({ role }) => role === "admin"),
  },
  {
    commit: "the end of the group",
    make: ({ alice }) => groupOf(alice).close(),
    isSo: ({ bob }) => groupOf(bob).isClosed,
  },
  {
    commit: "new keys that nobody asked for",
    make: async ({ clock }) => clock.advance(11 * DAY_MS),
    isSo: () => true,
  },
]

/** Everything that must hold once a commit went through whatever happened to it. */
async function expectMergedOnce(world: Scene, { isSo }: Case): Promise<void> {
  const { server, alice, bob } = world
  await settle(world)
  const [channel] = server.channels.values()
  expect(channel!.epoch).toBe(2n)
  expect(groupOf(alice).epoch).toBe(2n)
  expect(isSo(world)).toBe(true)
  if (groupOf(bob).isMember) {
    expect(toHex(groupOf(bob).epochAuthenticator)).toBe(toHex(groupOf(alice).epochAuthenticator))
  }
  // Nothing is under way, and nothing is owed.
  expect(await world.clock.during(alice.client.sync())).toMatchObject({ pending: 0, isComplete: true })
  const before = server.calls.filter((method) => method === "batchEnqueue").length
  world.clock.advance(60_000)
  await settle(world)
  expect(server.calls.filter((method) => method === "batchEnqueue")).toHaveLength(before)
}

describe.each(CASES)("our own commit in a profile: $commit", (one) => {
  it("is merged once when the answers to it are lost", async () => {
    const world = await scene()
    let cutsLeft = 2
    world.server.after = (method): Fault => (method === "batchEnqueue" && cutsLeft-- > 0 ? "cut" : undefined)
    await world.clock.during(one.make(world))
    await expectMergedOnce(world, one)
    expect(cutsLeft).toBeLessThan(0)
  })

  it("is merged once when it comes back twice", async () => {
    const world = await scene()
    await world.clock.during(one.make(world))
    await settle(world)
    const inbox = world.server.delivered.get("alice")!
    world.server.deliver("alice", inbox.at(-1)!)
    await expectMergedOnce(world, one)
    expect(await world.alice.client.notices()).toMatchObject([{ reason: "epoch_too_old" }])
  })

  it.each([
    [0, false],
    [0, true],
    [1, false],
    [1, true],
  ])("is merged once by whoever is killed at a write after sending it (%d, %s)", async (commits, keepsLast) => {
    const world = await scene()
    let isSent = false
    world.server.after = (method): Fault => {
      if (method === "batchEnqueue" && !isSent) world.alice.store.crashAfter(commits, { keepsLast })
      if (method === "batchEnqueue") isSent = true
      return undefined
    }
    await world.clock.during(one.make(world))
    await world.clock.during(world.alice.client.sync({ waitMs: 1000 }).catch(() => undefined))
    expect(world.alice.store.isDead).toBe(true)
    await world.clock.during(world.alice.client.close().catch(() => undefined))
    world.alice = await openPerson(world.server, world.clock, world.alice.disk, { group: UPKEEP })
    await expectMergedOnce(world, one)
  })
})
