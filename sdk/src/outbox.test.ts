import { RpcError } from "@qpc/rpc"
import { describe, expect, it } from "vitest"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

const texts = (messages: readonly { readonly text: string }[]): string[] => messages.map(({ text }) => text)

/** Alice is not connected; bob and carol are. Alice and bob share a group. */
async function offlineAlice() {
  const clock = new TestClock()
  const server = new FakeServer()
  const first = await newPerson(server, clock, "alice")
  const bob = await newPerson(server, clock, "bob")
  await newPerson(server, clock, "carol")
  const group = await clock.during(first.client.createGroup("friends"))
  await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
  await clock.during(group.setRole("bob", "moderator").then(({ id }) => group.waitAccepted(id)))
  await clock.during(bob.client.sync())
  await clock.during(first.client.close())
  const alice = await openPerson(server, clock, first.disk)
  return {
    clock,
    server,
    alice,
    bob,
    alices: alice.client.conversation("friends"),
    bobs: bob.client.conversation("friends"),
  }
}

describe("the outbox", () => {
  it("keeps the order in which things were said, over restarts", async () => {
    const world = await offlineAlice()
    const { clock, server, bobs } = world
    let { alice } = world
    const said = Array.from({ length: 6 }, (_, i) => `message ${i}`)
    for (const text of said) {
      await clock.during(alice.client.conversation("friends").send(text))
      await clock.during(alice.client.close())
      alice = await openPerson(server, clock, alice.disk)
    }
    const report = await clock.during(alice.client.sync())
    expect(report).toMatchObject({ accepted: 6, pending: 0, failed: 0, isComplete: true })
    await clock.during(world.bob.client.sync())
    expect(texts(await bobs.history())).toEqual(said)
  })

  it("lets the other groups pass when one is in trouble", async () => {
    const { clock, server, alice, alices } = await offlineAlice()
    const other = await clock.during(alice.client.createGroup("other"))
    await clock.during(alices.send("stuck"))
    const full = new RpcError("resource_exhausted", "inbox_full", "full")
    server.before = (method) => (method === "batchEnqueue" && ++offers % 2 === 1 && isFull ? full : undefined)
    let offers = 0
    let isFull = true
    const invited = await clock.during(other.invite("carol"))
    await clock.during(other.waitAccepted(invited.id))
    isFull = false
    await clock.during(alice.client.sync())
    expect(await alices.history()).toMatchObject([{ text: "stuck", state: "accepted" }])
  })

  it("tells after a while that something is stuck, and keeps it", async () => {
    const { clock, server, alice, alices } = await offlineAlice()
    const sent = await clock.during(alices.send("stuck"))
    server.before = (method) =>
      method === "batchEnqueue" ? new RpcError("resource_exhausted", "inbox_full", "full") : undefined
    expect(await clock.during(alice.client.sync())).toMatchObject({ pending: 1, isComplete: false })
    await expect(clock.during(alices.waitAccepted(sent.id, { timeoutMs: 1000 }))).rejects.toMatchObject({
      code: "timeout",
      retryable: true,
    })
    server.before = () => undefined
    await clock.during(alices.waitAccepted(sent.id))
  })

  it("refuses more than its limit", async () => {
    const { clock, server, alice } = await offlineAlice()
    await clock.during(alice.client.close())
    const small = await openPerson(server, clock, alice.disk, { limits: { outboxRows: 2 } })
    const group = small.client.conversation("friends")
    await clock.during(group.send("one"))
    await clock.during(group.send("two"))
    await expect(clock.during(group.send("three"))).rejects.toMatchObject({ code: "busy", retryable: true })
    expect(texts(await group.history())).toEqual(["one", "two"])
  })
})

describe("a text that waited while the group changed", () => {
  it.each([
    [3, "accepted", ["written offline"]],
    [4, "failed", []],
  ] as const)("after %i changes is %s", async (changes, state, read) => {
    const { clock, alice, bob, alices, bobs } = await offlineAlice()
    await clock.during(alices.send("written offline"))
    for (let i = 0; i < changes; i++) {
      const changing = i % 2 === 0 ? bobs.invite("carol") : bobs.remove("carol")
      await clock.during(changing.then(({ id }) => bobs.waitAccepted(id)))
    }
    await clock.during(alice.client.sync())
    await clock.during(bob.client.sync())
    expect((await alices.history()).map((message) => message.state)).toEqual([state])
    expect(texts(await bobs.history())).toEqual(read)
  })
})
