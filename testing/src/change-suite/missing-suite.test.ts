import { newXWingSuite, nodeRandom, suite0001 } from "@qpc/crypto/node"
import { findDamage, forgetDamaged, MemoryStore } from "@qpc/sdk"
import type { ClientOptions, Conversation } from "@qpc/sdk"
import { describe, expect, it } from "vitest"
import { Service } from "../catch-up/service.ts"
import type { Person } from "../catch-up/service.ts"

const X_WING = 0xf002
const WITH: Partial<ClientOptions> = { otherSuites: [newXWingSuite()] }
const partsWithout = { suite: suite0001, random: nodeRandom }

/** Alice is there with the suite. Bob was, and published key packages of it, and is away. */
async function scene() {
  const service = await Service.open()
  const { clock } = service
  const [alice, bob] = [await service.enrol("alice"), await service.enrol("bob")]
  await using before = await service.client(bob, WITH)
  await clock.during(before.sync())
  const client = await service.client(alice, WITH)
  await clock.during(client.sync())
  const group = await clock.during(client.createGroup("friends"))
  return { service, clock, client, group, bob }
}

async function done({ clock }: Service, group: Conversation, change: ReturnType<Conversation["send"]>): Promise<void> {
  const { id } = await clock.during(change)
  await clock.during(group.waitAccepted(id))
}

const keptBy = ({ disk }: Person): number => disk.collections.get("key_packages")!.size

describe("a program without a cipher suite that its profile has key packages of", () => {
  it("takes in invitations and texts all the same, and keeps them for a program that has it", async () => {
    const { service, clock, client, group, bob } = await scene()
    const without = await service.client(bob)
    await done(service, group, group.invite("bob"))
    await clock.during(without.sync())
    await done(service, group, group.send("hello"))
    await clock.during(without.sync())
    const [own] = without.conversations()
    expect((await own!.history()).map(({ text }) => text)).toEqual(["hello"])
    expect(await without.notices()).toEqual([])
    await clock.during(without.close())

    // Bob's package of the suite is one that he published before.
    await done(service, group, group.changeSuite(X_WING))
    await using again = await service.client(bob, WITH)
    await clock.during(again.sync({ waitMs: 600_000 }))
    expect(again.conversations()[0]).toMatchObject({ isMember: true, suiteId: X_WING })
    expect(again.conversations()[0]!.epochAuthenticator).toEqual(group.epochAuthenticator)
    await clock.during(client.close())
  })

  it("does not call them damaged, nor deletes them", async () => {
    const { clock, client, bob } = await scene()
    const keptBefore = keptBy(bob)
    expect(await findDamage(new MemoryStore(bob.disk), partsWithout)).toEqual({ findings: [], isHealthy: true })
    await forgetDamaged(new MemoryStore(bob.disk), partsWithout)
    expect(keptBy(bob)).toBe(keptBefore)
    await clock.during(client.close())
  })

  it.each<[string, number, number]>([
    ["of a suite that groups cannot have", 11, 0x0a],
    ["of another version", 10, 0],
  ])("calls one %s damaged", async (_what, at, byte) => {
    const { clock, client, bob } = await scene()
    const store = new MemoryStore(bob.disk)
    const [first] = await store.list("key_packages", { limit: 1 })
    // expires at u64 · length of two bytes · version u8 · cipher suite u16
    await store.commit([
      { kind: "put", collection: "key_packages", key: first!.key, value: first!.value.with(at, byte) },
    ])
    const { findings } = await findDamage(store, partsWithout)
    expect(findings).toMatchObject([{ state: "record_damaged", facts: { collection: "key_packages" } }])
    await clock.during(client.close())
  })
})

