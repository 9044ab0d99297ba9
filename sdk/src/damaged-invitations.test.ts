import { equalBytes } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { damagedWorld, names, reasons, texts } from "./testing/damaged-world.ts"
import type { World } from "./testing/damaged-world.ts"
import { HELPS_NOBODY, openPerson } from "./testing/person.ts"

/** Alice removes bob and invites him again; she lets nobody in who asks. */
async function inviteAnew({ clock, done, alice, server }: World): Promise<void> {
  await clock.during(alice.client.close())
  const silent = (await openPerson(server, clock, alice.disk, HELPS_NOBODY)).client
  silent.connect()
  const group = silent.conversation("two")
  await done(group, group.remove("bob"))
  await done(group, group.invite("bob"))
}

describe("an invitation into a damaged group", () => {
  it("is refused until a person decides, and told", async () => {
    const all = await damagedWorld()
    await inviteAnew(all)
    const client = await all.reopen()
    await all.clock.during(client.sync())
    expect(client.damagedGroups()).toHaveLength(1)
    expect(await reasons(client)).toEqual(["group_damaged", "welcome_for_damaged_group"])
  })

  it("is the way back once the damaged keys are deleted, says who invites, and what is missing", async () => {
    const all = await damagedWorld()
    const { clock, reopen } = all
    const client = await reopen()
    await clock.during(client.sync())
    await clock.during(client.close())
    const again = await reopen()
    await clock.during(again.damagedGroups()[0]!.giveUp())
    expect(again.damagedGroups()).toMatchObject([{ damage: "keys_deleted" }])
    await inviteAnew(all)
    await clock.during(again.sync({ waitMs: 60_000, until: () => again.conversations().length === 2 }))
    const own = again.conversation("two")
    expect(own.missing).toMatchObject({ fromEpoch: 0n, toEpoch: own.epoch, isBehindUs: true })
    expect((await again.notices()).at(-1)).toMatchObject({
      reason: "welcome_by_stranger",
      person: { username: "alice" },
    })
    expect(await texts(own)).toEqual(["first in two"])
  })

  it("that was opened before opens nothing a second time: its key package is refused for that group", async () => {
    const { clock, server, welcome, reopen, alice } = await damagedWorld({ hasStock: false })
    await clock.during(alice.client.close())
    const client = await reopen()
    await clock.during(client.damagedGroups()[0]!.giveUp())
    server.deliver("bob", welcome)
    await clock.during(client.sync())
    expect(names(client)).toEqual(["one"])
    expect(await reasons(client)).toEqual(["last_resort_used", "group_damaged", "welcome_without_key_package"])
  })

  it("can be for a last-resort key package again: the one that is refused for the group is replaced", async () => {
    const all = await damagedWorld()
    const { clock, server, alice, reopen } = all
    await clock.during(alice.client.close())
    const before = server.account("bob").lastResort!.data
    const client = await reopen()
    await clock.during(client.damagedGroups()[0]!.giveUp())
    await clock.during(client.sync({ waitMs: 1000, until: () => server.account("bob").lastResort!.data !== before }))
    await clock.during(client.close())
    server.account("bob").keyPackages.length = 0
    await inviteAnew(all)
    const again = await reopen()
    await clock.during(again.sync({ waitMs: 60_000, until: () => again.conversations().length === 2 }))
    expect(names(again).toSorted()).toEqual(["one", "two"])
  })

  it("can be for a last-resort key package while the connection lasts on which its keys were deleted", async () => {
    const all = await damagedWorld()
    const { clock, server, alice, reopen } = all
    await clock.during(alice.client.close())
    const client = await reopen()
    await clock.during(client.sync())
    await clock.during(client.damagedGroups()[0]!.giveUp())
    await clock.during(client.sync({ waitMs: 1000 }))
    server.account("bob").keyPackages.length = 0
    await inviteAnew(all)
    await clock.during(client.sync({ waitMs: 60_000, until: () => client.conversations().length === 2 }))
    expect(names(client).toSorted()).toEqual(["one", "two"])
  })

  it("has the last-resort key package replaced where many are kept, once", async () => {
    const { clock, server, bob } = await damagedWorld()
    const limits = { keyPackagesKept: 1 }
    const lastResort = (): Uint8Array => server.account("bob").lastResort!.data
    const found = [lastResort()]
    for (let times = 0; times < 2; times++) {
      const { client } = await openPerson(server, clock, bob.disk, { limits })
      await clock.during(client.damagedGroups()[0]?.giveUp() ?? Promise.resolve())
      await clock.during(client.sync({ waitMs: 1000 }))
      found.push(lastResort())
      await clock.during(client.close())
    }
    expect(equalBytes(found[1]!, found[0]!)).toBe(false)
    expect(found[2]).toEqual(found[1])
  })

  it("does not keep one into another group, on its way for a last-resort key package, from being opened", async () => {
    const { clock, server, alice, done, reopen } = await damagedWorld()
    server.account("bob").keyPackages.length = 0
    const three = await clock.during(alice.client.createGroup("three"))
    await done(three, three.invite("bob"))
    const client = await reopen()
    await clock.during(client.damagedGroups()[0]!.giveUp())
    await clock.during(client.sync({ waitMs: 60_000, until: () => client.conversations().length === 3 }))
    expect(names(client).toSorted()).toEqual(["one", "three", "two"])
  })
})
