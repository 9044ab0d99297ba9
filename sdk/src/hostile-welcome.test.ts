import { newXWingSuite } from "@qpc/crypto/node"
import { toHex } from "@qpc/wire"
import type { Random } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { ClientOptions, Conversation } from "./api.ts"
import type { MemoryDisk } from "./memory-store.ts"
import type { ClientEvent } from "./model.ts"
import { FakeServer } from "./testing/fake-server.ts"
import { HELPS_NOBODY, newPerson, openPerson } from "./testing/person.ts"
import type { Person } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

const reasons = async ({ client }: Person): Promise<string[]> => (await client.notices()).map(({ reason }) => reason)
const groupOf = ({ client }: Person) => client.conversations()[0]!

/** Alice has invited bob with his last-resort key package, which stays good for others, and has changed the group twice since. */
async function world(options: Partial<ClientOptions> = {}) {
  const clock = new TestClock()
  const server = new FakeServer()
  server.keepsSuites = true
  const alice = await newPerson(server, clock, "alice", { ...HELPS_NOBODY, ...options })
  const bob = await newPerson(server, clock, "bob", options)
  const group = await clock.during(alice.client.createGroup("friends"))
  alice.client.connect()
  const done = (sending: Promise<{ readonly id: string }>): Promise<unknown> =>
    clock.during(sending.then(({ id }) => group.waitAccepted(id)))
  server.account("bob").keyPackages.length = 0
  const lastResort = server.account("bob").lastResort!
  await done(group.invite("bob"))
  await clock.during(bob.client.sync())
  const welcome = server.delivered.get("bob")![0]!
  for (const name of ["one", "two"]) await done(group.rename(name))
  await clock.during(bob.client.sync())
  return { clock, server, alice, bob, group, done, welcome, lastResort }
}
type World = Awaited<ReturnType<typeof world>>

/** The server tells bob of an epoch far ahead, and that it no longer has the commits that lead there. */
function sayThatHistoryIsGone({ server }: World): void {
  server.answerInstead = (method) =>
    method === "fetchCommits" ? { commits: [], oldestEpoch: 1000n, newestEpoch: 1000n } : undefined
  const lie = server.delivered.get("bob")!.at(-1)!.slice()
  // An envelope's epoch follows its version, its kind and its group id.
  new DataView(lie.buffer).setBigUint64(18, 1000n)
  server.deliver("bob", lie)
}

/** Bob believes it. */
async function lieAboutHistory(all: World): Promise<void> {
  const { clock, bob } = all
  sayThatHistoryIsGone(all)
  await clock.during(bob.client.sync())
  expect(groupOf(bob).missing).toMatchObject({ isBehindUs: false })
}

async function reopened({ clock, server, bob }: World): Promise<Person> {
  const back = await openPerson(server, clock, bob.disk)
  await clock.during(back.client.sync())
  return back
}

/** Bob, who is away, is removed and invited again; of all that, his inbox has the Welcome. */
async function invitedAnew({ clock, server }: World, group: Conversation): Promise<void> {
  for (const change of [() => group.remove("bob"), () => group.invite("bob")]) {
    await clock.during(change().then(({ id }) => group.waitAccepted(id)))
  }
  const { inbox } = server.account("bob")
  inbox.splice(0, inbox.length - 1)
}

/** Carol is in the group, and bob knows it. */
async function carolIsIn({ clock, server, bob, group, done }: World): Promise<Person> {
  const carol = await newPerson(server, clock, "carol", HELPS_NOBODY)
  await done(group.invite("carol"))
  for (const { client } of [carol, bob]) await clock.during(client.sync())
  return carol
}

async function crown({ clock, group, done }: World, { client }: Person): Promise<void> {
  await done(group.setRole("carol", "admin"))
  await clock.during(client.sync())
  client.connect()
}

/** Something made bob's profile twice, and this one is the older. */
async function copyOfBob({ clock, server, bob }: World): Promise<MemoryDisk> {
  const { collections } = bob.disk
  const copy = { collections: new Map([...collections].map(([name, rows]) => [name, new Map(rows)])) }
  await newPerson(server, clock, "dave")
  const group = groupOf(bob)
  bob.client.connect()
  await clock.during(group.invite("dave").then(({ id }) => group.waitAccepted(id)))
  await clock.during(bob.client.close())
  server.deliver("bob", server.delivered.get("bob")!.at(-1)!)
  return copy
}

const viewOf = (person: Person) => {
  const { epoch, name, isMember, suiteId } = groupOf(person)
  return { epoch, name, isMember, suiteId, members: groupOf(person).members() }
}

