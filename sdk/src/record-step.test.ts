import { describe, expect, it } from "vitest"
import type { Change } from "./store.ts"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson } from "./testing/person.ts"
import type { Person } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

/** Notes what somebody's store is asked to write. */
function watched({ store }: Person): Change[][] {
  const commits: Change[][] = []
  const commit = store.commit.bind(store)
  store.commit = async (changes) => {
    commits.push(changes.map((change) => structuredClone(change)))
    await commit(changes)
  }
  return commits
}

const ofGroups = (changes: readonly Change[]): Change[] =>
  changes.filter(({ collection }) => collection === "group_records")

const sizeBytes = (changes: readonly Change[]): number =>
  changes.reduce((sum, change) => sum + change.key.length + (change.kind === "put" ? change.value.length : 0), 0)

async function friends() {
  const clock = new TestClock()
  const server = new FakeServer()
  const [alice, bob] = [await newPerson(server, clock, "alice"), await newPerson(server, clock, "bob")]
  const group = await clock.during(alice.client.createGroup("friends"))
  await clock.during(alice.client.sync())
  await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
  await clock.during(bob.client.sync())
  return { clock, server, alice, bob, group }
}

describe("storing a text", () => {
  it("writes a few hundred bytes of the group with it, in one commit, on either side", async () => {
    const { clock, alice, bob, group } = await friends()
    const say = (text: string) => clock.during(group.send(text).then(({ id }) => group.waitAccepted(id)))
    await say("the first one prepares the ratchet")
    await clock.during(bob.client.sync())
    const [alices, bobs] = [watched(alice), watched(bob)]
    await say("hello")
    await clock.during(bob.client.sync())
    for (const commits of [alices, bobs]) {
      const withGroup = commits.map(ofGroups).filter((changes) => changes.length > 0)
      expect(withGroup).toHaveLength(1)
      expect(withGroup[0]!.length).toBeLessThanOrEqual(9)
      expect(sizeBytes(withGroup[0]!)).toBeLessThan(1150)
    }
  })

  it("zeroes what it handed to the store, once that is done", async () => {
    const { clock, alice, group } = await friends()
    const handed: Change[] = []
    const commit = alice.store.commit.bind(alice.store)
    alice.store.commit = async (changes) => {
      handed.push(...ofGroups(changes))
      await commit(changes)
    }
    await clock.during(group.send("hello").then(({ id }) => group.waitAccepted(id)))
    const values = handed.flatMap((change) => (change.kind === "put" ? [change.value] : []))
    expect(values.length).toBeGreaterThan(3)
    expect(values.every((value) => value.every((byte) => byte === 0))).toBe(true)
  })
})
