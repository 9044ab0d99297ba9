import { describe, expect, it } from "vitest"
import type { Client } from "./api.ts"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

/** Opened and closed without ever having been connected. */
async function closed() {
  const [clock, server] = [new TestClock(), new FakeServer()]
  const { client: before, disk } = await newPerson(server, clock, "alice")
  await clock.during(before.close())
  let dials = 0
  const dial: typeof server.dial = () => {
    dials += 1
    return server.dial()
  }
  const { client } = await openPerson(server, clock, disk, { dial })
  await clock.during(client.close())
  return { clock, client, dials: () => dials }
}

describe("a client that is closed", () => {
  it.each<[string, (client: Client) => Promise<unknown>]>([
    ["devices", (client) => client.devices()],
    ["sync", (client) => client.sync()],
    ["createGroup", (client) => client.createGroup("friends")],
    ["contact", (client) => client.contact("bob")],
    ["register", (client) => client.register("alice", "alice's password")],
    ["login", (client) => client.login("alice", "alice's password")],
  ])("says so instead of connecting: %s", async (_name, ask) => {
    const { clock, client, dials } = await closed()
    const asked = clock.during(ask(client))
    await expect(asked).rejects.toMatchObject({ code: "store_closed", nextStep: "Open it again." })
    expect(dials()).toBe(0)
  })

  it("does not connect where it is told to", async () => {
    const { client, dials } = await closed()
    client.connect()
    expect([client.connectionState, dials()]).toEqual([{ at: "offline" }, 0])
  })
})

describe("a client that is being closed", () => {
  it("leaves what it was about to offer to the server for the next connection", async () => {
    const [clock, server] = [new TestClock(), new FakeServer()]
    const { client, store, disk } = await newPerson(server, clock, "alice")
    await newPerson(server, clock, "bob")
    const group = await clock.during(client.createGroup("friends"))
    await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
    client.connect()
    await clock.during(client.sync())
    const closing = Promise.withResolvers<void>()
    const get = store.get.bind(store)
    store.get = (collection, key) => {
      if (collection === "outbox") closing.resolve(client.close())
      return get(collection, key)
    }
    await clock.during(group.send("one"))
    await clock.during(closing.promise)
    const { client: next } = await openPerson(server, clock, disk)
    await clock.during(next.sync())
    expect(await next.conversation("friends").history()).toMatchObject([{ text: "one", state: "accepted" }])
  })
})

describe("a client whose store fails before it connects", () => {
  it("says so to whoever asks the server for something", async () => {
    const [clock, server] = [new TestClock(), new FakeServer()]
    const { client: before, disk } = await newPerson(server, clock, "alice")
    before.connect()
    const group = await clock.during(before.createGroup("notes"))
    await clock.during(group.setTimer(60).then(({ id }) => group.waitAccepted(id)))
    await clock.during(group.send("one"))
    await clock.during(before.close())
    const { client, store } = await openPerson(server, clock, disk)
    store.crashAfter(0, { keepsLast: false })
    clock.advance(3_600_000)
    await expect(clock.during(client.sync())).rejects.toMatchObject({ code: "store_io" })
    await expect(clock.during(client.contact("bob"))).rejects.toMatchObject({ code: "store_io" })
  })
})
