import type { Client, Conversation, Diagnosis } from "@qpc/sdk"
import { describe, expect, it } from "vitest"
import { Service } from "./service.ts"
import type { Person } from "./service.ts"

const HOUR_MS = 3_600_000
const SHORT = { "queue-depth": "4", "commit-log-epochs": "5" }

/** Alice is there; the others are in her group, and switched off. */
async function scene(names: readonly string[]) {
  const service = await Service.open(SHORT)
  const { clock } = service
  const people = new Map<string, Person>()
  for (const name of ["alice", ...names]) people.set(name, await service.enrol(name))
  const person = (name: string): Person => people.get(name)!
  const open = async (name: string): Promise<Client> => service.client(person(name))
  const visit = async (
    name: string,
    act: (group: Conversation) => Promise<unknown> = async () => {},
  ): Promise<void> => {
    const client = await open(name)
    await clock.during(client.sync({ waitMs: 600_000 }))
    const [group] = client.conversations()
    if (group !== undefined) await clock.during(act(group))
    await clock.during(client.sync({ waitMs: 600_000 }))
    await clock.during(client.close())
  }
  for (const name of names) await visit(name)
  const alice = await open("alice")
  const group = await clock.during(alice.createGroup("friends"))
  for (const name of names) await clock.during(group.invite(name).then(({ id }) => group.waitAccepted(id)))
  for (const name of names) await visit(name)
  const renameTimes = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      const { id } = await clock.during(group.rename(`epoch ${group.epoch}`))
      await clock.during(group.waitAccepted(id))
    }
  }
  return { service, clock, alice, group, person, open, visit, renameTimes }
}

const texts = async (conversation: Conversation): Promise<string[]> =>
  (await conversation.history()).map(({ text }) => text)
const reasons = async (client: Client): Promise<string[]> => (await client.notices()).map(({ reason }) => reason)
const states = ({ findings }: Diagnosis): string[] => findings.map(({ state }) => state)
describe("a device that was away for longer than the log", () => {
  it("is in again by itself, says what is missing, and keeps its history", async () => {
    const { clock, alice, group, open, visit, renameTimes } = await scene(["bob"])
    await clock.during(group.send("before").then(({ id }) => group.waitAccepted(id)))
    await visit("bob")
    const fromEpoch = group.epoch
    const fromMs = clock.unixMs()
    await renameTimes(20)
    clock.advance(HOUR_MS)
    const bob = await open("bob")
    const [own] = bob.conversations()
    await clock.during(bob.sync({ waitMs: 600_000, until: () => own!.missing?.isBehindUs === true }))
    expect(own!.epoch).toBe(fromEpoch + 21n)
    expect(own!.epochAuthenticator).toEqual(group.epochAuthenticator)
    // The inbox held four commits of the twenty.
    expect(own!.missing).toMatchObject({ fromEpoch: fromEpoch + 4n, toEpoch: fromEpoch + 21n, isBehindUs: true })
    expect(own!.missing!.fromMs).toBeLessThanOrEqual(fromMs)
    expect(own!.missing!.toMs).toBeGreaterThanOrEqual(fromMs + HOUR_MS)
    await clock.during(group.send("after").then(({ id }) => group.waitAccepted(id)))
    await clock.during(bob.sync({ until: ({ received }) => received.length > 0 }))
    expect(await texts(own!)).toEqual(["before", "after"])
    await clock.during(own!.send("thanks").then(({ id }) => own!.waitAccepted(id)))
    await clock.during(alice.sync({ until: ({ received }) => received.length > 0 }))
    expect(await texts(group)).toEqual(["before", "after", "thanks"])
    expect(await reasons(bob)).toEqual(["history_gone", "rejoined"])
    expect(await reasons(alice)).toEqual(["member_rejoined"])
    expect(states(await clock.during(bob.diagnose()))).toEqual(["healthy", "healthy"])
    for (const client of [bob, alice]) await clock.during(client.close())
  })
})
