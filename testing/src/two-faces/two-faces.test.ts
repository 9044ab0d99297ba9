import { suite0001 } from "@qpc/crypto/node"
import { checkServerProof } from "@qpc/sdk"
import type { Client, Conversation } from "@qpc/sdk"
import { describe, expect, it } from "vitest"
import { TwoFacedService } from "./two-faced-service.ts"

/** Alice, Bob and Carol share a group; the service has shown both the same so far. */
async function friends() {
  const service = await TwoFacedService.open()
  const { clock } = service
  const disks = {
    alice: await service.enrol("alice"),
    bob: await service.enrol("bob"),
    carol: await service.enrol("carol"),
  }
  const alice = await service.client(disks.alice)
  const bob = await service.client(disks.bob)
  const carol = await service.client(disks.carol)
  for (const client of [bob, carol]) await clock.during(client.sync())
  const group = await clock.during(alice.createGroup("friends"))
  for (const name of ["bob", "carol"]) {
    await settled(service, group, () => group.invite(name))
    await settled(service, group, () => group.setRole(name, "admin"))
  }
  for (const client of [bob, carol]) await clock.during(client.sync())
  return { service, clock, disks, alice, bob, carol }
}

async function settled(
  { clock }: TwoFacedService,
  group: Conversation,
  act: () => Promise<{ readonly id: string }>,
): Promise<void> {
  await clock.during(act().then(({ id }) => group.waitAccepted(id)))
}

/** Alice and Bob have each renamed the group at another face; Bob is back at Alice's, where Carol stayed. */
async function parted() {
  const { service, clock, disks, alice, bob, carol } = await friends()
  await clock.during(bob.close())
  service.part()
  await settled(service, alice.conversation("friends"), () => alice.conversation("friends").rename("one"))
  {
    await using elsewhere = await service.client(disks.bob, "other")
    await clock.during(elsewhere.sync())
    await settled(service, elsewhere.conversation("friends"), () => elsewhere.conversation("friends").rename("other"))
    await clock.during(elsewhere.close())
  }
  const back = await service.client(disks.bob)
  await clock.during(back.sync())
  return { service, clock, disks, alice, bob: back, carol }
}

const epochs = (...clients: readonly Client[]): bigint[] => clients.map((client) => client.conversations()[0]!.epoch)
const reasons = async (client: Client): Promise<string[]> => (await client.notices()).map(({ reason }) => reason)

describe("a service with two faces", () => {
  it("is not accused before it lies, whatever is repeated", async () => {
    const { service, clock, disks, alice, bob } = await friends()
    await settled(service, bob.conversation("friends"), () => bob.conversation("friends").send("hello"))
    await clock.during(bob.close())
    // The other face knows the same so far.
    await using again = await service.client(disks.bob, "other")
    await clock.during(again.sync())
    await clock.during(alice.sync())
    for (const client of [alice, again]) {
      expect(client.proofs()).toEqual([])
      expect(await reasons(client)).toEqual([])
    }
    expect(again.serverKey).toEqual(alice.serverKey)
  })

  it("is proven a liar by one message, to whoever knows its key and nothing else", async () => {
    const { service, clock, alice, bob } = await parted()
    expect(epochs(alice, bob)).toEqual([5n, 5n])
    await settled(service, bob.conversation("other"), () => bob.conversation("other").send("are you there?"))
    await clock.during(alice.sync())
    const [proof] = alice.proofs()
    const lie = checkServerProof(suite0001, bob.serverKey!, proof!.bytes)
    expect(lie).toMatchObject({ groupId: alice.conversation("one").id, epoch: 5n })
    expect(lie!.hashes[0]).not.toEqual(lie!.hashes[1])
    const stranger = suite0001.signatureKeyPair(new Uint8Array(32)).publicKey
    expect(checkServerProof(suite0001, stranger, proof!.bytes)).toBeUndefined()
    expect(checkServerProof(suite0001, bob.serverKey!, proof!.bytes.subarray(1))).toBeUndefined()
    expect(await reasons(alice)).toContain("server_equivocated")
  })

  it("gets no more changes of any group until a person says so, also after a restart; texts go on", async () => {
    const { service, clock, disks, alice, bob } = await parted()
    await settled(service, bob.conversation("other"), () => bob.conversation("other").send("are you there?"))
    await clock.during(alice.sync())
    await clock.during(alice.createGroup("another"))
    await clock.during(alice.close())
    const again = await service.client(disks.alice)
    await clock.during(again.sync())
    for (const name of ["one", "another"]) {
      const refused = clock.during(again.conversation(name).rename("new name"))
      await expect(refused).rejects.toMatchObject({ code: "server_equivocated" })
    }
    await settled(service, again.conversation("one"), () => again.conversation("one").send("still writing"))
    await clock.during(again.goOn())
    expect(again.proofs()).toMatchObject([{ isHalting: false }])
    await settled(service, again.conversation("one"), () => again.conversation("one").rename("new name"))
    expect(again.conversation("new name").epoch).toBe(6n)
  })

  it("halts no other group of somebody who was removed from this one and goes on", async () => {
    const { service, clock, alice, bob, carol } = await parted()
    await clock.during(alice.createGroup("another"))
    await settled(service, bob.conversation("other"), () => bob.conversation("other").send("are you there?"))
    await clock.during(carol.sync())
    await clock.during(alice.sync())
    await clock.during(carol.goOn())
    await settled(service, carol.conversation("one"), () => carol.conversation("one").remove("alice"))
    await clock.during(alice.sync())
    await clock.during(alice.goOn())
    expect(alice.conversation("one").isMember).toBe(false)
    expect(alice.proofs()).toMatchObject([{ isHalting: false }])
    await settled(service, alice.conversation("another"), () => alice.conversation("another").rename("new name"))
  })

  it("stays proven a liar, and halted, to somebody who was removed and is invited anew", async () => {
    const { service, clock, disks, alice, bob, carol } = await parted()
    await settled(service, bob.conversation("other"), () => bob.conversation("other").send("are you there?"))
    await clock.during(carol.sync())
    await clock.during(alice.sync())
    const before = alice.proofs()
    expect(before).toMatchObject([{ isHalting: true }])
    await clock.during(carol.goOn())
    await settled(service, carol.conversation("one"), () => carol.conversation("one").remove("alice"))
    await clock.during(alice.sync())
    await settled(service, carol.conversation("one"), () => carol.conversation("one").invite("alice"))
    await clock.during(alice.sync())
    expect(alice.conversation("one")).toMatchObject({ isMember: true })
    expect(alice.proofs()).toEqual(before)
    await clock.during(alice.close())
    await using again = await service.client(disks.alice)
    expect(again.proofs()).toEqual(before)
    const refused = clock.during(again.createGroup("another").then((group) => group.rename("new name")))
    await expect(refused).rejects.toMatchObject({ code: "server_equivocated" })
  })

  it("is another server to its clients as soon as it signs with another key", async () => {
    const { disks } = await friends()
    const elsewhere = await TwoFacedService.open()
    const stranger = await elsewhere.enrol("bob")
    // Bob's profile, with a session that the other server knows.
    stranger.collections.get("settings")!.set(DELIVERY_KEY, disks.bob.collections.get("settings")!.get(DELIVERY_KEY)!)
    await using bob = await elsewhere.client(stranger)
    await expect(elsewhere.clock.during(bob.sync())).rejects.toMatchObject({ code: "server_changed" })
  })
})

/** The name of a setting, as a memory disk has its keys. */
const DELIVERY_KEY = Buffer.from("delivery_key").toString("hex")
