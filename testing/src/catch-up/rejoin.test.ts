import { nodeRandom, suite0001 } from "@qpc/crypto/node"
import { findDamage, forgetDamaged, MemoryStore } from "@qpc/sdk"
import type { Client, ClientEvent, ClientOptions, Conversation, Diagnosis, MemoryDisk } from "@qpc/sdk"
import { describe, expect, it } from "vitest"
import { Service } from "./service.ts"
import type { Person } from "./service.ts"

const HOUR_MS = 3_600_000
const SHORT = { "queue-depth": "4", "commit-log-epochs": "5" }

/** Alice is there; the others are in her group, and switched off. */
async function scene(names: readonly string[]) {
  const service = await Service.open(SHORT)
  const { clock } = service
  const people = new Map<string, Person>()
  for (const name of ["alice", ...names]) people.set(name, await service.enrol(name))
  const person = (name: string): Person => people.get(name)!
  const open = (name: string, options: Partial<ClientOptions> = {}): Promise<Client> =>
    service.client(person(name), options)
  const visit = async (
    name: string,
    act: (group: Conversation) => Promise<unknown> = async () => {},
  ): Promise<void> => {
    const client = await open(name)
    await clock.during(client.sync({ waitMs: 600_000 }))
    const [group] = client.conversations()
    if (group !== undefined) await clock.during(act(group))
    await clock.during(client.sync({ waitMs: 600_000 }))
    await clock.during(client.close())
  }
  for (const name of names) await visit(name)
  const alice = await open("alice")
  const group = await clock.during(alice.createGroup("friends"))
  for (const name of names) await clock.during(group.invite(name).then(({ id }) => group.waitAccepted(id)))
  for (const name of names) await visit(name)
  const renameTimes = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      const { id } = await clock.during(group.rename(`epoch ${group.epoch}`))
      await clock.during(group.waitAccepted(id))
    }
  }
  return { service, clock, alice, group, person, open, visit, renameTimes }
}

const texts = async (conversation: Conversation): Promise<string[]> =>
  (await conversation.history()).map(({ text }) => text)
const reasons = async (client: Client): Promise<string[]> => (await client.notices()).map(({ reason }) => reason)
const states = ({ findings }: Diagnosis): string[] => findings.map(({ state }) => state)
/** A disk as it is now. */
const copyOf = ({ collections }: MemoryDisk): MemoryDisk => ({
  collections: new Map([...collections].map(([name, rows]) => [name, new Map(rows)])),
})
const isBack = (group: Conversation) => (): boolean => group.missing?.isBehindUs === true
const WAIT = { waitMs: 600_000 }

