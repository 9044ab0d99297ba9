import { RpcError } from "@qpc/rpc"
import { toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { Client, Conversation } from "./api.ts"
import type { ClientEvent } from "./model.ts"
import { FakeServer } from "./testing/fake-server.ts"
import type { Fault } from "./testing/fake-server.ts"
import { newPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

const texts = (messages: readonly { readonly text: string }[]): string[] => messages.map(({ text }) => text)
const names = (group: Conversation): (string | undefined)[] =>
  group
    .members()
    .map(({ username }) => username)
    .toSorted((a = "", b = "") => (a < b ? -1 : 1))

async function people<Name extends string>(...usernames: readonly Name[]) {
  const clock = new TestClock()
  const server = new FakeServer()
  const clients = {} as Record<Name, Client>
  for (const name of usernames) clients[name] = (await newPerson(server, clock, name)).client
  const sync = async (...some: readonly Client[]): Promise<void> => {
    for (const client of some) await clock.during(client.sync())
  }
  const done = (group: Conversation, sending: Promise<{ readonly id: string }>): Promise<unknown> =>
    clock.during(sending.then(({ id }) => group.waitAccepted(id)))
  const grouped = async (owner: Client, ...invited: readonly Name[]): Promise<Conversation> => {
    const group = await clock.during(owner.createGroup("us"))
    owner.connect()
    for (const name of invited) await done(group, group.invite(name))
    await sync(...invited.map((name) => clients[name]), owner)
    return group
  }
  return { clock, server, sync, done, grouped, ...clients }
}

describe("roles", () => {
  it("let an admin rename and hand over, and nobody else", async () => {
    const { alice, bob, grouped, done, sync, clock } = await people("alice", "bob")
    const group = await grouped(alice, "bob")
    const bobs = bob.conversation("us")
    await expect(clock.during(bobs.rename("mine"))).rejects.toMatchObject({ code: "group_refused" })
    await done(group, group.setRole("bob", "admin"))
    await done(group, group.rename("ours"))
    await sync(bob)
    expect(bobs.name).toBe("ours")
    expect(bobs.roles()?.map(({ person, role }) => [person.username, role])).toEqual([
      ["alice", "admin"],
      ["bob", "admin"],
    ])
    await sync(bob, alice)
    await expect(clock.during(group.setRole("carol", "admin"))).rejects.toMatchObject({ code: "user_unknown" })
  })

  it("are told of as they change", async () => {
    const { alice, bob, grouped, done, sync } = await people("alice", "bob")
    const group = await grouped(alice, "bob")
    const events = bob.events(AbortSignal.timeout(60_000))
    await done(group, group.setRole("bob", "moderator"))
    await done(group, group.close())
    await sync(bob)
    await bob.close()
    const told: ClientEvent[] = []
    for await (const event of events) if (event.kind === "settings_changed") told.push(event)
    expect(told).toMatchObject([
      { by: { username: "alice" }, changed: ["roles"], assigned: [{ person: { username: "bob" }, role: "moderator" }] },
      { by: { username: "alice" }, changed: ["closed"], isClosed: true, assigned: [] },
    ])
  })

  it("end with the group: whoever writes in a closed one is told", async () => {
    const { alice, bob, grouped, done, sync, clock } = await people("alice", "bob")
    const group = await grouped(alice, "bob")
    await done(group, group.close())
    await sync(bob)
    const bobs = bob.conversation("us")
    expect([group.isClosed, bobs.isClosed, bobs.isMember]).toEqual([true, true, true])
    await expect(clock.during(bobs.send("?"))).rejects.toMatchObject({ code: "group_refused" })
    await expect(clock.during(group.invite("bob"))).rejects.toMatchObject({ code: "group_refused" })
  })
})

describe("changing a group", () => {
  it("lets two members invite at the same time: one line of epochs, both newcomers in", async () => {
    const { alice, bob, carol, dave, grouped, clock, sync } = await people("alice", "bob", "carol", "dave")
    const alices = await grouped(alice, "bob")
    const bobs = bob.conversation("us")
    const [first, second] = await clock.during(Promise.all([alices.invite("carol"), bobs.invite("dave")]))
    await clock.during(Promise.all([alices.waitAccepted(first.id), bobs.waitAccepted(second.id)]))
    await sync(alice, bob, carol, dave, alice)
    const groups = [alice, bob, carol, dave].map((client) => client.conversation("us"))
    for (const group of groups) expect(names(group)).toEqual(["alice", "bob", "carol", "dave"])
    expect(new Set(groups.map(({ epochAuthenticator }) => toHex(epochAuthenticator))).size).toBe(1)
  })

  it("takes a removed member out, and lets them in again by a new invitation", async () => {
    const { alice, bob, grouped, done, sync, clock } = await people("alice", "bob")
    const group = await grouped(alice, "bob")
    await done(group, group.remove("bob"))
    await sync(bob)
    const bobs = bob.conversation("us")
    expect(bobs.isMember).toBe(false)
    await expect(clock.during(bobs.send("let me in"))).rejects.toMatchObject({ code: "not_a_member" })
    await done(group, group.send("without bob"))
    await done(group, group.invite("bob"))
    await done(group, group.send("with bob"))
    await sync(bob)
    expect(bob.conversation("us").isMember).toBe(true)
    expect(texts(await bob.conversation("us").history())).toEqual(["with bob"])
  })

  it("fails what a removed member had not handed over, and says so", async () => {
    const { alice, bob, grouped, done, sync, server, clock } = await people("alice", "bob")
    const group = await grouped(alice, "bob")
    const bobs = bob.conversation("us")
    server.before = (method): Fault =>
      method === "batchEnqueue" && isBlocked ? new RpcError("unavailable", "busy", "later") : undefined
    let isBlocked = true
    const sent = await clock.during(bobs.send("too late"))
    isBlocked = false
    server.account("bob")
    server.channels.get(toHex(group.id))!.members = server.channels.get(toHex(group.id))!.members.slice(0, 1)
    await sync(bob)
    await expect(clock.during(bobs.waitAccepted(sent.id))).rejects.toMatchObject({ code: "send_failed" })
    expect((await bobs.history())[0]).toMatchObject({ text: "too late", state: "failed" })
    expect((await bob.notices()).map(({ reason }) => reason)).toEqual(["send_failed"])
    await done(group, group.send("still here"))
  })

  it("refuses somebody else's key package in the place of the invited one's", async () => {
    const { alice, grouped, server, clock } = await people("alice", "bob", "mallory")
    const group = await grouped(alice)
    server.account("bob").keyPackages.splice(0, 4, ...server.account("mallory").keyPackages)
    await expect(clock.during(group.invite("bob"))).rejects.toMatchObject({ code: "key_package_refused" })
  })

  it("refuses a name whose key changed", async () => {
    const { alice, grouped, server, clock } = await people("alice", "bob", "mallory")
    const group = await grouped(alice)
    await clock.during(alice.contact("bob"))
    server.accounts.set("bob", server.account("mallory"))
    await expect(clock.during(group.invite("bob"))).rejects.toMatchObject({ code: "identity_changed" })
  })

  it("says what to do about an unknown user, a used-up stock, oneself, and somebody who is in already", async () => {
    const { alice, bob, grouped, server, clock } = await people("alice", "bob", "carol")
    const group = await grouped(alice, "bob")
    await expect(clock.during(group.invite("nobody"))).rejects.toMatchObject({
      code: "user_unknown",
      nextStep: /spelling/,
    })
    Object.assign(server.account("carol"), { keyPackages: [], lastResort: undefined })
    await expect(clock.during(group.invite("carol"))).rejects.toMatchObject({
      code: "key_packages_exhausted",
      nextStep: /come online on that device/,
    })
    await expect(clock.during(group.invite("bob"))).rejects.toMatchObject({
      code: "group_refused",
      nextStep: /remove them, then invite them/,
    })
    await expect(clock.during(group.remove("alice"))).rejects.toMatchObject({ code: "group_refused" })
    await expect(clock.during(group.send("x".repeat(70_000)))).rejects.toMatchObject({ code: "text_too_long" })
    await bob.close()
  })
})

describe("finding a conversation", () => {
  it("takes a name, an id and a beginning of it, and lists the candidates otherwise", async () => {
    const { alice, clock } = await people("alice")
    const [one] = [await clock.during(alice.createGroup("one")), await clock.during(alice.createGroup("two"))]
    const twin = await clock.during(alice.createGroup("two"))
    expect(alice.conversation("one").id).toEqual(one.id)
    expect(alice.conversation(toHex(twin.id)).id).toEqual(twin.id)
    expect(alice.conversation(toHex(one.id).slice(0, 8)).id).toEqual(one.id)
    expect(() => alice.conversation("three")).toThrow(expect.objectContaining({ code: "conversation_unknown" }))
    expect(() => alice.conversation("two")).toThrow(expect.objectContaining({ code: "conversation_ambiguous" }))
  })
})

describe("history", () => {
  it("is read backwards in pages, and knows what became of own messages", async () => {
    const { alice, bob, grouped, clock, sync, done } = await people("alice", "bob")
    const group = await grouped(alice, "bob")
    for (let i = 1; i <= 5; i++) await done(group, group.send(String(i)))
    await sync(bob)
    const newest = await bob.conversation("us").history({ limit: 2 })
    const before = newest.at(0)?.position ?? 0
    expect(texts(newest)).toEqual(["4", "5"])
    expect(texts(await bob.conversation("us").history({ limit: 2, before }))).toEqual(["2", "3"])
    await clock.during(alice.close())
  })

  it("accepts at once what is said in a group of one", async () => {
    const { alice, done, clock } = await people("alice")
    const group = await clock.during(alice.createGroup("notes"))
    await done(group, group.send("remember the milk"))
    expect(await group.history()).toMatchObject([{ text: "remember the milk", state: "accepted" }])
  })
})

describe("live events", () => {
  it("tell of a message, a newcomer and the connection, and end with the signal", async () => {
    const { alice, bob, grouped, done, clock } = await people("alice", "bob", "carol")
    const group = await grouped(alice, "bob")
    const abort = new AbortController()
    const seen: ClientEvent[] = []
    const reading = (async () => {
      for await (const event of bob.events(abort.signal)) seen.push(event)
    })()
    await done(group, group.send("live"))
    await done(group, group.invite("carol"))
    await clock.during(bob.sync())
    abort.abort()
    await reading
    expect(seen).toContainEqual(
      expect.objectContaining({ kind: "message", message: expect.objectContaining({ text: "live" }) }),
    )
    expect(seen).toContainEqual(
      expect.objectContaining({ kind: "members_changed", by: expect.objectContaining({ username: "alice" }) }),
    )
  })
})

describe("an update of our keys", () => {
  it("is a commit of its own, which nobody needs a role for", async () => {
    const { alice, bob, grouped, done, sync } = await people("alice", "bob")
    const group = await grouped(alice, "bob")
    bob.connect()
    const bobs = bob.conversation("us")
    const [epoch, authenticator] = [group.epoch, group.epochAuthenticator]
    await done(bobs, bobs.updateKeys())
    await sync(alice)
    expect(group.epoch).toBe(epoch + 1n)
    expect(group.epochAuthenticator).not.toEqual(authenticator)
    expect(group.epochAuthenticator).toEqual(bobs.epochAuthenticator)
  })

  it("is refused to whoever is out of the group", async () => {
    const { alice, bob, clock, grouped, done, sync } = await people("alice", "bob")
    const group = await grouped(alice, "bob")
    await done(group, group.remove("bob"))
    await sync(bob)
    const refused = clock.during(bob.conversation("us").updateKeys())
    await expect(refused).rejects.toMatchObject({ code: "not_a_member" })
  })
})
