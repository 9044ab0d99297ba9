import { describe, expect, it } from "vitest"
import { FakeServer } from "./testing/fake-server.ts"
import { HELPS_NOBODY, newPerson, openPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

/**
 * Carol wants to leave the group of alice and bob. Bob, who knows it, has written a text that waits for the commit, and wants another
 * name; then he was away for longer than the server keeps commits.
 */
async function bobIsStuck() {
  const clock = new TestClock()
  const server = new FakeServer()
  const alice = await newPerson(server, clock, "alice", HELPS_NOBODY)
  const bob = await newPerson(server, clock, "bob")
  const carol = await newPerson(server, clock, "carol", HELPS_NOBODY)
  const group = await clock.during(alice.client.createGroup("friends"))
  alice.client.connect()
  for (const name of ["bob", "carol"]) await clock.during(group.invite(name).then(({ id }) => group.waitAccepted(id)))
  await clock.during(group.setRole("bob", "admin").then(({ id }) => group.waitAccepted(id)))
  await clock.during(alice.client.close())
  for (const { client } of [bob, carol]) await clock.during(client.sync())
  await clock.during(carol.client.conversations()[0]!.leave())
  await clock.during(carol.client.sync())
  await clock.during(bob.client.sync())
  server.isUp = false
  server.cut()
  const [bobs] = bob.client.conversations()
  const sent = [await clock.during(bobs!.send("held")), await clock.during(bobs!.rename("orchard"))]
  await clock.during(bob.client.close())

  server.isUp = true
  const admin = await openPerson(server, clock, alice.disk, HELPS_NOBODY)
  const [alices] = admin.client.conversations()
  await clock.during(admin.client.sync())
  const done = (sending: Promise<{ readonly id: string }>): Promise<unknown> =>
    clock.during(sending.then(({ id }) => alices!.waitAccepted(id)))
  admin.client.connect()
  await done(alices!.rename("garden"))
  server.account("bob").inbox.length = 0
  const [channel] = server.channels.values()
  channel!.log.length = 0
  const back = await openPerson(server, clock, bob.disk)
  await clock.during(back.client.sync())
  expect(back.client.conversations()[0]!.missing).toMatchObject({ isBehindUs: false })
  const invite = async (): Promise<void> => {
    await done(alices!.remove("bob"))
    await done(alices!.invite("bob"))
  }
  return { clock, server, bob: back, ids: sent.map(({ id }) => id), invite, alices: alices! }
}
type World = Awaited<ReturnType<typeof bobIsStuck>>

async function expectFailed({ clock, bob, ids, alices }: World): Promise<void> {
  const [bobs] = bob.client.conversations()
  expect(bobs).toMatchObject({ name: "garden", isMember: true })
  expect(bobs!.epoch).toBe(alices.epoch)
  expect(await bobs!.history()).toMatchObject([{ text: "held", state: "failed", failure: { code: "must_rejoin" } }])
  for (const id of ids) {
    await expect(clock.during(bobs!.waitAccepted(id))).rejects.toMatchObject({ code: "send_failed" })
  }
}

describe("being invited anew into a group that we could not follow", () => {
  it("ends what was written and wanted in vain, and says so", async () => {
    const world = await bobIsStuck()
    const { clock, bob, invite } = world
    await invite()
    await clock.during(bob.client.sync())
    await expectFailed(world)
  })

  it("ends it once the invitation can be written, where the disk was full first", async () => {
    const world = await bobIsStuck()
    const { clock, bob, invite } = world
    const commit = bob.store.commit.bind(bob.store)
    let refusals = 0
    bob.store.commit = (changes) => {
      const isInvitation = ["key_packages", "group_records"].every((name) =>
        changes.some(({ collection }) => collection === name),
      )
      bob.store.isFull = isInvitation && refusals++ === 0
      return commit(changes).finally(() => (bob.store.isFull = false))
    }
    await invite()
    const isIn = (): boolean => bob.client.conversations()[0]!.name === "garden"
    await clock.during(bob.client.sync({ waitMs: 60_000, until: isIn }))
    expect(refusals).toBe(2)
    await expectFailed(world)
  })
})
