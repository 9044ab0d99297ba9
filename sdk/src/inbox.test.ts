import { describe, expect, it } from "vitest"
import type { Row } from "./store.ts"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

/** Looks at the inbox that bring more, so that a test of what does not end ends. */
const LOOKS = 100

/** Bob is connected, and hears nothing of `fetchEpochs` or of what waits for a group before the test lets him. */
async function bobIsHeldUp() {
  const [clock, server] = [new TestClock(), new FakeServer()]
  const [alice, bob] = [await newPerson(server, clock, "alice"), await newPerson(server, clock, "bob")]
  const group = await clock.during(alice.client.createGroup("friends"))
  await clock.during(bob.client.sync())
  const [answer, rows] = [Promise.withResolvers<object>(), Promise.withResolvers<readonly Row[]>()]
  const [asked, entered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  server.answerInstead = (method) => {
    if (method !== "fetchEpochs") return undefined
    server.answerInstead = () => undefined
    asked.resolve()
    return answer.promise
  }
  const list = bob.store.list.bind(bob.store)
  bob.store.list = (collection, range) => {
    if (collection !== "parked") return list(collection, range)
    bob.store.list = list
    entered.resolve()
    return rows.promise
  }
  const pause = (): Promise<void> =>
    clock.during(new Promise((resolve) => void clock.setTimer(1000, () => resolve(undefined))))
  return { clock, server, alice, bob, group, answer, rows, asked, entered, pause }
}

describe("an invitation that is taken in while we look for commits that were left out", () => {
  it("has us look once more: a commit behind it may have been left out, and is counted already", async () => {
    const { clock, server, bob, group, answer, rows, asked, entered, pause } = await bobIsHeldUp()
    const account = server.account("bob")
    account.commitsLeftOut += 1n
    server.deliver("bob", new Uint8Array([1, 2, 3]))
    await clock.during(asked.promise)
    await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
    await clock.during(entered.promise)
    server.full.add("bob")
    await clock.during(group.rename("garden").then(({ id }) => group.waitAccepted(id)))
    expect(account.commitsLeftOut).toBe(2n)
    answer.resolve({ epochs: [], newestSeq: account.newestSeq, commitsLeftOut: account.commitsLeftOut })
    await pause()
    rows.resolve([])
    await pause()
    expect(bob.client.conversations().map(({ name, epoch }) => ({ name, epoch }))).toEqual([
      { name: "garden", epoch: group.epoch },
    ])
  })
})

/** Bob, whose history of a group is gone, has an inbox that gets more with each look than he takes out of it. */
async function bobIsFlooded(count: number, whatComes: (welcome: Uint8Array) => Uint8Array) {
  const [clock, server] = [new TestClock(), new FakeServer()]
  const [alice, bob] = [await newPerson(server, clock, "alice"), await newPerson(server, clock, "bob")]
  const group = await clock.during(alice.client.createGroup("friends"))
  await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
  await clock.during(bob.client.sync())
  await clock.during(bob.client.close())
  await clock.during(group.rename("garden").then(({ id }) => group.waitAccepted(id)))
  server.account("bob").inbox.splice(0)
  for (const channel of server.channels.values()) channel.log = []
  const flood = whatComes(server.delivered.get("bob")![0]!)
  await clock.during(alice.client.close())
  let looksLeft = LOOKS
  server.before = (method) => {
    if (method !== "peek" || looksLeft === 0) return undefined
    looksLeft -= 1
    for (let i = 0; i < count; i++) server.deliver("bob", flood)
    return undefined
  }
  const [back, answering] = [await openPerson(server, clock, bob.disk), await openPerson(server, clock, alice.disk)]
  const isFlooded = (): boolean => looksLeft > 0
  return { clock, server, back, answering, own: back.client.conversations()[0]!, isFlooded }
}

describe("an inbox that gets more than is taken out of it", () => {
  it.each([
    ["more than a page of what nobody can read", 40, () => new Uint8Array([1, 2, 3])],
    ["one more Welcome", 1, (welcome: Uint8Array) => welcome],
  ])("holds up nobody's way back into a group: %s", async (_, count, whatComes) => {
    const { clock, server, back, answering, own, isFlooded } = await bobIsFlooded(count, whatComes)
    const isBack = (): boolean => own.missing?.isBehindUs === true
    const wasFlooded: boolean[] = []
    server.after = (method) => {
      if (method === "batchEnqueue") wasFlooded.push(isFlooded())
      return undefined
    }
    for (const { client } of [back, answering]) client.connect()
    for (let seconds = 0; seconds < 20 && !isBack(); seconds++) {
      await clock.during(new Promise((resolve) => void clock.setTimer(1000, () => resolve(undefined))))
    }
    expect(isBack()).toBe(true)
    expect(wasFlooded[0]).toBe(true)
    for (const { client } of [back, answering]) await clock.during(client.close())
  })
})