describe("a device that was away for longer than the log", () => {
  it("is in again by itself, says what is missing, and keeps its history", async () => {
    const { clock, alice, group, open, visit, renameTimes } = await scene(["bob"])
    await clock.during(group.send("before").then(({ id }) => group.waitAccepted(id)))
    await visit("bob")
    const fromEpoch = group.epoch
    const fromMs = clock.unixMs()
    await renameTimes(20)
    clock.advance(HOUR_MS)
    const bob = await open("bob")
    const [own] = bob.conversations()
    await clock.during(bob.sync({ waitMs: 600_000, until: () => own!.missing?.isBehindUs === true }))
    expect(own!.epoch).toBe(fromEpoch + 21n)
    expect(own!.epochAuthenticator).toEqual(group.epochAuthenticator)
    // The inbox held four commits of the twenty.
    expect(own!.missing).toMatchObject({ fromEpoch: fromEpoch + 4n, toEpoch: fromEpoch + 21n, isBehindUs: true })
    expect(own!.missing!.fromMs).toBeLessThanOrEqual(fromMs)
    expect(own!.missing!.toMs).toBeGreaterThanOrEqual(fromMs + HOUR_MS)
    await clock.during(group.send("after").then(({ id }) => group.waitAccepted(id)))
    await clock.during(bob.sync({ until: ({ received }) => received.length > 0 }))
    expect(await texts(own!)).toEqual(["before", "after"])
    await clock.during(own!.send("thanks").then(({ id }) => own!.waitAccepted(id)))
    await clock.during(alice.sync({ until: ({ received }) => received.length > 0 }))
    expect(await texts(group)).toEqual(["before", "after", "thanks"])
    expect(await reasons(bob)).toEqual(["history_gone", "rejoined"])
    expect(await reasons(alice)).toEqual(["member_rejoined"])
    expect(states(await clock.during(bob.diagnose()))).toEqual(["healthy", "healthy"])
    for (const client of [bob, alice]) await clock.during(client.close())
  })

  it("waits for somebody to answer, says so, and is in as soon as one is there", async () => {
    const { clock, alice, group, open, renameTimes, visit } = await scene(["bob"])
    await renameTimes(20)
    const { epoch } = group
    await clock.during(alice.close())
    const bob = await open("bob")
    const [own] = bob.conversations()
    await clock.during(bob.sync())
    const { findings, isHealthy } = await clock.during(bob.diagnose())
    expect([findings.at(-1), isHealthy]).toMatchObject([
      { state: "rejoining", facts: { cause: "history_gone", attempt: 1 } },
      true,
    ])
    await visit("alice")
    await clock.during(bob.sync({ ...WAIT, until: isBack(own!) }))
    expect(own!.epoch).toBe(epoch + 1n)
    await clock.during(bob.close())
  })

  it("is in by the next connection after all clocks were ahead when it asked", async () => {
    const { clock, alice, group, open, renameTimes, visit } = await scene(["bob"])
    await renameTimes(20)
    const { epoch } = group
    await clock.during(alice.close())
    clock.calendarAheadMs = 72 * HOUR_MS
    const ahead = await open("bob")
    await clock.during(ahead.sync())
    await clock.during(ahead.close())
    clock.calendarAheadMs = 0
    const bob = await open("bob")
    const [own] = bob.conversations()
    await clock.during(bob.sync())
    await visit("alice")
    await clock.during(bob.sync({ ...WAIT, until: isBack(own!) }))
    expect(own!.epoch).toBe(epoch + 1n)
    await clock.during(bob.close())
  })

  it("gives up after some requests, and tries again when somebody wants it", async () => {
    const { clock, alice, open, renameTimes, visit } = await scene(["bob"])
    await renameTimes(20)
    await clock.during(alice.close())
    const bob = await open("bob", { limits: { rejoinAttempts: 2 } })
    const [own] = bob.conversations()
    await clock.during(bob.sync())
    for (const waitMs of [16 * 60_000, 31 * 60_000]) {
      clock.advance(waitMs)
      await clock.during(bob.sync())
    }
    expect(await reasons(bob)).toEqual(["history_gone", "rejoin_given_up"])
    const given = await clock.during(bob.diagnose())
    expect(given.findings.at(-1)).toMatchObject({
      state: "rejoin_given_up",
      facts: { cause: "history_gone", attempt: 2, reason: "nobody_answered" },
    })
    await clock.during(bob.repair())
    await visit("alice")
    await clock.during(bob.sync({ ...WAIT, until: isBack(own!) }))
    expect(states(await clock.during(bob.diagnose()))).toEqual(["healthy", "healthy"])
    await clock.during(bob.close())
  })

  it("is in when it is invited anew before anybody answers", async () => {
    const { clock, alice, open, person, service, renameTimes } = await scene(["bob"])
    await renameTimes(20)
    await clock.during(alice.close())
    const bob = await open("bob")
    const [own] = bob.conversations()
    await clock.during(bob.sync())
    const silent = await service.client(person("alice"), { group: { rejoinsPerHour: 0 } })
    await clock.during(silent.sync())
    const [group] = silent.conversations()
    for (const change of [() => group!.remove("bob"), () => group!.invite("bob")]) {
      await clock.during(change().then(({ id }) => group!.waitAccepted(id)))
    }
    await clock.during(bob.sync({ ...WAIT, until: isBack(own!) }))
    expect(own!.epochAuthenticator).toEqual(group!.epochAuthenticator)
    expect(states(await clock.during(bob.diagnose()))).toEqual(["healthy", "healthy"])
    for (const client of [bob, silent]) await clock.during(client.close())
  })

  it("does not come back if it was removed meanwhile", async () => {
    const { clock, alice, group, open, renameTimes } = await scene(["bob", "carol"])
    await clock.during(group.remove("bob").then(({ id }) => group.waitAccepted(id)))
    await renameTimes(20)
    const bob = await open("bob")
    await clock.during(bob.sync())
    clock.advance(20 * 60_000)
    await clock.during(bob.sync())
    expect(group.members()).toHaveLength(2)
    expect(bob.conversations()[0]).toMatchObject({ isMember: false })
    for (const client of [bob, alice]) await clock.during(client.close())
  })

  it("comes back next to another one that does the same", async () => {
    const { clock, alice, group, open, renameTimes } = await scene(["bob", "carol"])
    await renameTimes(20)
    const [bob, carol] = [await open("bob"), await open("carol")]
    const views = [bob, carol].map((client) => client.conversations()[0]!)
    const areBack = (): boolean => views.every((view) => isBack(view)())
    for (let rounds = 0; rounds < 20 && !areBack(); rounds++) {
      await Promise.all([bob, carol].map((client) => clock.during(client.sync())))
      clock.advance(60_000)
    }
    expect(areBack()).toBe(true)
    await clock.during(alice.sync())
    for (const client of [bob, carol]) await clock.during(client.sync())
    for (const view of views) expect(view.epochAuthenticator).toEqual(group.epochAuthenticator)
    for (const client of [bob, carol, alice]) await clock.during(client.close())
  })
})

