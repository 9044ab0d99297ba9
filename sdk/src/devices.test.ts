import { suite0001 } from "@qpc/crypto/node"
import { RpcError } from "@qpc/rpc"
import { toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { Client, Conversation } from "./api.ts"
import { fakeOpaque } from "./testing/fake-opaque.ts"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import type { Person } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

interface World {
  readonly clock: TestClock
  readonly server: FakeServer
  alice: Person
}

/** Alice has groups of her own, and no second device yet. */
async function twoGroups(): Promise<World> {
  const [clock, server] = [new TestClock(), new FakeServer()]
  const alice = await newPerson(server, clock, "alice")
  alice.client.connect()
  for (const name of ["first", "second"]) {
    const group = await clock.during(alice.client.createGroup(name))
    await changed(clock, group, group.rename(`the ${name}`))
  }
  return { clock, server, alice }
}

async function changed(clock: TestClock, group: Conversation, change: ReturnType<Conversation["rename"]>) {
  await clock.during(change.then(({ id }) => group.waitAccepted(id)))
}

/** Makes a second device, approved, which has logged in. */
async function link({ clock, server, alice }: World) {
  const phone = await openPerson(server, clock)
  const request = await phone.client.requestLink("alice")
  const deviceKey = await clock.during(alice.client.approveDevice(request))
  await clock.during(phone.client.login("alice", "alice's password"))
  return { phone, deviceKey, request, id: toHex(deviceKey) }
}

/** The same, and both groups have it. */
async function joined() {
  const world = await twoGroups()
  const second = await link(world)
  await reopen(world)
  expect(deviceCounts(world)).toEqual([2, 2])
  return { ...world, ...second, world }
}

/** The process of the first device ends; another takes up what is on its disk, and connects. */
async function reopen(world: World): Promise<Client> {
  const { clock, server, alice } = world
  await clock.during(alice.client.close())
  world.alice = await openPerson(server, clock, alice.disk)
  await clock.during(world.alice.client.sync())
  return world.alice.client
}

/** As the server sees it, group by group. */
const deviceCounts = ({ server }: Pick<World, "server">): number[] =>
  [...server.channels.values()].map(({ members }) => members.length)

/** Time goes by in steps in which everybody can do something. */
async function minutes(clock: TestClock, count: number): Promise<void> {
  for (let passed = 0; passed < count; passed++) {
    for (let i = 0; i < 30; i++) await new Promise((resolve) => setImmediate(resolve))
    clock.advance(60_000)
  }
}

/** What `qpc device link` would show of a key. */
const requestOf = (key: Uint8Array): string => toHex(key) + toHex(suite0001.hash(key).subarray(0, 4))

const refusal = (reason: string): RpcError => new RpcError("resource_exhausted", reason, "no")

it("a request with the identity key itself is refused: it is the first device's", async () => {
  const { clock, alice } = await twoGroups()
  const approval = clock.during(alice.client.approveDevice(requestOf(alice.client.whoami()!.identityKey)))
  await expect(approval).rejects.toMatchObject({ code: "device_refused" })
})

it("a device that is approved while its person logs in again is not forgotten", async () => {
  const [login, asked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const world = await twoGroups()
  const { clock, server } = world
  await clock.during(world.alice.client.close())
  const opaque: typeof fakeOpaque = {
    ...fakeOpaque,
    async finishLogin(...about) {
      asked.resolve()
      await login.promise
      return fakeOpaque.finishLogin(...about)
    },
  }
  world.alice = await openPerson(server, clock, world.alice.disk, { opaque })
  const again = world.alice.client.login("alice", "alice's password")
  await clock.during(asked.promise)
  const phone = await openPerson(server, clock)
  const request = await phone.client.requestLink("alice")
  await clock.during(world.alice.client.approveDevice(request))
  login.resolve()
  await clock.during(again)
  await clock.during(phone.client.login("alice", "alice's password"))
  await reopen(world)
  expect(deviceCounts(world)).toEqual([2, 2])
})

describe("a device that is taken back", () => {
  it("leaves the other groups too where one is closed", async () => {
    const { clock, server, world, id } = await joined()
    const first = world.alice.client.conversation("the first")
    await changed(clock, first, first.close())
    await clock.during(world.alice.client.removeDevice(id))
    await clock.during(world.alice.client.sync())
    expect(deviceCounts({ server })).toEqual([2, 1])
  })

  it.each([1, 2, 3])("is out after the next connection if the profile closes at step %i", async (step) => {
    const { clock, server, world, id } = await joined()
    const { client, store } = world.alice
    const commit = store.commit.bind(store)
    const closing = Promise.withResolvers<void>()
    let steps = 0
    store.commit = async (changes) => {
      if (++steps === step) client.close().then(closing.resolve, closing.reject)
      return commit(changes)
    }
    await expect(clock.during(client.removeDevice(id))).rejects.toMatchObject({ code: "store_closed" })
    await clock.during(closing.promise)
    await reopen(world)
    expect(deviceCounts({ server })).toEqual([1, 1])
  })

  it("is out after the next connection if the server's answer is lost", async () => {
    const { clock, server, world, id } = await joined()
    server.after = (method) => (method === "revokeDevice" ? "cut" : undefined)
    await expect(clock.during(world.alice.client.removeDevice(id))).rejects.toMatchObject({ retryable: true })
    server.after = () => undefined
    await reopen(world)
    expect(deviceCounts({ server })).toEqual([1, 1])
  })

  it("is told to the server until that takes it, and no longer", async () => {
    const { clock, server, world, id } = await joined()
    server.before = (method) => (method === "revokeDevice" ? refusal("rate_limited") : undefined)
    await expect(clock.during(world.alice.client.removeDevice(id))).rejects.toMatchObject({ code: "rate_limited" })
    server.before = () => undefined
    const client = await reopen(world)
    expect(await clock.during(client.devices())).toMatchObject([{ isRevoked: true }])
    server.calls.length = 0
    await reopen(world)
    expect(server.calls).not.toContain("revokeDevice")
  })

  it("is told again to a server that did not take it, while a connection lasts", async () => {
    const { clock, server, world, id } = await joined()
    const { client } = world.alice
    client.connect()
    server.before = (method) => (method === "revokeDevice" ? refusal("rate_limited") : undefined)
    await expect(clock.during(client.removeDevice(id))).rejects.toMatchObject({ code: "rate_limited" })
    server.before = () => undefined
    server.calls.length = 0
    await minutes(clock, 10)
    expect(await clock.during(client.devices())).toMatchObject([{ isRevoked: true }])
    expect(server.calls).not.toContain("resumeSession")
  })

  it("is told after ever longer waits to a server that never takes it, while one connection lasts", async () => {
    const { clock, server, world, id } = await joined()
    world.alice.client.connect()
    server.before = (method) => (method === "revokeDevice" ? refusal("rate_limited") : undefined)
    await expect(clock.during(world.alice.client.removeDevice(id))).rejects.toMatchObject({ code: "rate_limited" })
    const told = (): number => server.calls.filter((method) => method === "revokeDevice").length
    // By whoever took it back, 2 seconds later, and after 2, 4, 8, … seconds more.
    await minutes(clock, 60)
    expect(told()).toBe(12)
    await minutes(clock, 60)
    expect(told()).toBe(13)
  })

  it("is told no more often to such a server where connections break and come back", async () => {
    const { clock, server, world, id } = await joined()
    const { client } = world.alice
    server.before = (method) => (method === "revokeDevice" ? refusal("rate_limited") : undefined)
    await expect(clock.during(client.removeDevice(id))).rejects.toMatchObject({ code: "rate_limited" })
    for (let times = 0; times < 30; times++) {
      await clock.during(client.sync())
      server.cut()
      await minutes(clock, 1)
    }
    expect(server.calls.filter((method) => method === "resumeSession").length).toBeGreaterThan(30)
    expect(server.calls.filter((method) => method === "revokeDevice").length).toBeLessThanOrEqual(11)
  })

  it("goes although the server does not list it", async () => {
    const { clock, server, world, id } = await joined()
    server.answerInstead = (method) => (method === "listDevices" ? { devices: [] } : undefined)
    await clock.during(world.alice.client.removeDevice(id))
    await clock.during(world.alice.client.sync())
    expect(deviceCounts({ server })).toEqual([1, 1])
  })

  it("goes from a group in which its removal has failed, at the next connection", async () => {
    const { clock, server, world, id } = await joined()
    const stranger = new RpcError("permission_denied", "not_a_member", "no")
    server.before = (method) => (method === "batchEnqueue" ? stranger : undefined)
    await clock.during(world.alice.client.removeDevice(id))
    await clock.during(world.alice.client.sync())
    server.before = () => undefined
    await reopen(world)
    expect(deviceCounts({ server })).toEqual([1, 1])
  })

  it("does not stay if it is about to be brought in", async () => {
    const world = await twoGroups()
    const { id } = await link(world)
    const { clock, server } = world
    server.before = (method) => (method === "batchEnqueue" ? new RpcError("unavailable", "busy", "no") : undefined)
    await reopen(world)
    await clock.during(world.alice.client.removeDevice(id))
    server.before = () => undefined
    await reopen(world)
    expect(deviceCounts(world)).toEqual([1, 1])
  })

  it("does not come in if its key package is being asked for", async () => {
    const world = await twoGroups()
    const { id, request } = await link(world)
    const { clock, alice } = world
    await clock.during(Promise.all([alice.client.approveDevice(request), alice.client.removeDevice(id)]))
    await clock.during(alice.client.sync())
    expect(deviceCounts(world)).toEqual([1, 1])
  })

  it("is not approved again", async () => {
    const { clock, server, world, id, request } = await joined()
    server.before = (method) => (method === "revokeDevice" ? refusal("rate_limited") : undefined)
    await expect(clock.during(world.alice.client.removeDevice(id))).rejects.toMatchObject({ code: "rate_limited" })
    const again = clock.during(world.alice.client.approveDevice(request))
    await expect(again).rejects.toMatchObject({ code: "device_refused" })
  })
})

describe("a device that comes into many groups", () => {
  it("costs no connection where the server limits key packages, and goes on at the next one", async () => {
    const world = await twoGroups()
    await link(world)
    const { server } = world
    let left = 1
    server.before = (method) => {
      if (method !== "fetchKeyPackage") return undefined
      left -= 1
      return left < 0 ? refusal("fetch_rate_limited") : undefined
    }
    await reopen(world)
    expect(world.alice.client.connectionState).toEqual({ at: "online" })
    // Which of the two comes first depends on their ids.
    expect(deviceCounts(world).toSorted((a, b) => a - b)).toEqual([1, 2])
    expect(left).toBe(-1)
    left = 1
    await reopen(world)
    expect(world.alice.client.connectionState).toEqual({ at: "online" })
    expect(deviceCounts(world)).toEqual([2, 2])
  })

  it("is asked for once in a round while it has no key packages", async () => {
    const world = await twoGroups()
    const { server, clock } = world
    const phone = await openPerson(server, clock)
    await clock.during(world.alice.client.approveDevice(await phone.client.requestLink("alice")))
    server.calls.length = 0
    await reopen(world)
    expect(server.calls.filter((method) => method === "fetchKeyPackage")).toHaveLength(1)
  })

  it("is not kept out by another that the server refuses", async () => {
    const world = await twoGroups()
    const { server } = world
    for (let i = 0; i < 2; i++) await link(world)
    let count = 0
    server.before = (method) =>
      method === "fetchKeyPackage" && count++ === 0 ? new RpcError("permission_denied", "refused", "no") : undefined
    await reopen(world)
    expect(world.alice.client.connectionState).toEqual({ at: "online" })
    expect(deviceCounts(world)).toEqual([2, 2])
  })

  it("takes no key package for a group that it is about to come into", async () => {
    const world = await twoGroups()
    await link(world)
    const { server } = world
    server.calls.length = 0
    server.before = (method) => (method === "batchEnqueue" ? new RpcError("unavailable", "busy", "no") : undefined)
    for (let i = 0; i < 2; i++) await reopen(world)
    expect(server.calls.filter((method) => method === "fetchKeyPackage")).toHaveLength(2)
  })

  it("takes one key package for a group that refuses it, for as long as a connection lasts", async () => {
    const world = await twoGroups()
    await link(world)
    const { server, clock } = world
    server.calls.length = 0
    server.before = (method) =>
      method === "batchEnqueue" ? new RpcError("permission_denied", "not_a_member", "no") : undefined
    await reopen(world)
    world.alice.client.connect()
    for (let i = 0; i < 20; i++) {
      await clock.during(new Promise((resolve) => setImmediate(resolve)))
      clock.advance(60_000)
    }
    await clock.during(world.alice.client.sync())
    expect(server.calls.filter((method) => method === "fetchKeyPackage")).toHaveLength(2)
    expect(deviceCounts(world)).toEqual([1, 1])
    server.before = () => undefined
    server.cut()
    await clock.during(new Promise((resolve) => void clock.setTimer(60_000, () => resolve(undefined))))
    expect(deviceCounts(world)).toEqual([2, 2])
  })

  it("takes no key package for a group that has as many of its person's devices as it allows", async () => {
    const world = await twoGroups()
    const { server } = world
    for (let i = 0; i < 5; i++) await link(world)
    await reopen(world)
    expect(deviceCounts(world)).toEqual([5, 5])
    server.calls.length = 0
    await reopen(world)
    expect(server.calls).not.toContain("fetchKeyPackage")
  })
})
