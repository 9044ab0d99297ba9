import { newXWingSuite } from "@qpc/crypto/node"
import type { Client, ClientOptions, Conversation } from "@qpc/sdk"
import { describe, expect, it } from "vitest"
import { Service } from "../catch-up/service.ts"
import type { Person } from "../catch-up/service.ts"

const X_WING = 0xf002
const READY: Partial<ClientOptions> = { otherSuites: [newXWingSuite()] }

/** Alice's group with two others, each with the programs that they have. Alice is there, they are not. */
async function friends(options: Record<string, string> = {}, programs: readonly Partial<ClientOptions>[] = []) {
  const service = await Service.open(options)
  const { clock } = service
  const alice = await service.enrol("alice")
  const others = [await service.enrol("bob"), await service.enrol("carol")]
  for (const [i, person] of others.entries()) {
    await using client = await service.client(person, programs[i] ?? READY)
    await clock.during(client.sync())
  }
  const client = await service.client(alice, READY)
  await clock.during(client.sync())
  const group = await clock.during(client.createGroup("friends"))
  for (const { username } of others) await done(service, group, group.invite(username))
  await say(service, group, "before")
  return { service, clock, alice, client, group, bob: others[0]!, carol: others[1]! }
}

/** Waits until a change, or a text, is where it should be. */
async function done({ clock }: Service, group: Conversation, change: ReturnType<Conversation["send"]>): Promise<void> {
  const { id } = await clock.during(change)
  await clock.during(group.waitAccepted(id))
}

const say = (service: Service, group: Conversation, text: string): Promise<void> =>
  done(service, group, group.send(text))

/** Opens somebody's client, lets it take in everything, and hands it on. */
async function visit<T>(service: Service, person: Person, use: (client: Client, group: Conversation) => Promise<T>) {
  await using client = await service.client(person, READY)
  await service.clock.during(client.sync({ waitMs: 600_000 }))
  return await use(client, client.conversations()[0]!)
}

/** How many key packages somebody has the private halves of. */
const kept = ({ disk }: Person): number => disk.collections.get("key_packages")!.size

const texts = async (group: Conversation): Promise<string[]> => (await group.history()).map(({ text }) => text)