/** Carol is an admin by now; bob was away, and all have been closed. */
async function crowned() {
  const all = await scene(["bob", "carol"])
  const { clock, alice, group, renameTimes, visit } = all
  // As many as bob's inbox takes.
  await renameTimes(4)
  await visit("carol")
  await clock.during(group.setRole("carol", "admin").then(({ id }) => group.waitAccepted(id)))
  for (let times = 0; times < 5; times++) {
    await visit("carol")
    await renameTimes(4)
  }
  await visit("carol")
  const { epoch } = group
  await clock.during(alice.close())
  return { ...all, epoch }
}

describe("a device that was away while others got other roles", () => {
  it("is in again once two people say so, and tells what changed on whose word", async () => {
    const { clock, open, epoch } = await crowned()
    const others = [await open("alice"), await open("carol")]
    const bob = await open("bob")
    const [own] = bob.conversations()
    const abort = new AbortController()
    const told: ClientEvent[] = []
    const telling = (async () => {
      for await (const event of bob.events(abort.signal)) if (event.kind === "settings_changed") told.push(event)
    })()
    for (let rounds = 0; rounds < 20 && !isBack(own!)(); rounds++) {
      for (const client of [bob, ...others]) await clock.during(client.sync())
      clock.advance(10_000)
    }
    abort.abort()
    await telling
    expect(own!.epoch).toBeGreaterThan(epoch)
    expect(await reasons(bob)).toEqual(expect.arrayContaining(["rejoin_unconfirmed", "rejoined"]))
    const [role] = told.slice(-1)
    expect(role).toMatchObject({ changed: ["name", "roles"], assigned: [{ role: "admin" }] })
    expect(role).toHaveProperty("accordingTo")
    expect(role).not.toHaveProperty("by")
    for (const client of [bob, ...others]) await clock.during(client.close())
  })

  it("waits for a person where one alone says so", async () => {
    const { clock, open, epoch } = await crowned()
    const alice = await open("alice")
    const bob = await open("bob", { limits: { rejoinAttempts: 2 } })
    const [own] = bob.conversations()
    const before = own!.epoch
    for (const waitMs of [0, 15 * 60_000, 30 * 60_000]) {
      clock.advance(waitMs)
      // Wherever alice stands in the line of three.
      for (let turns = 0; turns < 5; turns++) {
        for (const client of [bob, alice]) await clock.during(client.sync())
        clock.advance(10_000)
      }
    }
    expect(own!.epoch).toBeLessThan(epoch)
    expect(own!.epoch).toBeGreaterThanOrEqual(before)
    expect(await reasons(bob)).toEqual(expect.arrayContaining(["rejoin_unconfirmed", "rejoin_given_up"]))
    expect((await clock.during(bob.diagnose())).findings.at(-1)).toMatchObject({
      state: "rejoin_given_up",
      facts: { reason: "roles_changed" },
    })
    await clock.during(bob.repair({ mayLose: true }))
    await clock.during(bob.sync({ ...WAIT, until: isBack(own!) }))
    expect(own!.epoch).toBe(epoch + 1n)
    for (const client of [bob, alice]) await clock.during(client.close())
  })
})

