import { toGroupId } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { RepairOptions } from "./doctor/repair.ts"
import { FakeServer } from "./testing/fake-server.ts"
import { HELPS_NOBODY, newPerson, openPerson } from "./testing/person.ts"
import type { Person } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

const groupOf = ({ client }: Person) => client.conversations()[0]!
const reasons = async ({ client }: Person): Promise<string[]> => (await client.notices()).map(({ reason }) => reason)

/** Bob has lost the group and asks; carol, who is an admin by now, and alice, who made her one, are not there. */
async function bobAsks() {
  const clock = new TestClock()
  const server = new FakeServer()
  const people = [await newPerson(server, clock, "alice"), await newPerson(server, clock, "bob")]
  const [alice, bob] = people as [Person, Person]
  const carol = await newPerson(server, clock, "carol")
  const group = await clock.during(alice.client.createGroup("friends"))
  alice.client.connect()
  const done = (sending: Promise<{ readonly id: string }>): Promise<unknown> =>
    clock.during(sending.then(({ id }) => group.waitAccepted(id)))
  for (const name of ["bob", "carol"]) await done(group.invite(name))
  for (const { client } of [bob, carol]) {
    await clock.during(client.sync())
    await clock.during(client.close())
  }
  await done(group.setRole("carol", "admin"))
  await clock.during(alice.client.close())
  server.account("bob").inbox.length = 0
  for (const channel of server.channels.values()) channel.log = []
  const back = await openPerson(server, clock, bob.disk, { limits: { rejoinAttempts: 2 } })
  const lostIn = groupOf(back).epoch
  await clock.during(back.client.sync())
  /** Alice, and nobody else, comes online and answers when it is her turn. */
  const aliceAnswers = async (): Promise<void> => {
    const { client } = await openPerson(server, clock, alice.disk)
    for (let turns = 0; turns < 6; turns++) {
      for (const one of [client, back.client]) await clock.during(one.sync())
      clock.advance(10_000)
    }
    await clock.during(client.close())
  }
  const repair = (options: RepairOptions): Promise<unknown> => {
    clock.advance(1000)
    return clock.during(back.client.repair(options))
  }
  return { clock, bob: back, lostIn, aliceAnswers, repair }
}

describe("a person who insists", () => {
  it("does so where they were asked something, and in no other lost group", async () => {
    const { bob, lostIn, aliceAnswers, repair } = await bobAsks()
    await repair({ mayLose: true })
    await aliceAnswers()
    expect(groupOf(bob).epoch).toBe(lostIn)
    expect(await reasons(bob)).toContain("rejoin_unconfirmed")
    await repair({ mayLose: true })
    await aliceAnswers()
    expect(groupOf(bob).epoch).toBe(lostIn + 2n)
  })

  it("on one group does so whatever comes, and in no other", async () => {
    const { bob, lostIn, aliceAnswers, repair } = await bobAsks()
    await repair({ mayLose: true, groupId: toGroupId(groupOf(bob).id.map((byte) => byte ^ 1)) })
    await aliceAnswers()
    expect(groupOf(bob).epoch).toBe(lostIn)
    await repair({ mayLose: true, groupId: groupOf(bob).id })
    await aliceAnswers()
    expect(groupOf(bob).epoch).toBe(lostIn + 2n)
  })
})

/** Bob did not follow a change of the group, insisted, and nobody has answered him. */
async function nobodyAnswers() {
  const clock = new TestClock()
  const server = new FakeServer()
  const [alice, bob] = [await newPerson(server, clock, "alice", HELPS_NOBODY), await newPerson(server, clock, "bob")]
  const group = await clock.during(alice.client.createGroup("friends"))
  alice.client.connect()
  const done = (sending: Promise<{ readonly id: string }>): Promise<unknown> =>
    clock.during(sending.then(({ id }) => group.waitAccepted(id)))
  await done(group.invite("bob"))
  await clock.during(bob.client.sync())
  await clock.during(bob.client.close())
  await done(group.rename("garden"))
  server.account("bob").inbox.length = 0
  const [channel] = server.channels.values()
  channel!.log = channel!.log.map(({ epoch, data }) => ({ epoch, data: data.map((byte) => byte ^ 1) }))
  const back = await openPerson(server, clock, bob.disk, { limits: { rejoinAttempts: 1 } })
  await clock.during(back.client.repair({ mayLose: true }))
  await clock.during(back.client.repair({ mayLose: true }))
  clock.advance(20 * 60_000)
  await clock.during(back.client.sync())
  return { clock, bob: back, group, done }
}

const stateOf = async (clock: TestClock, { client }: Person) => (await clock.during(client.diagnose())).findings.at(-1)

describe("a way back that a person insisted on, and that led nowhere", () => {
  it("is not tried again before they insist again", async () => {
    const { clock, bob } = await nobodyAnswers()
    const givenUp = {
      state: "rejoin_given_up",
      facts: { cause: "not_followed", attempt: 1, reason: "nobody_answered" },
    }
    expect(await stateOf(clock, bob)).toMatchObject(givenUp)
    await clock.during(bob.client.repair())
    expect(await stateOf(clock, bob)).toMatchObject(givenUp)
    await clock.during(bob.client.repair({ mayLose: true }))
    expect(await stateOf(clock, bob)).toMatchObject({ state: "rejoining" })
  })

  it("ends with an invitation by a member whom we know", async () => {
    const { clock, bob, group, done } = await nobodyAnswers()
    await done(group.remove("bob"))
    await done(group.invite("bob"))
    await clock.during(bob.client.sync())
    const { name, isMember, epoch } = groupOf(bob)
    expect([name, isMember, epoch]).toEqual(["garden", true, group.epoch])
    expect(await stateOf(clock, bob)).toMatchObject({ state: "healthy" })
  })

  it("can still end so while somebody may answer", async () => {
    const { clock, bob, group, done } = await nobodyAnswers()
    await clock.during(bob.client.repair({ mayLose: true }))
    await done(group.remove("bob"))
    await done(group.invite("bob"))
    await clock.during(bob.client.sync())
    const { name, isMember, epoch } = groupOf(bob)
    expect([name, isMember, epoch]).toEqual(["garden", true, group.epoch])
  })
})
