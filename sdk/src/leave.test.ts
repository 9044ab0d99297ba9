import { RpcError } from "@qpc/rpc"
import { describe, expect, it } from "vitest"
import type { Client, Conversation } from "./api.ts"
import type { ClientEvent } from "./model.ts"
import { FakeServer } from "./testing/fake-server.ts"
import type { Fault } from "./testing/fake-server.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import type { Person } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

/** People in one group, all online; the first has made it. */
async function company(...names: readonly string[]) {
  const clock = new TestClock()
  const server = new FakeServer()
  const people: Person[] = []
  for (const name of names) people.push(await newPerson(server, clock, name))
  const clients = people.map(({ client }) => client)
  const [owner, ...others] = clients as [Client, ...Client[]]
  const group = await clock.during(owner.createGroup("us"))
  owner.connect()
  for (const name of names.slice(1)) {
    const { id } = await clock.during(group.invite(name))
    await clock.during(group.waitAccepted(id))
  }
  for (const client of [...others, owner]) await clock.during(client.sync())
  const all = async (...some: readonly Client[]): Promise<void> => {
    for (const client of [...some, ...some]) await clock.during(client.sync())
  }
  return { clock, server, people, clients, all }
}

const us = (client: Client): Conversation => client.conversation("us")
const namesIn = (group: Conversation): (string | undefined)[] => group.members().map(({ username }) => username)

describe("leaving a conversation", () => {
  it("is done by whoever is online, and told to all as what it is", async () => {
    const { clock, clients, all } = await company("alice", "bob", "carol")
    const [alice, bob, carol] = clients as [Client, Client, Client]
    const abort = new AbortController()
    const seen: ClientEvent[] = []
    const reading = (async () => {
      for await (const event of alice.events(abort.signal)) seen.push(event)
    })()
    const { id } = await clock.during(us(bob).leave())
    expect(us(bob).isLeaving).toBe(true)
    await all(bob, carol, alice)
    await clock.during(us(bob).waitAccepted(id))
    expect([us(bob).isMember, us(bob).hasLeft, us(bob).isLeaving]).toEqual([false, true, false])
    expect(namesIn(us(alice))).toEqual(["alice", "carol"])
    abort.abort()
    await reading
    expect(seen).toContainEqual(
      expect.objectContaining({ kind: "members_changed", left: [expect.objectContaining({ username: "bob" })] }),
    )
    expect(await alice.notices()).toEqual([])
    await expect(clock.during(us(bob).send("?"))).rejects.toMatchObject({
      code: "not_a_member",
      nextStep: /invite you again.*remove you first/,
    })
  })

  it("needs a successor of the last admin, and says so", async () => {
    const { clock, clients, all } = await company("alice", "bob")
    const [alice, bob] = clients as [Client, Client]
    await expect(clock.during(us(alice).leave())).rejects.toMatchObject({
      code: "group_refused",
      nextStep: "Make somebody else an admin first, or close the group.",
    })
    await expect(clock.during(us(alice).leave("alice"))).rejects.toMatchObject({ code: "group_refused" })
    const { id } = await clock.during(us(alice).leave("bob"))
    await all(alice, bob)
    await clock.during(us(alice).waitAccepted(id))
    expect(us(bob).roles()).toMatchObject([{ person: { username: "bob" }, role: "admin" }])
  })

  it("goes on after a restart, and refuses to write meanwhile", async () => {
    const { clock, server, people, clients } = await company("alice", "bob")
    const [alice, bob] = clients as [Client, Client]
    await clock.during(us(bob).leave())
    await clock.during(bob.close())
    const again = (await openPerson(server, clock, people[1]!.disk)).client
    expect(us(again).isLeaving).toBe(true)
    await expect(clock.during(us(again).send("?"))).rejects.toMatchObject({ nextStep: /Wait until a member is online/ })
    alice.connect()
    await clock.during(again.sync({ until: () => us(again).hasLeft }))
    expect(us(again).hasLeft).toBe(true)
  })

  it("holds texts of others for a moment, in the order of the history, and none is lost", async () => {
    const { clock, server, people, clients, all } = await company("alice", "bob", "carol", "dave")
    const [alice, bob, carol, dave] = clients as [Client, Client, Client, Client]
    await clock.during(carol.close()) // It would be carol's turn to let bob go.
    await clock.during(us(bob).leave())
    await all(bob, dave)
    let isBlocked = true
    server.before = (method): Fault =>
      method === "batchEnqueue" && isBlocked ? new RpcError("unavailable", "busy", "later") : undefined
    const { id } = await clock.during(us(dave).send("held"))
    await clock.during(dave.close())
    const again = (await openPerson(server, clock, people[3]!.disk)).client
    expect(await us(again).history()).toMatchObject([{ text: "held", state: "stored" }])
    isBlocked = false
    again.connect()
    await clock.during(us(again).waitAccepted(id))
    await all(alice)
    expect((await us(alice).history()).map(({ text }) => text)).toEqual(["held"])
    expect(await us(again).history()).toMatchObject([{ text: "held", state: "accepted" }])
  })

  it.each([
    [0, 3600],
    [3600, 0],
    [3600, 60],
  ])("has a text that was held as it changed the timer from %i s to %i s disappear for all alike", async (from, to) => {
    const { clock, server, people, clients, all } = await company("alice", "bob", "carol", "dave")
    const [alice, bob, carol, dave] = clients as [Client, Client, Client, Client]
    const setTimer = (seconds: number) =>
      clock.during(
        us(alice)
          .setTimer(seconds)
          .then(({ id }) => us(alice).waitAccepted(id)),
      )
    if (from > 0) await setTimer(from)
    await all(dave)
    await clock.during(carol.close()) // It would be carol's turn to let bob go.
    await clock.during(us(bob).leave())
    await all(bob, dave)
    await clock.during(dave.close())
    const again = await openPerson(server, clock, people[3]!.disk)
    await clock.during(us(again.client).send("held"))
    const timerOf = async (client: Client) => (await us(client).history())[0]?.disappears?.afterSeconds ?? 0
    expect(await timerOf(again.client)).toBe(from)
    await setTimer(to)
    await all(again.client, alice)
    expect([await timerOf(again.client), await timerOf(alice)]).toEqual([to, to])
    expect(again.disk.collections.get("expiring")?.size).toBe(to > 0 ? 1 : 0)
  })

  it("of the only member needs nobody", async () => {
    const { clock, clients } = await company("alice")
    const [alice] = clients as [Client]
    await clock.during(us(alice).leave())
    expect(us(alice).hasLeft).toBe(true)
  })
})