describe("an invitation into a group of a cipher suite that the program lacks", () => {
  it("is told, and opened by a program that has the suite, with what was said behind it", async () => {
    const { service, clock, client, group, bob } = await scene()
    await done(service, group, group.changeSuite(X_WING))
    await done(service, group, group.invite("bob"))
    await done(service, group, group.send("hello"))
    const without = await service.client(bob)
    await clock.during(without.sync())
    expect(without.conversations()).toEqual([])
    expect(await without.notices()).toMatchObject([{ reason: "invited_suite_missing", groupId: group.id }])
    await clock.during(without.close())
    await using still = await service.client(bob)
    await clock.during(still.sync())
    await clock.during(still.close())

    await using again = await service.client(bob, WITH)
    await clock.during(again.sync({ until: () => again.conversations().length > 0 }))
    const [own] = again.conversations()
    expect((await own!.history()).map(({ text }) => text)).toEqual(["hello"])
    expect(own!.epochAuthenticator).toEqual(group.epochAuthenticator)
    expect(await again.notices()).toHaveLength(1)
    await clock.during(client.close())
  })

  it("waits in the same way for somebody who was removed from it before, and knew that", async () => {
    const { service, clock, client, group, bob } = await scene()
    await done(service, group, group.invite("bob"))
    await done(service, group, group.remove("bob"))
    const before = await service.client(bob)
    await clock.during(before.sync())
    expect(before.conversations()).toMatchObject([{ isMember: false }])
    await done(service, group, group.changeSuite(X_WING))
    await done(service, group, group.invite("bob"))
    await done(service, group, group.send("hello again"))
    await clock.during(before.sync())
    expect(before.conversations()).toMatchObject([{ isMember: false }])
    await clock.during(before.close())

    await using again = await service.client(bob, WITH)
    const [own] = again.conversations()
    await clock.during(again.sync({ until: () => own!.isMember }))
    expect((await own!.history()).map(({ text }) => text)).toEqual(["hello again"])
    expect(own!.epochAuthenticator).toEqual(group.epochAuthenticator)
    await clock.during(client.close())
  })

  it("waits behind the removal of somebody whose group this program cannot read", async () => {
    const { service, clock, client, group, bob } = await scene()
    await done(service, group, group.changeSuite(X_WING))
    await done(service, group, group.invite("bob"))
    const before = await service.client(bob, WITH)
    await clock.during(before.sync())
    await clock.during(before.close())
    await done(service, group, group.remove("bob"))
    await done(service, group, group.invite("bob"))
    await done(service, group, group.send("in again"))
    const without = await service.client(bob)
    await clock.during(without.sync())
    expect(without.damagedGroups()).toMatchObject([{ id: group.id, damage: "suite_unsupported" }])
    expect(await without.notices()).toEqual([])
    await clock.during(without.close())

    await using again = await service.client(bob, WITH)
    await clock.during(again.sync())
    const [own] = again.conversations()
    expect((await own!.history()).map(({ text }) => text)).toEqual(["in again"])
    expect(own).toMatchObject({ isMember: true, suiteId: X_WING })
    expect(own!.epochAuthenticator).toEqual(group.epochAuthenticator)
    await clock.during(client.close())
  })

  it("is not kept where it is for no key package of ours", async () => {
    const { service, clock, client, group, bob } = await scene()
    await done(service, group, group.changeSuite(X_WING))
    await done(service, group, group.invite("bob"))
    const packages = bob.disk.collections.get("key_packages")!
    const others = [...packages].map(([ref, stored]) => [`${ref.slice(2)}${ref.slice(0, 2)}`, stored] as const)
    packages.clear()
    for (const [ref, stored] of others) packages.set(ref, stored)
    const without = await service.client(bob)
    await clock.during(without.sync())
    expect(await without.notices()).toMatchObject([{ reason: "welcome_refused" }])
    expect(bob.disk.collections.get("parked")?.size ?? 0).toBe(0)
    await clock.during(without.close())
    await clock.during(client.close())
  })
})

describe("a program without the cipher suite of one of its groups", () => {
  it("leaves that group as it is, and goes on in it where the suite is there", async () => {
    const { service, clock, client, group, bob } = await scene()
    const other = await clock.during(client.createGroup("other"))
    const before = await service.client(bob, WITH)
    for (const one of [group, other]) await done(service, one, one.invite("bob"))
    await clock.during(before.sync())
    await done(service, group, group.changeSuite(X_WING))
    await clock.during(before.sync())
    await clock.during(before.close())

    const without = await service.client(bob)
    expect(without.damagedGroups()).toMatchObject([{ id: group.id, damage: "suite_unsupported" }])
    expect((await findDamage(new MemoryStore(bob.disk), partsWithout)).findings).toMatchObject([
      { state: "group_unsupported", facts: { reason: "suite_unsupported" } },
    ])
    for (const one of [group, other]) await done(service, one, one.send(`in ${one.name}`))
    await clock.during(without.sync())
    expect((await without.conversation("other").history()).map(({ text }) => text)).toEqual(["in other"])
    expect(await without.notices()).toEqual([])
    await clock.during(without.close())

    await using again = await service.client(bob, WITH)
    await clock.during(again.sync())
    expect((await again.conversation("friends").history()).map(({ text }) => text)).toEqual(["in friends"])
    await clock.during(client.close())
  })
})
