import { newXWingSuite, suite0001 } from "@qpc/crypto/node"
import type { GroupId } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { ClientOptions } from "./api.ts"
import { refuseLastResortsFor } from "./last-resorts.ts"
import { MemoryStore } from "./memory-store.ts"
import { Profile } from "./profile.ts"
import { reasons, texts } from "./testing/damaged-world.ts"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

/** Alice has a group in a cipher suite that bob's program of before had, and has invited him. Nothing of that is in his inbox yet. */
async function scene() {
  const otherSuites = [newXWingSuite()]
  const [clock, server] = [new TestClock(), new FakeServer()]
  server.keepsSuites = true
  const alice = await newPerson(server, clock, "alice", { otherSuites })
  alice.client.connect()
  const bob = await newPerson(server, clock, "bob", { otherSuites })
  await clock.during(bob.client.sync())
  await clock.during(bob.client.close())
  const found = async (name: string) => {
    const group = await clock.during(alice.client.createGroup(name))
    const done = (asked: Promise<{ readonly id: string }>): Promise<unknown> =>
      clock.during(asked.then(({ id }) => group.waitAccepted(id)))
    return { group, done }
  }
  /** What bob gets when this happens, in place of his inbox. */
  const sentToBob = async (happens: () => Promise<unknown>): Promise<readonly Uint8Array[]> => {
    const before = server.delivered.get("bob")?.length ?? 0
    await happens()
    server.account("bob").inbox.length = 0
    return server.delivered.get("bob")!.slice(before)
  }
  const { group, done } = await found("friends")
  await done(group.changeSuite(otherSuites[0]!.id))
  const [invitation] = await sentToBob(() => done(group.invite("bob")))
  const open = async (options?: Partial<ClientOptions>) => (await openPerson(server, clock, bob.disk, options)).client
  return { clock, server, bob, group, found, sentToBob, invitation: invitation!, open }
}

/** A group's id stands behind an envelope's version and kind. */
function labelled(envelope: Uint8Array, groupId: GroupId): Uint8Array {
  const forged = envelope.slice()
  forged.set(groupId, 2)
  return forged
}

describe("an invitation that another program can open", () => {
  it("is told when it is kept, once", async () => {
    const { clock, server, bob, invitation, open } = await scene()
    const client = await open()
    server.deliver("bob", invitation)
    await clock.during(client.sync())
    expect(await reasons(client)).toEqual(["invited_suite_missing"])
    expect(bob.disk.collections.get("parked")?.size).toBe(1)
  })

  it("is not said to be kept where there is no room for it", async () => {
    const { clock, server, bob, invitation, open } = await scene()
    const client = await open({ limits: { parkedBytes: 1 } })
    server.deliver("bob", invitation)
    await clock.during(client.sync())
    expect(await reasons(client)).toEqual(["parking_full"])
    expect(bob.disk.collections.get("parked")?.size ?? 0).toBe(0)
  })

  it("is refused at once where its key package opens that group no more", async () => {
    const { clock, server, bob, group, invitation, open } = await scene()
    const store = new MemoryStore(bob.disk)
    await store.commit(await refuseLastResortsFor({ profile: new Profile(store), suites: [suite0001] }, [group.id]))
    const client = await open()
    server.deliver("bob", invitation)
    await clock.during(client.sync())
    expect(await reasons(client)).toEqual(["welcome_refused"])
    expect(bob.disk.collections.get("parked")?.size ?? 0).toBe(0)
  })

  it("holds nothing back where it is forged, and its group is entered without it", async () => {
    const { clock, server, bob, found, sentToBob, invitation, open } = await scene()
    const { group, done } = await found("others")
    const [welcome, text] = await sentToBob(async () => {
      await done(group.invite("bob"))
      await done(group.send("hello"))
    })
    const client = await open()
    for (const envelope of [labelled(invitation, group.id), text!, welcome!]) server.deliver("bob", envelope)
    await clock.during(client.sync())
    expect(await texts(client.conversation("others"))).toEqual(["hello"])
    expect(await reasons(client)).toEqual(["invited_suite_missing", "welcome_for_known_group"])
    expect(bob.disk.collections.get("parked")?.size).toBe(0)
  })
})