describe("a profile that was brought back from a backup", () => {
  it("comes back by itself where a change of its own was lost with the disk, and says what is missing", async () => {
    const { clock, alice, group, person, service, visit } = await scene(["bob"])
    await clock.during(group.setRole("bob", "admin").then(({ id }) => group.waitAccepted(id)))
    await visit("bob")
    const backup = { username: "bob", disk: copyOf(person("bob").disk) }
    await visit("bob", (own) => own.rename("by bob").then(({ id }) => own.waitAccepted(id)))
    const bob = await service.client(backup)
    const [own] = bob.conversations()
    await clock.during(bob.sync({ ...WAIT, until: isBack(own!) }))
    await clock.during(alice.sync())
    expect(own!.name).toBe("by bob")
    expect(own!.epochAuthenticator).toEqual(group.epochAuthenticator)
    expect(await reasons(bob)).toEqual(expect.arrayContaining(["own_message_ahead", "rejoined"]))
    expect(await reasons(alice)).toContain("member_rejoined")
    for (const client of [bob, alice]) await clock.during(client.close())
  })

  it("ends where a copy of it let itself in, and stays out until somebody wants it", async () => {
    const { clock, alice, group, person, open, visit, service } = await scene(["bob"])
    await clock.during(group.setRole("bob", "admin").then(({ id }) => group.waitAccepted(id)))
    await visit("bob")
    const copy = { username: "bob", disk: copyOf(person("bob").disk) }
    await visit("bob", (own) => own.rename("by bob").then(({ id }) => own.waitAccepted(id)))
    const twin = await service.client(copy)
    await clock.during(twin.sync({ ...WAIT, until: isBack(twin.conversations()[0]!) }))
    await clock.during(alice.sync())
    await clock.during(twin.close())
    const bob = await open("bob")
    await clock.during(bob.sync())
    expect(bob.conversations()[0]).toMatchObject({ isMember: false })
    expect((await clock.during(bob.diagnose())).findings.at(-1)).toMatchObject({
      state: "rejoin_given_up",
      facts: { reason: "replaced_by_copy" },
    })
    const epoch = group.epoch
    clock.advance(HOUR_MS)
    for (const client of [bob, alice]) await clock.during(client.sync())
    expect(group.epoch).toBe(epoch)
    for (const client of [bob, alice]) await clock.during(client.close())
  })
})

describe("a profile that cannot read its record of a group", () => {
  it("forgets it when told to, and is in the group again, with its history", async () => {
    const { clock, alice, group, person, open, visit } = await scene(["bob"])
    await clock.during(group.send("before").then(({ id }) => group.waitAccepted(id)))
    await visit("bob")
    const store = new MemoryStore(person("bob").disk)
    const [first] = await store.list("group_records", { limit: 1 })
    await store.commit([{ kind: "put", collection: "group_records", key: first!.key, value: new Uint8Array([9]) }])
    const parts = { suite: suite0001, random: nodeRandom }
    expect((await findDamage(store, parts)).findings).toMatchObject([{ state: "group_damaged" }])
    await forgetDamaged(store, parts)
    const bob = await open("bob")
    await clock.during(bob.sync({ ...WAIT, until: () => bob.conversations().length > 0 }))
    const [own] = bob.conversations()
    await clock.during(alice.sync())
    expect(own!.epochAuthenticator).toEqual(group.epochAuthenticator)
    expect(own!.missing).toMatchObject({ fromEpoch: 0n, toEpoch: own!.epoch, isBehindUs: true })
    await clock.during(group.send("after").then(({ id }) => group.waitAccepted(id)))
    await clock.during(bob.sync({ ...WAIT, until: ({ received }) => received.length > 0 }))
    expect(await texts(own!)).toEqual(["before", "after"])
    expect(states(await clock.during(bob.diagnose()))).toEqual(["healthy", "healthy"])
    for (const client of [bob, alice]) await clock.during(client.close())
  })
})
