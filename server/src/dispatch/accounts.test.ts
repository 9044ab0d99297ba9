import { methods } from "@qpc/rpc"
import { toGroupId } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { MemoryStorage } from "../storage/memory-storage.ts"
import {
  commitBatch,
  envelope,
  identityOf,
  join,
  login,
  register,
  signedFor,
  virtualServer,
} from "../testing/virtual-server.ts"

const alice = { username: "Alice", password: "correct horse", seed: 1 }

describe("registering and logging in", () => {
  it("makes an account that its owner can log in to, with any case of the name", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const rpc = await host.connect()
    const key = await register(rpc, alice)
    expect(key).toEqual(identityOf(1).publicKey)
    expect(await login(rpc, { ...alice, username: "aLICE" })).toHaveLength(32)
    const { username } = await rpc.call(methods.resolveIdentity, { identityKey: key })
    expect(username).toBe("Alice")
  })

  it("keeps a taken name and a taken key, whatever their case", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const rpc = await host.connect()
    await register(rpc, alice)
    await expect(register(rpc, { ...alice, username: "ALICE", seed: 2 })).rejects.toMatchObject({
      code: "already_exists",
      reason: "username_taken",
    })
    await expect(register(rpc, { ...alice, username: "bob" })).rejects.toMatchObject({ reason: "identity_taken" })
  })

  it("refuses a key that the registrant does not own", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const rpc = await host.connect()
    const change = { proof: new Uint8Array(64) }
    await expect(register(rpc, alice, change)).rejects.toMatchObject({ reason: "proof_invalid" })
    await expect(login(rpc, alice)).resolves.toBeUndefined()
  })

  it("refuses to finish under another name than it started with", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const rpc = await host.connect()
    await expect(register(rpc, alice, { finishAs: "mallory" })).rejects.toMatchObject({
      reason: "registration_not_started",
    })
  })

  it.each([
    ["too short", new Uint8Array(191)],
    ["not a point", new Uint8Array(192).fill(0xff)],
  ])("refuses a record that could never be used: %s", async (_, upload) => {
    await using host = await virtualServer(new MemoryStorage())
    const rpc = await host.connect()
    await expect(register(rpc, alice, { upload })).rejects.toMatchObject({ reason: "malformed" })
  })

  it("refuses bad names and, where it is closed, all names", async () => {
    await using open = await virtualServer(new MemoryStorage())
    const bad = register(await open.connect(), { ...alice, username: "a b" })
    await expect(bad).rejects.toMatchObject({ reason: "username_invalid" })
    await using closed = await virtualServer(new MemoryStorage(), { registration: "closed" })
    await expect(register(await closed.connect(), alice)).rejects.toMatchObject({ reason: "registration_closed" })
  })

  it("gives a wrong password and an unknown user answers of one shape", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const rpc = await host.connect()
    await register(rpc, alice)
    expect(await login(rpc, { ...alice, password: "wrong" })).toBeUndefined()
    expect(await login(rpc, { ...alice, username: "nobody" })).toBeUndefined()
    const finalization = new Uint8Array(64)
    const refusals = ["Alice", "nobody"].map((username) =>
      rpc.call(methods.opaqueLoginFinish, { username, finalization }).catch((error: unknown) => String(error)),
    )
    const [known, unknown] = await Promise.all(refusals)
    expect(known).toBe(unknown)
  })

  it("refuses a finish without its start and a second finish", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const rpc = await host.connect()
    await register(rpc, alice)
    const finish = { username: "Alice", finalization: new Uint8Array(64) }
    await expect(rpc.call(methods.opaqueLoginFinish, finish)).rejects.toMatchObject({ reason: "login_refused" })
    await login(rpc, { ...alice, password: "wrong" })
    await expect(rpc.call(methods.opaqueLoginFinish, finish)).rejects.toMatchObject({ reason: "login_refused" })
    await expect(rpc.call(methods.opaqueLoginFinish, finish)).rejects.toMatchObject({ reason: "login_refused" })
  })
})

