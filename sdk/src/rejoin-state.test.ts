import { describe, expect, it } from "vitest"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

/** More than bob asks in vain. */
const RACES = 5

describe("the way back of a device whose commits come second", () => {
  it("goes on until one is the first, however many requests that takes", async () => {
    const clock = new TestClock()
    const server = new FakeServer()
    const [alice, bob] = [await newPerson(server, clock, "alice"), await newPerson(server, clock, "bob")]
    const group = await clock.during(alice.client.createGroup("friends"))
    await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
    await clock.during(bob.client.sync())
    await clock.during(bob.client.close())
    await clock.during(group.rename("garden").then(({ id }) => group.waitAccepted(id)))
    server.account("bob").inbox.splice(0)
    for (const channel of server.channels.values()) channel.log = []
    let [races, taken] = [0, server.delivered.get("bob")!.length]
    server.answerInstead = (method) => {
      const answered = server.delivered.get("bob")!.length
      if (method !== "batchEnqueue" || answered === taken || races === RACES) return undefined
      // What comes after an answer is his commit.
      races += 1
      taken = answered
      return { outcome: { case: "epochConflict", value: { currentEpoch: group.epoch, missedCommits: [] } } }
    }
    const back = await openPerson(server, clock, bob.disk, { limits: { rejoinAttempts: 2 } })
    const [own] = back.client.conversations()
    for (let rounds = 0; rounds < 30 && own!.missing?.isBehindUs !== true; rounds++) {
      for (const { client } of [back, alice]) await clock.during(client.sync())
      clock.advance(5000)
    }
    expect(races).toBe(RACES)
    expect(own!.epochAuthenticator).toEqual(group.epochAuthenticator)
    expect((await back.client.notices()).map(({ reason }) => reason)).not.toContain("rejoin_given_up")
  })
})