/** Mallory, of another server, founds a group with the id of ours, changes it five times and invites bob. */
async function inviteIntoTwin({ clock, server, group, lastResort }: World): Promise<void> {
  const elsewhere = new FakeServer()
  let isFounding = false
  const random: Random = (lengthBytes) => {
    if (!isFounding || lengthBytes !== group.id.length) return crypto.getRandomValues(new Uint8Array(lengthBytes))
    isFounding = false
    return group.id.slice()
  }
  const mallory = await newPerson(elsewhere, clock, "mallory", { random })
  isFounding = true
  const twin = await clock.during(mallory.client.createGroup("twin"))
  mallory.client.connect()
  expect(toHex(twin.id)).toBe(toHex(group.id))
  const done = (sending: Promise<{ readonly id: string }>): Promise<unknown> =>
    clock.during(sending.then(({ id }) => twin.waitAccepted(id)))
  elsewhere.accounts.set("bob", { ...server.account("bob"), keyPackages: [], inbox: [], lastResort })
  for (const name of ["1", "2", "3", "4", "5"]) await done(twin.rename(name))
  await done(twin.invite("bob"))
  await clock.during(mallory.client.close())
  server.deliver("bob", elsewhere.delivered.get("bob")![0]!)
}

describe("a Welcome for a group that we are in and cannot follow, as the server says", () => {
  it("does not lead back in time", async () => {
    const all = await world()
    const { clock, server, bob, welcome } = all
    await lieAboutHistory(all)
    const before = viewOf(bob)
    server.deliver("bob", welcome)
    await clock.during(bob.client.sync())
    expect(viewOf(bob)).toEqual(before)
    expect(await reasons(bob)).toContain("welcome_replaces_group")
  })

  it("does not lead into a group of the same id whose inviter nobody knew in ours", async () => {
    const all = await world()
    const { clock, bob } = all
    await lieAboutHistory(all)
    const before = viewOf(bob)
    await inviteIntoTwin(all)
    await clock.during(bob.client.sync())
    expect(viewOf(bob)).toEqual(before)
    expect(await reasons(bob)).toContain("welcome_replaces_group")
  })

  it("does not lead where somebody has another role, whoever we know invites us", async () => {
    const all = await world()
    const { clock, alice, bob } = all
    const carol = await carolIsIn(all)
    await lieAboutHistory(all)
    const before = viewOf(bob)
    await clock.during(bob.client.close())
    await crown(all, carol)
    await invitedAnew(all, groupOf(carol))
    const back = await reopened(all)
    expect(viewOf(back)).toEqual(before)
    expect(await reasons(back)).toContain("welcome_replaces_group")
    expect((await clock.during(back.client.diagnose())).findings).toContainEqual(
      expect.objectContaining({ state: "rejoining", facts: { cause: "history_gone", attempt: 1 } }),
    )
    for (const { client } of [alice, carol, back]) await clock.during(client.close())
  })

  it("leads on where a member whom we know has invited us anew", async () => {
    const all = await world()
    const { clock, bob, group } = all
    await lieAboutHistory(all)
    await clock.during(bob.client.close())
    await invitedAnew(all, group)
    const back = await reopened(all)
    expect(viewOf(back)).toMatchObject({ isMember: true, epoch: group.epoch })
    expect(groupOf(back).missing).toMatchObject({ isBehindUs: true, toEpoch: group.epoch })
  })

  it("leads on by the word of whoever invited us, which is told: who came and what changed", async () => {
    const all = await world()
    const { clock, server, alice, bob, group, done } = all
    await lieAboutHistory(all)
    await clock.during(bob.client.close())
    await newPerson(server, clock, "carol")
    await done(group.invite("carol"))
    await done(group.rename("three"))
    await invitedAnew(all, group)
    const back = await openPerson(server, clock, bob.disk)
    const events: ClientEvent[] = []
    const abort = new AbortController()
    const telling = (async () => {
      for await (const event of back.client.events(abort.signal)) events.push(event)
    })()
    await clock.during(back.client.sync())
    abort.abort()
    await telling
    const accordingTo = { username: "alice" }
    expect(events).toContainEqual(
      expect.objectContaining({ kind: "members_changed", accordingTo: expect.objectContaining(accordingTo) }),
    )
    expect(events.find(({ kind }) => kind === "members_changed")).toMatchObject({ added: [{}], removed: [], left: [] })
    expect(events.find(({ kind }) => kind === "settings_changed")).toMatchObject({ accordingTo, changed: ["name"] })
    for (const { client } of [alice, back]) await clock.during(client.close())
  })

  it("does not lead behind a commit that we did not follow before a person wants it", async () => {
    const all = await world()
    const { clock, server, bob, group, done } = all
    await clock.during(bob.client.close())
    await done(group.rename("three"))
    server.account("bob").inbox.length = 0
    const [channel] = server.channels.values()
    channel!.log = channel!.log.map(({ epoch, data }) => ({ epoch, data: data.map((byte) => byte ^ 1) }))
    const late = await reopened(all)
    expect(await reasons(late)).toContain("not_followed")
    await clock.during(late.client.close())
    sayThatHistoryIsGone(all)
    const again = await reopened(all)
    expect(groupOf(again).missing).toMatchObject({ isBehindUs: false })
    await clock.during(again.client.close())
    await invitedAnew(all, group)
    const back = await reopened(all)
    expect(viewOf(back)).toMatchObject({ name: "two" })
    expect(await reasons(back)).toContain("welcome_for_known_group")
  })
})

