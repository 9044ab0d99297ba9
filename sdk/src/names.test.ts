import { RpcError } from "@qpc/rpc"
import { describe, expect, it } from "vitest"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

describe("looking up what newcomers are called", () => {
  it("asks for a name once, however often the group changes while the server takes its time to answer", async () => {
    const [clock, server] = [new TestClock(), new FakeServer()]
    const [alice, bob] = [await newPerson(server, clock, "alice"), await newPerson(server, clock, "bob")]
    for (const name of ["carol", "dan"]) await newPerson(server, clock, name)
    const group = await clock.during(alice.client.createGroup("friends"))
    const invite = (name: string): Promise<unknown> =>
      clock.during(group.invite(name).then(({ id }) => group.waitAccepted(id)))
    await invite("bob")
    await clock.during(bob.client.sync())
    const answers = ["carol", "dan"].map((username) => ({ username, held: Promise.withResolvers<object>() }))
    let asked = 0
    server.answerInstead = (method) => (method === "resolveIdentity" ? answers[asked++]?.held.promise : undefined)
    bob.client.connect()
    await invite("carol")
    await invite("dan")
    const bobs = bob.client.conversation("friends")
    await clock.during(bob.client.sync({ waitMs: 1000, until: () => bobs.members().length === 4 }))
    expect(asked).toBe(1)
    for (const { username, held } of answers) held.resolve({ username })
    await clock.during(bob.client.sync())
    expect(bobs.members().map(({ username }) => username)).toEqual(["alice", "bob", "carol", "dan"])
    expect(asked).toBe(2)
  })

  it("holds up nobody's way back into a group, however long the server takes to answer", async () => {
    const [clock, server] = [new TestClock(), new FakeServer()]
    const [alice, bob] = [await newPerson(server, clock, "alice"), await newPerson(server, clock, "bob")]
    const group = await clock.during(alice.client.createGroup("friends"))
    await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
    server.before = (method) =>
      method === "resolveIdentity" ? new RpcError("unavailable", "busy", "not now") : undefined
    await clock.during(bob.client.sync())
    await clock.during(bob.client.close())
    await clock.during(group.rename("garden").then(({ id }) => group.waitAccepted(id)))
    await clock.during(alice.client.close())
    server.account("bob").inbox.splice(0)
    for (const channel of server.channels.values()) channel.log = []
    server.before = () => undefined
    const held = Promise.withResolvers<object>()
    server.answerInstead = (method) => (method === "resolveIdentity" ? held.promise : undefined)
    const back = await openPerson(server, clock, bob.disk)
    server.calls.length = 0
    back.client.connect()
    await clock.during(new Promise((resolve) => void clock.setTimer(1000, () => resolve(undefined))))
    expect(server.calls).toEqual(expect.arrayContaining(["resolveIdentity", "batchEnqueue"]))
    held.resolve({ username: "alice" })
    await clock.during(back.client.close())
  })
})