describe("guessing passwords", () => {
  it("is slowed down per name, also for names that do not exist, and recovers with time", async () => {
    await using host = await virtualServer(new MemoryStorage(), { "login-rate-of-name": "3/5m" })
    const rpc = await host.connect()
    for (const username of ["Alice", "nobody"]) {
      for (let attempt = 0; attempt < 3; attempt++) await login(rpc, { username, password: "guess" })
      await expect(login(rpc, { username, password: "guess" })).rejects.toMatchObject({
        code: "resource_exhausted",
        reason: "login_rate_limited",
        retryAfterMs: 300_000,
      })
    }
    host.clock.advance(300_000)
    expect(await login(await host.connect(), { username: "Alice", password: "guess" })).toBeUndefined()
  })

  it("is slowed down per address, over all names", async () => {
    await using host = await virtualServer(new MemoryStorage(), { "login-rate-from-address": "3/5m" })
    const rpc = await host.connect()
    for (const username of ["a", "b", "c"]) await login(rpc, { username, password: "guess" })
    await expect(login(rpc, { username: "d", password: "guess" })).rejects.toMatchObject({
      reason: "login_rate_limited",
    })
  })

  it("does not count logins that succeed", async () => {
    await using host = await virtualServer(new MemoryStorage(), { "login-rate-of-name": "2/5m" })
    await register(await host.connect(), alice)
    for (let attempt = 0; attempt < 5; attempt++) expect(await login(await host.connect(), alice)).toHaveLength(32)
  })
})

