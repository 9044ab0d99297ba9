import type { GroupId } from "@qpc/wire"
import type { Client, Conversation } from "../api.ts"
import { MemoryStore } from "../memory-store.ts"
import type { MemoryDisk } from "../memory-store.ts"
import { put } from "../store.ts"
import type { Row } from "../store.ts"
import { FakeServer } from "./fake-server.ts"
import { newPerson, openPerson } from "./person.ts"
import { TestClock } from "./test-clock.ts"

/** No record of ours. */
export const NOISE = new Uint8Array([7, 7, 7])

/** Alice and bob have two groups, "one" and "two", with a text in each. */
export async function world({ hasStock = true } = {}) {
  const clock = new TestClock()
  const server = new FakeServer()
  const [alice, bob] = [await newPerson(server, clock, "alice"), await newPerson(server, clock, "bob")]
  alice.client.connect()
  const done = (group: Conversation, sending: Promise<{ readonly id: string }>): Promise<unknown> =>
    clock.during(sending.then(({ id }) => group.waitAccepted(id)))
  const one = await clock.during(alice.client.createGroup("one"))
  const two = await clock.during(alice.client.createGroup("two"))
  await done(one, one.invite("bob"))
  if (!hasStock) server.account("bob").keyPackages.length = 0
  await done(two, two.invite("bob"))
  const welcome = server.delivered.get("bob")!.at(-1)!
  await clock.during(bob.client.sync())
  for (const group of [one, two]) await done(group, group.send(`first in ${group.name}`))
  await clock.during(bob.client.sync())
  const reopen = async (): Promise<Client> => (await openPerson(server, clock, bob.disk)).client
  const away = (): Promise<void> => clock.during(bob.client.close())
  return { clock, server, alice, bob, one, two, done, welcome, reopen, away }
}
/** What {@link world} makes. */
export type World = Awaited<ReturnType<typeof world>>

/** Damages a record of a group. @returns it as it was */
export async function damage(disk: MemoryDisk, id: GroupId): Promise<Row> {
  const store = new MemoryStore(disk)
  const [row] = await store.list("group_records", { prefix: id })
  await store.commit([put("group_records", row!.key, NOISE)])
  return row!
}

/** The same, with bob away and a record of "two" that is damaged. */
export async function damagedWorld(options?: Parameters<typeof world>[0]) {
  const all = await world(options)
  await all.away()
  return { ...all, row: await damage(all.bob.disk, all.two.id) }
}

/** Of all notices, oldest first. */
export const reasons = async (client: Client): Promise<string[]> => (await client.notices()).map(({ reason }) => reason)
/** What was said in a group. */
export const texts = async (group: Pick<Conversation, "history">): Promise<string[]> =>
  (await group.history()).map(({ text }) => text)
/** Of all groups that can be used. */
export const names = (client: Client): string[] => client.conversations().map(({ name }) => name)