describe("changing the cipher suite of a group", () => {
  it("takes everybody along in the same conversation, and loses nothing", async () => {
    const { service, clock, alice, client, group, bob, carol } = await friends()
    const { id, epoch } = group
    await done(service, group, group.setTimer(86_400))
    await visit(service, bob, async (_, bobs) => say(service, bobs, "from bob"))
    await done(service, group, group.changeSuite(X_WING))
    await say(service, group, "after")
    expect(group).toMatchObject({
      id,
      name: "friends",
      epoch: epoch + 2n,
      suiteId: X_WING,
      disappearAfterSeconds: 86_400,
    })
    expect(group.roles()?.map(({ role }) => role)).toEqual(["admin", "member", "member"])

    for (const [person, said] of [
      [bob, ["before", "from bob", "after"]],
      [carol, ["before", "from bob", "after", "bob is here"]],
    ] as const) {
      await visit(service, person, async (theirs, conversation) => {
        expect(await texts(conversation)).toEqual(said)
        expect(conversation.epochAuthenticator).toEqual(group.epochAuthenticator)
        expect(await theirs.notices()).toEqual([])
        await say(service, conversation, `${person.username} is here`)
      })
    }
    await clock.during(client.close())
    await visit(service, alice, async (again, conversation) => {
      expect(await texts(conversation)).toEqual(["before", "from bob", "after", "bob is here", "carol is here"])
      expect(again.conversations()).toHaveLength(1)
      expect((await again.diagnose()).isHealthy).toBe(true)
    })
  })

  it("uses up one key package of each of the others, and theirs only", async () => {
    const { service, clock, alice, client, group, bob } = await friends()
    const [ofAlice, ofBob] = [kept(alice), kept(bob)]
    await done(service, group, group.changeSuite(X_WING))
    await visit(service, bob, async () => undefined)
    // Bob also takes in the invitation into the group.
    expect([kept(alice), kept(bob)]).toEqual([ofAlice, ofBob - 2])
    await clock.during(client.close())
  })

  it("reaches those whose inboxes were full through the log of commits", async () => {
    const { service, clock, client, group, bob } = await friends({ "queue-depth": "4" })
    for (let i = 0; i < 6; i++) await done(service, group, group.rename(`epoch ${i}`))
    await done(service, group, group.changeSuite(X_WING))
    for (let i = 6; i < 12; i++) await done(service, group, group.rename(`epoch ${i}`))
    await visit(service, bob, async (theirs, conversation) => {
      expect(conversation.epochAuthenticator).toEqual(group.epochAuthenticator)
      expect(conversation).toMatchObject({ suiteId: X_WING, name: "epoch 11" })
      expect(await theirs.notices()).toEqual([])
    })
    await clock.during(client.close())
  })

  it("lets a device come back by itself that was away for longer than the log", async () => {
    const { service, clock, client, group, bob } = await friends({ "queue-depth": "4", "commit-log-epochs": "5" })
    await visit(service, bob, async () => undefined)
    for (let i = 0; i < 10; i++) await done(service, group, group.rename(`epoch ${i}`))
    await done(service, group, group.changeSuite(X_WING))
    for (let i = 10; i < 20; i++) await done(service, group, group.rename(`epoch ${i}`))
    await using bobs = await service.client(bob, READY)
    const [own] = bobs.conversations()
    await clock.during(bobs.sync({ waitMs: 600_000, until: () => own!.missing?.isBehindUs === true }))
    expect(own).toMatchObject({ suiteId: X_WING, name: "epoch 19" })
    await say(service, own!, "back again")
    await clock.during(client.sync({ until: ({ received }) => received.length > 0 }))
    expect(await texts(group)).toEqual(["before", "back again"])
    await clock.during(client.close())
  })

  it("waits for a person where the key packages of a device were lost, who lets it in behind the change", async () => {
    const { service, clock, client, group, bob } = await friends()
    await visit(service, bob, async () => undefined)
    bob.disk.collections.get("key_packages")!.clear()
    await done(service, group, group.changeSuite(X_WING))
    await using bobs = await service.client(bob, READY)
    const [own] = bobs.conversations()
    await clock.during(bobs.sync({ waitMs: 600_000 }))
    expect(own).toMatchObject({ isMember: true, suiteId: 1 })
    await clock.during(bobs.repair({ mayLose: true }))
    await clock.during(bobs.sync({ waitMs: 600_000, until: () => own!.suiteId === X_WING }))
    expect(own!.epochAuthenticator).toEqual(group.epochAuthenticator)
    expect(new Set((await bobs.notices()).map(({ reason }) => reason))).toEqual(
      new Set(["key_package_gone", "not_followed", "rejoined"]),
    )
    await clock.during(client.close())
  })

  it("goes on after a crash, wherever its author was", async () => {
    const { service, clock, alice, client, group, carol } = await friends()
    // On disk, and nothing of it at the server.
    await clock.during(group.changeSuite(X_WING))
    await client.close()
    await visit(service, alice, async (_, conversation) => {
      await say(service, conversation, "after the crash")
      expect(conversation.suiteId).toBe(X_WING)
    })
    await visit(service, carol, async (_, conversation) => {
      expect(await texts(conversation)).toEqual(["before", "after the crash"])
    })
    await clock.during(client.close())
  })

  it("is refused, with names, while somebody's program cannot follow", async () => {
    const { service, clock, client, group, carol } = await friends({}, [READY, {}])
    await expect(clock.during(group.changeSuite(X_WING))).rejects.toMatchObject({
      code: "suite_not_ready",
      candidates: ["carol"],
    })
    expect(group.suiteId).toBe(1)
    // Carol updates, and connects once.
    await visit(service, carol, async () => undefined)
    await done(service, group, group.changeSuite(X_WING))
    await visit(service, carol, async (_, conversation) => {
      expect(conversation).toMatchObject({ isMember: true, suiteId: X_WING })
    })
    await clock.during(client.close())
  })

  it("is refused before anybody is asked where the group would not have it", async () => {
    const { service, clock, client, group, bob } = await friends()
    await visit(service, bob, async (_, conversation) => {
      await expect(conversation.changeSuite(X_WING)).rejects.toMatchObject({ code: "group_refused" })
    })
    await expect(group.changeSuite(3)).rejects.toMatchObject({ code: "group_refused" })
    await done(service, group, group.changeSuite(X_WING))
    await expect(group.changeSuite(1)).rejects.toMatchObject({ message: expect.stringContaining("weaken") })
    await clock.during(client.close())
  })

  it("lets people be invited, and removed, afterwards", async () => {
    const { service, clock, client, group, carol } = await friends()
    const dave = await service.enrol("dave")
    await visit(service, dave, async () => undefined)
    await done(service, group, group.changeSuite(X_WING))
    await done(service, group, group.invite("dave"))
    await done(service, group, group.remove("carol"))
    await say(service, group, "welcome, dave")
    await visit(service, dave, async (_, conversation) => {
      expect(await texts(conversation)).toEqual(["welcome, dave"])
      expect(conversation).toMatchObject({ suiteId: X_WING, epoch: group.epoch })
    })
    await visit(service, carol, async (_, conversation) => expect(conversation.isMember).toBe(false))
    await clock.during(client.close())
  })
})
