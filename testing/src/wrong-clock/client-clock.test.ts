import type { Client, Conversation } from "@qpc/sdk"
import { nodeClientParts } from "@qpc/sdk/node"
import { newMemoryDisk } from "@qpc/sdk"
import { describe, expect, it } from "vitest"
import { Service } from "../catch-up/service.ts"
import type { Person } from "../catch-up/service.ts"
import { OFF_MS, WrongClock } from "./wrong-clock.ts"

const DAY_MS = 86_400_000
const TOLERANCE_MS = 900_000

const reasons = async (client: Client): Promise<string[]> => (await client.notices()).map(({ reason }) => reason)
const texts = async (group: Conversation): Promise<string[]> => (await group.history()).map(({ text }) => text)
/** What is told of a clock that is off by so much. */
const told = (aheadMs: number): string[] => (Math.abs(aheadMs) > TOLERANCE_MS ? ["clock_differs"] : [])

/** Alice and Carol have the right time, Bob has not. All are in one group, which Alice made. */
async function friends(aheadMs: number, options: Record<string, string> = {}) {
  const service = await Service.open(options)
  const { clock } = service
  const bobsClock = new WrongClock(clock, aheadMs)
  const [alices, bobs, carols] = [
    await service.enrol("alice"),
    await service.enrol("bob"),
    await service.enrol("carol"),
  ]
  const openBob = (): Promise<Client> => service.client(bobs, { clock: bobsClock })
  const [alice, bob, carol] = [await service.client(alices), await openBob(), await service.client(carols)]
  for (const client of [alice, bob, carol]) await clock.during(client.sync())
  const group = await clock.during(alice.createGroup("friends"))
  const done = (sending: Promise<{ readonly id: string }>, by: Conversation = group) =>
    clock.during(sending.then(({ id }) => by.waitAccepted(id)))
  for (const name of ["bob", "carol"]) await done(group.invite(name))
  for (const client of [bob, carol]) await clock.during(client.sync())
  return { service, clock, bobsClock, alice, bob, carol, group, done, openBob, bobs }
}

/** Bob reads and writes. */
async function talk({ clock, alice, bob, group, done }: Awaited<ReturnType<typeof friends>>, word: string) {
  const own = bob.conversation("friends")
  await done(group.send(`alice says ${word}`))
  await clock.during(bob.sync())
  await done(own.send(`bob says ${word}`), own)
  await clock.during(alice.sync())
  for (const side of [own, group])
    expect((await texts(side)).slice(-2)).toEqual([`alice says ${word}`, `bob says ${word}`])
}

