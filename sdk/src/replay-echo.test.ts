import { suite0003 } from "@qpc/crypto/node"
import { equalBytes } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { bobIsEntering } from "./testing/entering.ts"
import { openPerson } from "./testing/person.ts"
import type { Person } from "./testing/person.ts"

const OTHER_SUITES = { otherSuites: [suite0003] }

/** Bob's program is put back to one without the cipher suite of his group before the server takes his commit; alice writes behind it. */
async function putBack({ isForgotten }: { readonly isForgotten: boolean }) {
  const world = await bobIsEntering({}, OTHER_SUITES)
  const { clock, server, alice, bob, group, release } = world
  await clock.during(bob.client.close())
  if (isForgotten) bob.disk.collections.get("group_records")!.clear()
  release()
  const open = (options = {}): Promise<Person> => openPerson(server, clock, bob.disk, options)
  const old = (await open()).client
  await clock.during(old.sync())
  await clock.during(alice.client.sync())
  await clock.during(group.send("behind it"))
  await clock.during(alice.client.sync())
  await clock.during(old.sync())
  return { clock, group, open, old }
}

describe("a commit back into a group that comes while a program without its cipher suite runs", () => {
  it("waits for a program that has the suite, and leads in with all that is behind it", async () => {
    const { clock, group, open, old } = await putBack({ isForgotten: false })
    expect(group.epoch).toBe(5n)
    expect(old.conversations()).toMatchObject([{ epoch: 1n }])
    await clock.during(old.close())
    const { client } = await open(OTHER_SUITES)
    await clock.during(client.sync())
    const own = client.conversation("orchard")
    expect(own.epochAuthenticator).toEqual(group.epochAuthenticator)
    expect((await own.history()).map(({ text }) => text)).toContain("behind it")
  })

  it("is told as a group of another program where nothing else is left of it", async () => {
    const { clock, group, open, old } = await putBack({ isForgotten: true })
    expect(old.damagedGroups()).toMatchObject([{ id: group.id, damage: "suite_unsupported" }])
    await expect(old.damagedGroups()[0]!.giveUp()).rejects.toMatchObject({ code: "group_unsupported" })
    const { findings } = await clock.during(old.diagnose())
    expect(findings.map(({ state }) => state)).toContain("group_unsupported")
    expect(findings.map(({ state }) => state)).not.toContain("invitation_awaited")
    await clock.during(old.close())
    const { client } = await open(OTHER_SUITES)
    await clock.during(client.sync())
    expect(client.conversation("orchard").epochAuthenticator).toEqual(group.epochAuthenticator)
    expect(client.damagedGroups()).toEqual([])
  })

  it("is told as that to the person who still sees the group of before", async () => {
    const { clock, group, old } = await putBack({ isForgotten: false })
    const { findings } = await clock.during(old.diagnose())
    const ofGroup = findings.filter(({ groupId }) => groupId !== undefined && equalBytes(groupId, group.id))
    expect(ofGroup.map(({ state }) => state)).toEqual(["group_unsupported"])
  })

  it("is not looked for in the server's log before", async () => {
    const { clock, old } = await putBack({ isForgotten: false })
    clock.advance(24 * 3_600_000)
    await clock.during(old.sync())
    expect(old.connectionState.at).not.toBe("stopped")
    expect((await old.notices()).map(({ reason }) => reason)).toEqual(["history_gone"])
  })
})
