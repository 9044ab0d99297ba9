import { describe, expect, it } from "vitest"
import type { Conversation } from "./api.ts"
import type { Sent } from "./model.ts"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

/** Alice and bob share a group; carol and dave could come too, but nothing more goes into carol's inbox. */
async function fullCarol() {
  const clock = new TestClock()
  const server = new FakeServer()
  const alice = await newPerson(server, clock, "alice")
  const bob = await newPerson(server, clock, "bob")
  await newPerson(server, clock, "carol")
  await newPerson(server, clock, "dave")
  const group = await clock.during(alice.client.createGroup("friends"))
  const accepted = async (asked: Promise<Sent>, from: Conversation = group): Promise<Sent> => {
    const { id } = await clock.during(asked)
    return clock.during(from.waitAccepted(id, { timeoutMs: 600_000 }))
  }
  await accepted(group.invite("bob"))
  await accepted(group.setRole("bob", "admin"))
  await clock.during(bob.client.sync())
  server.full.add("carol")
  const took = async (asked: Promise<unknown>): Promise<number> => {
    const startMs = clock.nowMs()
    await asked
    return clock.nowMs() - startMs
  }
  const names = (): string[] => group.members().map(({ username = "" }) => username)
  return { clock, server, alice, bobs: bob.client.conversation("friends"), group, accepted, took, names }
}

const MINUTE_MS = 60_000

describe("an invitation of somebody whose inbox is full", () => {
  it("fails after half a minute, and tells what to do", async () => {
    const { alice, group, accepted, took } = await fullCarol()
    const failing = expect(accepted(group.invite("carol"))).rejects.toMatchObject({ code: "send_failed" })
    const ms = await took(failing)
    expect(ms).toBeGreaterThanOrEqual(MINUTE_MS / 2)
    expect(ms).toBeLessThan(1.2 * MINUTE_MS)
    expect((await alice.client.notices()).map(({ reason }) => reason)).toContain("invited_inbox_full")
  })

  it("holds up other changes once, however often they were invited", async () => {
    const { clock, group, accepted, took, names } = await fullCarol()
    for (let i = 0; i < 8; i++) await clock.during(group.invite("carol"))
    await clock.during(group.invite("dave"))
    expect(await took(accepted(group.remove("bob")))).toBeLessThan(1.2 * MINUTE_MS)
    expect(names()).toEqual(["alice", "dave"])
  })

  it("is not waited for anew because the group goes on meanwhile", async () => {
    const { clock, bobs, group, accepted } = await fullCarol()
    const invited = await clock.during(group.invite("carol"))
    for (const name of ["one", "two", "three", "four", "five", "six"]) {
      await accepted(bobs.rename(name), bobs)
      clock.advance(10_000)
    }
    const told = group.waitAccepted(invited.id, { timeoutMs: MINUTE_MS / 5 })
    await expect(clock.during(told)).rejects.toMatchObject({ code: "send_failed" })
  })

  it("succeeds at once when they have read their messages", async () => {
    const { server, group, accepted, took, names } = await fullCarol()
    await expect(accepted(group.invite("carol"))).rejects.toMatchObject({ code: "send_failed" })
    server.full.clear()
    expect(await took(accepted(group.invite("carol")))).toBeLessThan(1000)
    expect(names()).toEqual(["alice", "bob", "carol"])
  })

  it("is waited for again some minutes later", async () => {
    const { clock, group, accepted, took } = await fullCarol()
    const failing = () => expect(accepted(group.invite("carol"))).rejects.toMatchObject({ code: "send_failed" })
    await failing()
    expect(await took(failing())).toBeLessThan(1000)
    clock.advance(5 * MINUTE_MS)
    expect(await took(failing())).toBeGreaterThanOrEqual(MINUTE_MS / 2)
  })

  it("is waited for again once they had room", async () => {
    const { server, group, accepted, took } = await fullCarol()
    const failing = () => expect(accepted(group.invite("carol"))).rejects.toMatchObject({ code: "send_failed" })
    await failing()
    server.full.clear()
    await accepted(group.invite("carol"))
    await accepted(group.remove("carol"))
    server.full.add("carol")
    expect(await took(failing())).toBeGreaterThanOrEqual(MINUTE_MS / 2)
  })
})
