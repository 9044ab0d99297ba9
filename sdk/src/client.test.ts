import { describe, expect, it } from "vitest"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

const texts = (messages: readonly { readonly text: string }[]): string[] => messages.map(({ text }) => text)

async function twoFriends() {
  const clock = new TestClock()
  const server = new FakeServer()
  const alice = await newPerson(server, clock, "alice")
  const bob = await newPerson(server, clock, "bob")
  const group = await clock.during(alice.client.createGroup("friends"))
  alice.client.connect()
  const invited = await clock.during(group.invite("bob"))
  await clock.during(group.waitAccepted(invited.id))
  await clock.during(bob.client.sync())
  return { clock, server, alice, bob, group, bobs: bob.client.conversation("friends") }
}

describe("two clients", () => {
  it("talk in a group that one of them made", async () => {
    const { clock, alice, bob, group, bobs } = await twoFriends()
    const sent = await clock.during(group.send("hello bob"))
    expect(sent.state).toBe("stored")
    await clock.during(group.waitAccepted(sent.id))
    await clock.during(bob.client.sync())
    expect((await bobs.history())[0]).toMatchObject({ text: "hello bob", sender: { username: "alice" }, isOwn: false })
    await clock.during(bobs.send("hello alice"))
    await clock.during(bob.client.sync())
    await clock.during(alice.client.sync())
    expect(texts(await group.history())).toEqual(["hello bob", "hello alice"])
    expect(texts(await bobs.history())).toEqual(["hello bob", "hello alice"])
    expect((await bobs.history()).map(({ state }) => state)).toEqual(["received", "accepted"])
    expect(bobs.epochAuthenticator).toEqual(group.epochAuthenticator)
    await Promise.all([alice.client.close(), bob.client.close()])
  })
})
