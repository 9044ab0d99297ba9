import { RpcError } from "@qpc/rpc"
import { toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import type { Person } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

const SOON_MS = 20_000
/** After so many rounds in vain the next one comes five minutes later. */
const ROUNDS_IN_VAIN = 9
const LONGEST_WAIT_MS = 5 * 60_000

/** Alice with a phone that has logged in, and Bob with a group of which the server knows nothing yet. */
async function aliceAndBob() {
  const [clock, server] = [new TestClock(), new FakeServer()]
  const [alice, bob] = [await newPerson(server, clock, "alice"), await newPerson(server, clock, "bob")]
  const phone = await openPerson(server, clock)
  const phoneKey = await clock.during(alice.client.approveDevice(await phone.client.requestLink("alice")))
  await clock.during(phone.client.login("alice", "alice's password"))
  const group = await clock.during(bob.client.createGroup("us"))
  /** From now on the server answers so whoever wants to change a group. */
  const refuse = (error: RpcError | undefined): void => {
    server.before = (method) => (method === "batchEnqueue" ? error : undefined)
  }
  return { clock, server, alice, bob, phoneId: toHex(phoneKey), group, refuse }
}

type World = Awaited<ReturnType<typeof aliceAndBob>>

/** The same, and the phone is in the group with its person. */
async function joined() {
  const world = await aliceAndBob()
  const { clock, server, alice, group } = world
  await clock.during(group.invite("alice").then(({ id }) => group.waitAccepted(id)))
  await clock.during(alice.client.sync())
  expect(deviceCount(server)).toBe(3)
  return world
}

const deviceCount = ({ channels }: FakeServer): number => [...channels.values()][0]!.members.length

/** Lets time go by on the connection that is there, until the group has so many devices or it is not soon any more. */
async function passTime(clock: TestClock, { client }: Person, isOver: () => boolean): Promise<void> {
  await clock.during(client.sync({ waitMs: SOON_MS, until: isOver }))
}

/** Bob has invited Alice with her phone, and she has taken it back since. @returns what lets his invitation through */
async function invitedBefore({ clock, alice, group, phoneId, refuse }: World): Promise<() => Promise<void>> {
  refuse(busy)
  const { id } = await clock.during(group.invite("alice"))
  await clock.during(alice.client.removeDevice(phoneId))
  return async () => {
    refuse(undefined)
    await clock.during(group.waitAccepted(id))
  }
}

/** Alice comes into the group, and her phone goes out of it, on one connection. */
async function expectGone({ clock, server, alice }: World, comeIn: () => Promise<void>): Promise<void> {
  server.calls.length = 0
  await comeIn()
  await passTime(clock, alice, () => deviceCount(server) === 2)
  expect(deviceCount(server)).toBe(2)
  expect(server.calls).not.toContain("resumeSession")
}

const busy = new RpcError("unavailable", "busy", "no")

describe("a device that was taken back", () => {
  it("goes from a group that we come into later, and that lets it in with us", async () => {
    const world = await aliceAndBob()
    const comeIn = await invitedBefore(world)
    await expectGone(world, comeIn)
  })

  it("does so soon, although another device of ours has kept us waiting for long", async () => {
    const world = await aliceAndBob()
    const { clock, server, alice } = world
    const comeIn = await invitedBefore(world)
    await clock.during(alice.client.createGroup("mine"))
    const tablet = await openPerson(server, clock)
    await clock.during(alice.client.approveDevice(await tablet.client.requestLink("alice")))
    for (let i = 0; i < ROUNDS_IN_VAIN; i++) {
      await clock.during(new Promise((resolve) => setImmediate(resolve)))
      clock.advance(LONGEST_WAIT_MS)
    }
    await expectGone(world, comeIn)
  })

  it("goes from a group that we had lost, once we are in it again", async () => {
    const { clock, server, alice, group, phoneId, refuse } = await joined()
    refuse(busy)
    await clock.during(alice.client.removeDevice(phoneId))
    await clock.during(alice.client.close())
    refuse(undefined)
    await clock.during(group.rename("garden").then(({ id }) => group.waitAccepted(id)))
    server.account("alice").inbox.length = 0
    for (const channel of server.channels.values()) channel.log = []
    const back = await openPerson(server, clock, alice.disk)
    back.client.connect()
    await passTime(clock, back, () => deviceCount(server) === 2)
    expect(back.client.conversation("garden").missing).toMatchObject({ isBehindUs: true })
    expect(deviceCount(server)).toBe(2)
  })

  it("goes from a group in which its removal has failed, as long as the connection lasts", async () => {
    const { clock, server, alice, phoneId, refuse } = await joined()
    refuse(new RpcError("permission_denied", "not_a_member", "no"))
    server.calls.length = 0
    await clock.during(alice.client.removeDevice(phoneId))
    await clock.during(alice.client.sync())
    expect(deviceCount(server)).toBe(3)
    refuse(undefined)
    await passTime(clock, alice, () => deviceCount(server) === 2)
    expect(deviceCount(server)).toBe(2)
    expect(server.calls).not.toContain("resumeSession")
  })
})
