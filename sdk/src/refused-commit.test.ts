import { RpcError } from "@qpc/rpc"
import { describe, expect, it } from "vitest"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

/** Alice and bob share a group; carol could come too. */
async function friends() {
  const clock = new TestClock()
  const server = new FakeServer()
  const alice = await newPerson(server, clock, "alice", { group: { winnerMs: 100, intentAttempts: 3 } })
  const bob = await newPerson(server, clock, "bob")
  const carol = await newPerson(server, clock, "carol")
  const group = await clock.during(alice.client.createGroup("friends"))
  await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
  await clock.during(bob.client.sync())
  const reasons = async (): Promise<string[]> => (await alice.client.notices()).map(({ reason }) => reason)
  return { clock, server, alice, bob, carol, group, reasons }
}

/** What a server says that took another commit first. */
const conflict = (missedCommits: readonly Uint8Array[]) => ({
  outcome: { case: "epochConflict", value: { currentEpoch: 2n, missedCommits } },
})

describe("a commit that the server refuses for good", () => {
  it("fails for everybody to see, and does not stand in the way of the next one", async () => {
    const { clock, server, bob, group, reasons } = await friends()
    server.before = (method) =>
      method === "batchEnqueue" ? new RpcError("permission_denied", "not_a_member", "no") : undefined
    const invited = await clock.during(group.invite("carol"))
    await expect(clock.during(group.waitAccepted(invited.id))).rejects.toMatchObject({ code: "send_failed" })
    expect(await reasons()).toEqual(["send_failed", "intent_failed"])
    server.before = () => undefined
    const again = await clock.during(group.invite("carol"))
    await clock.during(group.waitAccepted(again.id))
    await clock.during(bob.client.sync())
    expect(bob.client.conversation("friends").members()).toHaveLength(3)
  })
})

describe("a commit that the server calls late although no other ever comes", () => {
  it("is tried again for a while, and then fails for everybody to see", async () => {
    const { clock, server, group, reasons } = await friends()
    const offersBefore = server.calls.filter((method) => method === "batchEnqueue").length
    server.answerInstead = (method) => (method === "batchEnqueue" ? conflict([]) : undefined)
    const { id } = await clock.during(group.invite("carol"))
    await expect(clock.during(group.waitAccepted(id))).rejects.toMatchObject({ code: "send_failed" })
    expect(server.calls.filter((method) => method === "batchEnqueue").length - offersBefore).toBe(3)
    expect(await reasons()).toEqual(["intent_failed"])
    server.answerInstead = () => undefined
    const again = await clock.during(group.invite("carol"))
    await clock.during(group.waitAccepted(again.id))
  })

  it("goes on behind the commit that the server handed over with its refusal", async () => {
    const { clock, server, bob, group } = await friends()
    const bobs = bob.client.conversation("friends")
    await clock.during(bobs.invite("carol").then(({ id }) => bobs.waitAccepted(id)))
    const [winner] = server.account("alice").inbox.splice(0)
    server.answerInstead = (method) => (method === "batchEnqueue" ? conflict([winner!.data]) : undefined)
    const { id } = await clock.during(group.remove("bob"))
    await clock.during(group.waitAccepted(id, { timeoutMs: 1000 }).catch(() => undefined))
    expect(group.epoch).toBe(2n)
    expect(group.members()).toHaveLength(3)
  })
})
