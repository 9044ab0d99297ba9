import type { Client, Conversation, TraceLine } from "@qpc/sdk"
import { describe, expect, it } from "vitest"
import { Service } from "./service.ts"
import type { Person } from "./service.ts"

const DAY_MS = 24 * 3_600_000
/** Inboxes of a few envelopes, so that almost everything has to come from the log. */
const SMALL = { "queue-depth": "4", "commit-log-epochs": "1000" }

/** Alice is there and changes the group; the others share it and are switched off. */
async function groupOf(names: readonly string[], options: Record<string, string> = SMALL) {
  const service = await Service.open(options)
  const { clock } = service
  // Where she answers nobody who lost the group, they have to wait for an invitation.
  const alice = await service.client(await service.enrol("alice"), { group: { rejoinsPerHour: 0 } })
  const others = new Map<string, Person>()
  for (const name of names) {
    const person = await service.enrol(name)
    others.set(name, person)
    await using client = await service.client(person)
    await clock.during(client.sync())
  }
  const group = await clock.during(alice.createGroup("friends"))
  for (const name of names) await clock.during(group.invite(name).then(({ id }) => group.waitAccepted(id)))
  for (const person of others.values()) {
    await using client = await service.client(person)
    await clock.during(client.sync())
  }
  const renameTimes = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      const { id } = await clock.during(group.rename(`epoch ${group.epoch}`))
      await clock.during(group.waitAccepted(id))
    }
  }
  return { service, clock, alice, group, others, renameTimes }
}

const texts = async (conversation: Conversation): Promise<string[]> =>
  (await conversation.history()).map(({ text }) => text)

/** Opens somebody's client and lets it take in everything; tells what crossed the wire meanwhile. */
async function comeBack(service: Service, person: Person): Promise<{ client: Client; pages: readonly TraceLine[] }> {
  const lines: TraceLine[] = []
  const client = await service.client(person, { onTrace: (line) => void lines.push(line) })
  await service.clock.during(client.sync({ waitMs: 600_000 }))
  const pages = lines.filter(
    ({ layer, direction, id }) => layer === "rpc" && direction === "up" && id?.startsWith("fetchCommits") === true,
  )
  return { client, pages }
}

describe("a member who was away", () => {
  it("for 1, 10, 100 and 1000 epochs follows, reads what is next, and holds one page in memory", async () => {
    const { service, clock, group, others, renameTimes } = await groupOf(["one", "ten", "hundred", "thousand"])
    const sizes: number[] = []
    let passed = 0
    for (const [name, epochs] of [
      ["one", 1],
      ["ten", 10],
      ["hundred", 100],
      ["thousand", 1000],
    ] as const) {
      await renameTimes(epochs - passed)
      passed = epochs
      clock.advance(8 * DAY_MS)
      const { client, pages } = await comeBack(service, others.get(name)!)
      const own = client.conversations()[0]!
      expect(own.epoch).toBe(group.epoch)
      expect(own.epochAuthenticator).toEqual(group.epochAuthenticator)
      const sent = await clock.during(group.send(`hello ${name}`))
      await clock.during(group.waitAccepted(sent.id))
      await clock.during(client.sync())
      expect(await texts(own)).toEqual([`hello ${name}`])
      expect(await client.notices()).toEqual([])
      expect(pages).toHaveLength(Math.ceil(epochs / 32))
      for (const { bytesIn } of pages) expect(bytesIn).toBeLessThan(32 * 2048)
      sizes.push(others.get(name)!.disk.collections.get("group_records")!.size)
      await clock.during(client.close())
    }
    // What is kept of a group does not grow with what was passed through.
    expect(Math.max(...sizes)).toBeLessThan(2 * Math.min(...sizes))
  }, 240_000)

  it("and was removed meanwhile learns that, and by whom, from the log", async () => {
    const { service, clock, group, others, renameTimes } = await groupOf(["bob"])
    await renameTimes(20)
    const removed = await clock.during(group.remove("bob"))
    await clock.during(group.waitAccepted(removed.id))
    await renameTimes(20)
    const { client } = await comeBack(service, others.get("bob")!)
    expect(client.conversations()[0]).toMatchObject({ isMember: false, name: "epoch 20" })
    await clock.during(client.close())
  })

  it("follows through the departure of others, whose commits bring the proposals along that they mean", async () => {
    const { service, clock, group, others, renameTimes } = await groupOf(["bob", "carol"])
    const carol = await service.client(others.get("carol")!)
    await renameTimes(5)
    await clock.during(carol.sync())
    const [carols] = carol.conversations()
    await clock.during(carols!.leave())
    await clock.during(carol.sync({ until: () => !carols!.isMember, waitMs: 600_000 }))
    expect(carols!.hasLeft).toBe(true)
    await clock.during(carol.close())
    await renameTimes(5)
    const { client } = await comeBack(service, others.get("bob")!)
    expect(client.conversations()[0]!.epochAuthenticator).toEqual(group.epochAuthenticator)
    expect(await client.notices()).toEqual([])
    await clock.during(client.close())
  })
})

describe("a member who was away for longer than the log", () => {
  const SHORT = { "queue-depth": "4", "commit-log-epochs": "5" }

  it("is told once what is missing, and is in again when invited anew", async () => {
    const { service, clock, group, others, renameTimes } = await groupOf(["bob"], SHORT)
    const fromEpoch = group.epoch
    await renameTimes(20)
    const bob = others.get("bob")!
    for (let times = 0; times < 2; times++) {
      const { client } = await comeBack(service, bob)
      await clock.during(group.send("nobody of yesterday reads this"))
      await clock.during(client.sync())
      const reasons = (await client.notices()).map(({ reason }) => reason)
      expect(reasons).toEqual(["history_gone"])
      // The inbox held four commits of the twenty.
      const missing = { fromEpoch: fromEpoch + 4n, toEpoch: fromEpoch + 20n, isBehindUs: false }
      expect(client.conversations()[0]).toMatchObject({ isMember: true, missing })
      await clock.during(client.close())
    }
    for (const change of [() => group.remove("bob"), () => group.invite("bob")]) {
      await clock.during(change().then(({ id }) => group.waitAccepted(id)))
    }
    const { client } = await comeBack(service, bob)
    const own = client.conversations()[0]!
    await clock.during(group.send("welcome back"))
    await clock.during(client.sync({ until: ({ received }) => received.length > 0 }))
    expect(await texts(own)).toEqual(["welcome back"])
    expect(own.missing).toEqual({ fromEpoch: fromEpoch + 4n, toEpoch: group.epoch, isBehindUs: true })
    expect(own.epochAuthenticator).toEqual(group.epochAuthenticator)
    await clock.during(client.close())
  })
})
