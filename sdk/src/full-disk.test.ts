import { allowKeyReuse } from "@qpc/crypto/conformance"
import { describe, expect, it } from "vitest"
import { MemoryStore } from "./memory-store.ts"
import { FakeServer } from "./testing/fake-server.ts"
import { FaultyStore } from "./testing/faulty-store.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import type { Person } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

const HOUR_MS = 3_600_000
/** Keys are renewed every hour. */
const HOURLY = { group: { updateKeysAfterMs: HOUR_MS } }
/** Why a key may encrypt again: the first message was never written, and nothing leaves before it is written. */
const LOST = "what could not be written had not left the process"

/** Alice, who renews her keys every hour, and bob in one group; nothing is under way. */
async function friends() {
  const clock = new TestClock()
  const server = new FakeServer()
  const [alice, bob] = [await newPerson(server, clock, "alice", HOURLY), await newPerson(server, clock, "bob")]
  const group = await clock.during(alice.client.createGroup("friends"))
  await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
  return { clock, server, alice, bob, group }
}

/** Opens a profile whose disk takes nothing more. */
async function openFull(server: FakeServer, clock: TestClock, { disk }: Person): Promise<Person> {
  const store = new FaultyStore(new MemoryStore(disk))
  store.isFull = true
  return { ...(await openPerson(server, clock, disk, { ...HOURLY, store })), store }
}

describe("a group on a full disk", () => {
  it("keeps nobody out of the profile because a commit is due, which is made when there is room", async () => {
    const { clock, server, alice, group } = await friends()
    const { epoch } = group
    await clock.during(alice.client.close())
    clock.advance(HOUR_MS)
    await allowKeyReuse(LOST, async () => {
      const again = await openFull(server, clock, alice)
      const [same] = again.client.conversations()
      expect(same!.epoch).toBe(epoch)
      again.store.isFull = false
      clock.advance(60_000)
      await clock.during(again.client.sync({ until: () => same!.epoch > epoch }))
      expect(same!.epoch).toBe(epoch + 1n)
    })
  })

  it("makes the commit that was due while the disk was full once there is room", async () => {
    const { clock, alice, group } = await friends()
    const { epoch } = group
    await allowKeyReuse(LOST, async () => {
      alice.store.isFull = true
      for (let minute = 0; minute < 70; minute++) {
        clock.advance(60_000)
        await clock.during(alice.client.notices())
      }
      expect(group.epoch).toBe(epoch)
      alice.store.isFull = false
      clock.advance(60_000)
      await clock.during(alice.client.sync({ until: () => group.epoch > epoch }))
      expect(group.epoch).toBe(epoch + 1n)
    })
  })

  it("keeps nobody out because a text came before the invitation, and shows it when there is room", async () => {
    const { clock, server, bob, group } = await friends()
    await clock.during(group.send("early").then(({ id }) => group.waitAccepted(id)))
    const { inbox } = server.account("bob")
    const [welcome, early] = inbox.splice(0).map(({ data }) => data)
    server.deliver("bob", early!)
    server.deliver("bob", welcome!)
    const commit = bob.store.commit.bind(bob.store)
    bob.store.commit = (changes) => {
      bob.store.isFull ||= changes.some(({ kind, collection }) => kind === "delete" && collection === "parked")
      return commit(changes)
    }
    await clock.during(bob.client.sync({ waitMs: 2000 }).catch(() => undefined))
    await clock.during(bob.client.close())
    const again = await openFull(server, clock, bob)
    expect(await again.client.conversation("friends").history()).toEqual([])
    again.store.isFull = false
    await clock.during(again.client.sync())
    expect(await again.client.conversation("friends").history()).toMatchObject([{ text: "early" }])
  })
})
