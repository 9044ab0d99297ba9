import { RpcError } from "@qpc/rpc"
import { TransportError } from "@qpc/transport"
import { describe, expect, it } from "vitest"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

describe("registering", () => {
  it("keeps one key through a lost answer, and ends registered", async () => {
    const clock = new TestClock()
    const server = new FakeServer()
    const alice = await openPerson(server, clock)
    server.after = (method) => (method === "opaqueRegisterFinish" ? "cut" : undefined)
    await expect(clock.during(alice.client.register("alice", "secret"))).rejects.toMatchObject({ retryable: true })
    expect(alice.client.whoami()).toMatchObject({ isRegistered: false })
    server.after = () => undefined
    const again = await openPerson(server, clock, alice.disk)
    const identity = await clock.during(again.client.register("alice", "secret"))
    expect(identity).toMatchObject({ username: "alice", isRegistered: true })
    expect(server.account("alice").identityKey).toEqual(new Uint8Array(identity.identityKey))
    await expect(clock.during(again.client.register("alice", "secret"))).rejects.toMatchObject({
      code: "already_registered",
    })
  })

  it("refuses a taken name, also on a second try", async () => {
    const clock = new TestClock()
    const server = new FakeServer()
    await newPerson(server, clock, "alice")
    const other = await openPerson(server, clock)
    for (let i = 0; i < 2; i++) {
      await expect(clock.during(other.client.register("alice", "mine"))).rejects.toMatchObject({
        code: "username_taken",
      })
    }
    await expect(clock.during(other.client.register("bob", "mine"))).resolves.toMatchObject({ username: "bob" })
  })

  it("leaves key packages for others to take, and refills the stock", async () => {
    const clock = new TestClock()
    const server = new FakeServer()
    const alice = await newPerson(server, clock, "alice")
    expect(server.account("alice").keyPackages).toHaveLength(4)
    server.account("alice").keyPackages.length = 1
    await clock.during(alice.client.sync())
    await clock.during(
      alice.client.sync({ until: () => server.account("alice").keyPackages.length === 4, waitMs: 100 }),
    )
    expect(server.account("alice").keyPackages).toHaveLength(4)
  })
})

describe("logging in", () => {
  it("refuses a wrong password, a name of another profile, and an empty profile", async () => {
    const clock = new TestClock()
    const server = new FakeServer()
    const alice = await newPerson(server, clock, "alice")
    await expect(clock.during(alice.client.login("alice", "wrong"))).rejects.toMatchObject({ code: "login_refused" })
    await expect(clock.during(alice.client.login("bob", "x"))).rejects.toMatchObject({ code: "identity_missing" })
    const empty = await openPerson(server, clock)
    await expect(clock.during(empty.client.login("alice", "x"))).rejects.toMatchObject({ code: "identity_missing" })
    await expect(clock.during(empty.client.sync())).rejects.toMatchObject({ code: "not_registered" })
  })

  it("tells a first device whose key the account does not have that this is not its profile", async () => {
    const clock = new TestClock()
    const server = new FakeServer()
    const lost = await openPerson(server, clock)
    const busy = new RpcError("unavailable", "unavailable", "later")
    server.before = (method) => (method === "opaqueRegisterFinish" ? busy : undefined)
    await expect(clock.during(lost.client.register("alice", "secret"))).rejects.toMatchObject({ code: "unreachable" })
    server.before = () => undefined
    const other = await openPerson(server, clock)
    await clock.during(other.client.register("alice", "secret"))
    const again = await openPerson(server, clock, lost.disk)
    await expect(clock.during(again.client.register("alice", "secret"))).rejects.toMatchObject({
      code: "identity_missing",
    })
  })

  it("happens again by itself when the server forgot the session and the password is at hand", async () => {
    const clock = new TestClock()
    const server = new FakeServer()
    const alice = await newPerson(server, clock, "alice", { password: async () => "alice's password" })
    server.forgetSessions()
    await clock.during(alice.client.sync())
    expect(alice.client.connectionState).toEqual({ at: "online" })
  })

  it("is asked for when the password is not at hand, and then goes on", async () => {
    const clock = new TestClock()
    const server = new FakeServer()
    const alice = await newPerson(server, clock, "alice")
    server.forgetSessions()
    await expect(clock.during(alice.client.sync())).rejects.toMatchObject({
      code: "session_expired",
      nextStep: /Log in/,
    })
    await clock.during(alice.client.login("alice", "alice's password"))
    await clock.during(alice.client.sync())
    expect(alice.client.connectionState).toEqual({ at: "online" })
  })
})

describe("a server that cannot be reached", () => {
  it("makes a synchronisation fail with what to do, and comes back by itself", async () => {
    const clock = new TestClock()
    const server = new FakeServer()
    const alice = await newPerson(server, clock, "alice")
    server.isUp = false
    await expect(clock.during(alice.client.sync({ waitMs: 2000 }))).rejects.toMatchObject({ code: "unreachable" })
    server.isUp = true
    await clock.during(alice.client.sync())
  })

  it("is not tried again when its key changed", async () => {
    const clock = new TestClock()
    const server = new FakeServer()
    const alice = await newPerson(server, clock, "alice")
    let dials = 0
    const changed = await openPerson(server, clock, alice.disk, {
      dial: async () => {
        dials += 1
        throw new TransportError("peer_changed", "another key")
      },
    })
    await expect(clock.during(changed.client.sync())).rejects.toMatchObject({ code: "server_changed" })
    clock.advance(100_000)
    expect(dials).toBe(1)
  })

  it("is asked slowly when it says so", async () => {
    const clock = new TestClock()
    const server = new FakeServer()
    const alice = await newPerson(server, clock, "alice")
    const bob = await newPerson(server, clock, "bob")
    const group = await clock.during(alice.client.createGroup("slow"))
    const limited = new RpcError("resource_exhausted", "rate_limited", "slow down", { retryAfterMs: 5000 })
    let refusals = 2
    server.before = (method) => (method === "batchEnqueue" && refusals-- > 0 ? limited : undefined)
    const startMs = clock.nowMs()
    await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
    expect(clock.nowMs() - startMs).toBeGreaterThan(10_000)
    await clock.during(bob.client.close())
  })
})