describe("a Welcome for a group that we must come into again", () => {
  it("does not lead where somebody has another role", async () => {
    const all = await world()
    const { clock, server } = all
    const carol = await carolIsIn(all)
    const disk = await copyOfBob(all)
    const copy = await openPerson(server, clock, disk)
    await clock.during(copy.client.sync())
    expect(await reasons(copy)).toContain("own_message_ahead")
    const before = viewOf(copy)
    await clock.during(copy.client.close())
    await crown(all, carol)
    await invitedAnew(all, groupOf(carol))
    const back = await openPerson(server, clock, disk)
    await clock.during(back.client.sync())
    expect(viewOf(back)).toEqual(before)
    expect(await reasons(back)).toContain("welcome_replaces_group")
  })

  it("leads on where all others may do what they could do", async () => {
    const all = await world()
    const { clock, server, group } = all
    const disk = await copyOfBob(all)
    await invitedAnew(all, group)
    const back = await openPerson(server, clock, disk)
    await clock.during(back.client.sync())
    expect(viewOf(back)).toMatchObject({ isMember: true, epoch: group.epoch })
  })
})

describe("a Welcome for a group that we were removed from", () => {
  it("does not lead back in time", async () => {
    const { clock, server, bob, group, done, welcome } = await world()
    await done(group.remove("bob"))
    await clock.during(bob.client.sync())
    const before = viewOf(bob)
    expect(before.isMember).toBe(false)
    server.deliver("bob", welcome)
    await clock.during(bob.client.sync())
    expect(viewOf(bob)).toEqual(before)
    expect(await reasons(bob)).toContain("welcome_replaces_group")
  })

  it("does not lead into a weaker suite", async () => {
    const xWing = newXWingSuite()
    const all = await world({ otherSuites: [xWing] })
    const { clock, bob, group, done } = all
    await done(group.changeSuite(xWing.id))
    await done(group.remove("bob"))
    await clock.during(bob.client.sync())
    const before = viewOf(bob)
    expect(before).toMatchObject({ isMember: false, epoch: 4n, suiteId: xWing.id })
    await inviteIntoTwin(all)
    await clock.during(bob.client.sync())
    expect(viewOf(bob)).toEqual(before)
    expect(await reasons(bob)).toContain("welcome_replaces_group")
  })

  it("leads on without a word where a member whom we know has invited us again", async () => {
    const { clock, bob, group, done } = await world()
    await done(group.remove("bob"))
    await clock.during(bob.client.sync())
    await done(group.invite("bob"))
    await clock.during(bob.client.sync())
    expect(viewOf(bob)).toMatchObject({ isMember: true, epoch: group.epoch })
    expect(await reasons(bob)).not.toContain("welcome_by_stranger")
  })

  it("names whoever invited us where nobody knew them in the group: it may be another one", async () => {
    const all = await world()
    const { clock, bob, group, done } = all
    await done(group.remove("bob"))
    await clock.during(bob.client.sync())
    await inviteIntoTwin(all)
    await clock.during(bob.client.sync())
    expect(viewOf(bob)).toMatchObject({ isMember: true, name: "5" })
    const [stranger] = groupOf(bob).members()
    expect(await bob.client.notices()).toContainEqual(
      expect.objectContaining({ reason: "welcome_by_stranger", groupId: group.id, person: stranger }),
    )
  })
})

describe("a Welcome into a weaker group with the id of one that this program cannot read", () => {
  it("waits for a program that can, which refuses it", async () => {
    const otherSuites = [newXWingSuite()]
    const all = await world({ otherSuites })
    const { clock, server, bob, group, done } = all
    await done(group.changeSuite(otherSuites[0]!.id))
    await clock.during(bob.client.sync())
    const before = viewOf(bob)
    await clock.during(bob.client.close())
    await inviteIntoTwin(all)
    for (let connections = 0; connections < 2; connections++) {
      const { client } = await reopened(all)
      expect(client.conversations()).toEqual([])
      expect(client.damagedGroups()).toMatchObject([{ damage: "suite_unsupported" }])
      await clock.during(client.close())
    }
    const back = await openPerson(server, clock, bob.disk, { otherSuites })
    await clock.during(back.client.sync())
    expect(viewOf(back)).toEqual(before)
    expect(await reasons(back)).toContain("welcome_for_known_group")
  })
})