describe("a session", () => {
  it("is needed for everything but accounts and health", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const rpc = await host.connect()
    await expect(rpc.call(methods.peek, {})).rejects.toMatchObject({ code: "unauthenticated" })
    await expect(rpc.call(methods.resolveUser, { username: "a" })).rejects.toMatchObject({ code: "unauthenticated" })
    host.clock.advance(1500)
    expect(await rpc.call(methods.health, {})).toMatchObject({ uptimeMs: 1500n })
  })

  it("moves to another connection by its token", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const { token, key } = await join(host, "Alice", 1)
    const second = await host.connect()
    expect(await second.call(methods.resumeSession, { sessionToken: token })).toMatchObject({
      username: "Alice",
      identityKey: key,
    })
    expect(await second.call(methods.peek, {})).toMatchObject({ envelopes: [] })
  })

  it("does not exist for a made-up token", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const rpc = await host.connect()
    for (const sessionToken of [new Uint8Array(32), new Uint8Array(0)]) {
      await expect(rpc.call(methods.resumeSession, { sessionToken })).rejects.toMatchObject({
        code: "unauthenticated",
        reason: "session_unknown",
      })
    }
  })

  it("is bound to a connection once", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const { rpc, token } = await join(host, "Alice", 1)
    await expect(rpc.call(methods.resumeSession, { sessionToken: token })).rejects.toMatchObject({
      reason: "session_bound",
    })
  })

  it("ends at its time, on open connections too", async () => {
    await using host = await virtualServer(new MemoryStorage(), { "session-lifetime": "1h" })
    const { rpc, token } = await join(host, "Alice", 1)
    host.clock.advance(3_599_999)
    await rpc.call(methods.peek, {})
    host.clock.advance(1)
    await expect(rpc.call(methods.peek, {})).rejects.toMatchObject({ code: "unauthenticated" })
    const second = await host.connect()
    await expect(second.call(methods.resumeSession, { sessionToken: token })).rejects.toMatchObject({
      reason: "session_unknown",
    })
  })

  it("that has ended takes its pushes along: who logs in next on the connection gets only their own", async () => {
    await using host = await virtualServer(new MemoryStorage(), { "session-lifetime": "1h" })
    const { rpc, key } = await join(host, "Alice", 1)
    const founding = commitBatch({ epoch: 0n, members: [key], after: [key] })
    await rpc.call(methods.subscribe, { afterSeq: 0n })
    host.clock.advance(3_600_000)
    const bob = { username: "bob", password: "other", seed: 2 }
    const bobsKey = await register(rpc, bob)
    expect(await login(rpc, bob)).toHaveLength(32)
    const again = await host.connect()
    await login(again, { username: "Alice", password: "password of Alice", seed: 1 })
    await again.call(methods.batchEnqueue, founding)
    await rpc.call(methods.subscribe, { afterSeq: 0n })
    const bobs = { ...commitBatch({ epoch: 0n, members: [bobsKey], after: [bobsKey], content: 2 }) }
    const channelId = new Uint8Array(16).fill(0xbb)
    const payload = envelope("commit", 0n, Uint8Array.of(2), toGroupId(channelId))
    await rpc.call(methods.batchEnqueue, { ...bobs, channelId, deliveries: [{ recipientKeys: [bobsKey], payload }] })
    for await (const push of rpc.pushes) {
      if (push.name !== "envelopePushed") continue
      expect(push.message.envelope?.data).toEqual(signedFor(payload, push.message.envelope!.data))
      break
    }
  })

  it("that was renewed on the same connection pushes again", async () => {
    await using host = await virtualServer(new MemoryStorage(), { "session-lifetime": "1h" })
    const { rpc, key } = await join(host, "Alice", 1)
    await rpc.call(methods.subscribe, { afterSeq: 0n })
    host.clock.advance(3_600_000)
    const person = { username: "Alice", password: "password of Alice", seed: 1 }
    const other = await host.connect()
    await login(other, person)
    await other.call(methods.batchEnqueue, commitBatch({ epoch: 0n, members: [key], after: [key] }))
    await login(rpc, person)
    await rpc.call(methods.subscribe, { afterSeq: 0n })
    const seen: string[] = []
    for await (const push of rpc.pushes) {
      seen.push(push.name)
      if (push.name === "envelopePushed") break
    }
    expect(seen).toEqual(["sessionEnded", "envelopePushed"])
  })

  it("makes room for a newer connection of the same identity beyond the limit, and for nobody else's", async () => {
    await using host = await virtualServer(new MemoryStorage(), { "connections-of-identity": "2" })
    const first = await join(host, "Alice", 1)
    const bob = await join(host, "bob", 2)
    const resume = async () => {
      const rpc = await host.connect()
      await rpc.call(methods.resumeSession, { sessionToken: first.token })
      return rpc
    }
    const second = await resume()
    await second.close()
    const [third, fourth] = [await resume(), await resume()]
    await expect(first.rpc.call(methods.peek, {})).rejects.toMatchObject({ code: "unavailable" })
    for (const rpc of [third, fourth, bob.rpc]) await rpc.call(methods.peek, {})
  })

  it("has to be bound to a connection in time", async () => {
    await using host = await virtualServer(new MemoryStorage(), { "login-within": "60s" })
    const { rpc } = await join(host, "Alice", 1)
    const idle = await host.connect()
    await idle.call(methods.health, {})
    host.clock.advance(59_999)
    await idle.call(methods.health, {})
    host.clock.advance(1)
    await expect(idle.call(methods.health, {})).rejects.toMatchObject({ code: "unavailable" })
    await rpc.call(methods.peek, {})
  })

  it("ends when too many newer ones exist", async () => {
    await using host = await virtualServer(new MemoryStorage(), { "sessions-per-identity": "2" })
    await register(await host.connect(), alice)
    const next = async () => {
      host.clock.advance(1000)
      return login(await host.connect(), alice)
    }
    const [first, , third] = [await next(), await next(), await next()] as const
    const rpc = await host.connect()
    await expect(rpc.call(methods.resumeSession, { ...(first && { sessionToken: first }) })).rejects.toMatchObject({
      reason: "session_unknown",
    })
    expect(await rpc.call(methods.resumeSession, { ...(third && { sessionToken: third }) })).toMatchObject({
      username: "Alice",
    })
  })
})