describe.each(OFF_MS)("somebody whose clock is %s", (_title, aheadMs) => {
  it("registers and logs in, and can be invited by people whose clock is right", async () => {
    const service = await Service.open({}, { isRegistrationOpen: true })
    const { clock } = service
    const alice = await service.client(await service.enrol("alice"))
    await clock.during(alice.sync())
    const dave: Person = { username: "dave", disk: newMemoryDisk() }
    const { opaque } = nodeClientParts()
    await using client = await service.client(dave, { clock: new WrongClock(clock, aheadMs), opaque })
    // No timer is needed for this, so that virtual time stands still while passwords are stretched.
    await client.register("dave", "password of dave")
    await client.login("dave", "password of dave")
    const group = await clock.during(alice.createGroup("friends"))
    await clock.during(group.invite("dave").then(({ id }) => group.waitAccepted(id)))
    await clock.during(client.sync())
    expect(client.conversation("friends").isMember).toBe(true)
    expect(await reasons(client)).toEqual(told(aheadMs))
  })

  it("is invited, reads, writes and invites others, and is told once what is wrong", async () => {
    const world = await friends(aheadMs)
    const { clock, bob, alice, done } = world
    await talk(world, "hello")
    const second = await clock.during(bob.createGroup("second"))
    await done(second.invite("alice"), second)
    await clock.during(alice.sync())
    expect(alice.conversation("second").members()).toHaveLength(2)
    expect(await reasons(bob)).toEqual(told(aheadMs))
    expect(await reasons(alice)).toEqual([])
  })

  it("shows the right time with what it writes, unless the clock is right enough", async () => {
    const world = await friends(aheadMs)
    await talk(world, "hello")
    const shown = (await world.group.history()).at(-1)!.sentAtMs - world.clock.unixMs()
    const expectedMs = Math.abs(aheadMs) > TOLERANCE_MS ? 0 : aheadMs
    expect(Math.abs(shown - expectedMs)).toBeLessThan(60_000)
  })

  it("renews its keys as often as others do, and not with each start", async () => {
    const world = await friends(aheadMs)
    const { clock, bob, carol, group, alice } = world
    await clock.during(carol.close())
    let present = bob
    /** A program that runs for a while. */
    const runs = async (forMs: number): Promise<void> => {
      await clock.during(present.close())
      present = await world.openBob()
      present.connect()
      for (let passedMs = 0; passedMs < forMs; passedMs += forMs / 4) {
        clock.advance(forMs / 4)
        for (const client of [present, alice]) await clock.during(client.sync())
      }
    }
    // Newcomers renew the key that lay at the server.
    for (let hour = 0; hour < 2; hour++) await runs(3_600_000)
    const settled = group.epoch
    for (let i = 0; i < 3; i++) await runs(60_000)
    expect(group.epoch).toBe(settled)
    for (let day = 0; day < 31; day++) await runs(DAY_MS)
    // Alice and Bob once each; Carol is away.
    expect(group.epoch).toBe(settled + 2n)
    await clock.during(present.close())
  })

  it("keeps key packages at the server that others take, also after the first have ended", async () => {
    const world = await friends(aheadMs)
    const { clock, bob, alice, service, bobsClock } = world
    clock.advance(40 * DAY_MS)
    await clock.during(bob.close())
    await using again = await service.client(world.bobs, { clock: bobsClock })
    await clock.during(again.sync())
    const later = await clock.during(alice.createGroup("later"))
    await clock.during(later.invite("bob").then(({ id }) => later.waitAccepted(id)))
    await clock.during(again.sync())
    expect(again.conversation("later").isMember).toBe(true)
    expect(await reasons(alice)).toEqual([])
  })
})

describe("somebody whose clock is years behind, for years", () => {
  it("still forgets the private keys of key packages that have ended, or there would be no room for new ones", async () => {
    const limits = { keyPackageStock: 4, keyPackageLow: 2, keyPackagesKept: 16 }
    const service = await Service.open()
    const { clock } = service
    const bobs = await service.enrol("bob")
    const wrong = new WrongClock(clock, -3653 * DAY_MS)
    const alice = await service.client(await service.enrol("alice"))
    await clock.during(alice.sync())
    for (let month = 0; month < 24; month++) {
      await using bob = await service.client(bobs, { clock: wrong, limits })
      await clock.during(bob.sync())
      expect(bobs.disk.collections.get("key_packages")!.size).toBeLessThanOrEqual(16)
      clock.advance(40 * DAY_MS)
    }
    await using bob = await service.client(bobs, { clock: wrong, limits })
    await clock.during(bob.sync())
    const group = await clock.during(alice.createGroup("late"))
    await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
    expect(await reasons(alice)).toEqual([])
  })
})

describe.each(OFF_MS)("a clock that jumps to %s in the middle", (_title, aheadMs) => {
  it("changes nothing while the connection lasts, and is told with the next one", async () => {
    const world = await friends(0)
    const { bobsClock, bob, clock, service } = world
    await talk(world, "before")
    bobsClock.aheadMs = aheadMs
    await talk(world, "after")
    const shown = (await world.group.history()).at(-1)!.sentAtMs - clock.unixMs()
    expect(Math.abs(shown)).toBeLessThan(60_000)
    expect(await reasons(bob)).toEqual([])
    service.cut()
    await talk(world, "again")
    expect(await reasons(bob)).toEqual(told(aheadMs))
    bobsClock.aheadMs = 0
    service.cut()
    await talk(world, "in order")
    expect(await reasons(bob)).toEqual(told(aheadMs))
  })

  it("while the program is closed is corrected before anything is judged by it", async () => {
    const world = await friends(0)
    const { bobsClock, bob, clock } = world
    await clock.during(bob.close())
    bobsClock.aheadMs = aheadMs
    const again = await world.openBob()
    await talk({ ...world, bob: again }, "after")
    expect(await reasons(again)).toEqual(told(aheadMs))
    await clock.during(again.close())
  })
})
