import { certifyDevice, revokeDevice } from "@qpc/envelope"
import { suite0001 } from "@qpc/crypto/node"
import { methods } from "@qpc/rpc"
import { toDeviceKey } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { MemoryStorage } from "../storage/memory-storage.ts"
import { identityOf, join, login, virtualServer } from "../testing/virtual-server.ts"
import type { VirtualServer } from "../testing/virtual-server.ts"

const FAR_MS = 2 ** 50

/** Signed by the person of `owner`, for the device of `seed`. */
function certificateOf(owner: number, seed: number, { by = owner, notAfterMs = FAR_MS } = {}): Uint8Array {
  const deviceKey = toDeviceKey(identityOf(seed).publicKey)
  const statement = { identityKey: identityOf(owner).publicKey, deviceKey, notBeforeMs: 0, notAfterMs }
  return certifyDevice(suite0001, identityOf(by).privateKey, statement)
}

function revocationOf(owner: number, seed: number, by = owner): Uint8Array {
  const deviceKey = toDeviceKey(identityOf(seed).publicKey)
  const statement = { identityKey: identityOf(owner).publicKey, deviceKey, revokedAtMs: 5 }
  return revokeDevice(suite0001, identityOf(by).privateKey, statement)
}

/** A connection of Alice's second device. */
async function joinSecond(host: VirtualServer, seed: number) {
  const rpc = await host.connect()
  const person = { username: "alice", password: "password of alice" }
  return { rpc, token: await login(rpc, person, identityOf(seed)) }
}

describe("a device beyond the first", () => {
  it("is registered once, listed for all, and has a stock and sessions of its own", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const [alice, bob] = [await join(host, "alice", 1), await join(host, "bob", 2)]
    for (let i = 0; i < 2; i++) await alice.rpc.call(methods.registerDevice, { certificate: certificateOf(1, 10) })
    const { devices } = await bob.rpc.call(methods.listDevices, { identityKey: alice.key })
    expect(devices).toMatchObject([{ certificate: certificateOf(1, 10), revocation: new Uint8Array(0) }])

    const phone = await joinSecond(host, 10)
    const keyPackages = [{ data: Uint8Array.of(9), expiresAtMs: BigInt(host.clock.unixMs() + 1000) }]
    await phone.rpc.call(methods.uploadKeyPackage, { keyPackages })
    const ofFirst = bob.rpc.call(methods.fetchKeyPackage, { identityKey: alice.key })
    await expect(ofFirst).rejects.toMatchObject({ reason: "key_packages_exhausted" })
    const { data } = await bob.rpc.call(methods.fetchKeyPackage, { identityKey: identityOf(10).publicKey })
    expect(data).toEqual(Uint8Array.of(9))

    const again = await host.connect()
    const resumed = await again.call(methods.resumeSession, { sessionToken: phone.token! })
    expect(resumed).toMatchObject({ username: "alice", identityKey: alice.key, deviceKey: identityOf(10).publicKey })
  })

  it.each<[what: string, certificate: Uint8Array, reason: string]>([
    ["forged", certificateOf(1, 10, { by: 2 }), "device_certificate_invalid"],
    ["of somebody else", certificateOf(2, 10), "device_certificate_invalid"],
    ["over", certificateOf(1, 10, { notAfterMs: 1 }), "device_certificate_invalid"],
    ["none", new Uint8Array(145), "device_certificate_invalid"],
    ["for the key of an account", certificateOf(1, 2), "device_key_taken"],
  ])("is refused with a certificate that is %s", async (_, certificate, reason) => {
    await using host = await virtualServer(new MemoryStorage())
    const [alice] = [await join(host, "alice", 1), await join(host, "bob", 2)]
    await expect(alice.rpc.call(methods.registerDevice, { certificate })).rejects.toMatchObject({ reason })
  })

  it("is refused where there are enough", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const alice = await join(host, "alice", 1)
    for (const seed of [10, 11, 12, 13]) {
      await alice.rpc.call(methods.registerDevice, { certificate: certificateOf(1, seed) })
    }
    const fifth = alice.rpc.call(methods.registerDevice, { certificate: certificateOf(1, 14) })
    await expect(fifth).rejects.toMatchObject({ reason: "too_many_devices" })
  })

  it("logs in with its key and its person's password, and not before it is registered", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const [alice] = [await join(host, "alice", 1), await join(host, "bob", 2)]
    await expect(joinSecond(host, 10)).rejects.toMatchObject({ reason: "device_unknown" })
    await alice.rpc.call(methods.registerDevice, { certificate: certificateOf(1, 10) })
    expect((await joinSecond(host, 10)).token).toHaveLength(32)
    const rpc = await host.connect()
    const bobs = login(rpc, { username: "bob", password: "password of bob" }, identityOf(10))
    await expect(bobs).rejects.toMatchObject({ reason: "device_unknown" })
    const { publicKey } = identityOf(10)
    const { privateKey } = identityOf(11)
    const stolen = login(
      await host.connect(),
      { username: "alice", password: "password of alice" },
      { publicKey, privateKey },
    )
    await expect(stolen).rejects.toMatchObject({ reason: "proof_invalid" })
  })

  it("is taken back by its person only: sessions and stock end, and it does not come back", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const [alice, bob] = [await join(host, "alice", 1), await join(host, "bob", 2)]
    await alice.rpc.call(methods.registerDevice, { certificate: certificateOf(1, 10) })
    const phone = await joinSecond(host, 10)
    const forged = alice.rpc.call(methods.revokeDevice, { revocation: revocationOf(1, 10, 2) })
    await expect(forged).rejects.toMatchObject({ reason: "device_revocation_invalid" })
    const foreign = bob.rpc.call(methods.revokeDevice, { revocation: revocationOf(1, 10) })
    await expect(foreign).rejects.toMatchObject({ reason: "device_revocation_invalid" })
    const unknown = alice.rpc.call(methods.revokeDevice, { revocation: revocationOf(1, 11) })
    await expect(unknown).rejects.toMatchObject({ reason: "device_unknown" })

    for (let i = 0; i < 2; i++) await alice.rpc.call(methods.revokeDevice, { revocation: revocationOf(1, 10) })
    const { devices } = await bob.rpc.call(methods.listDevices, { identityKey: alice.key })
    expect(devices).toMatchObject([{ revocation: revocationOf(1, 10) }])
    await expect(phone.rpc.call(methods.uploadKeyPackage, {})).rejects.toThrow()
    const resumed = (await host.connect()).call(methods.resumeSession, { sessionToken: phone.token! })
    await expect(resumed).rejects.toMatchObject({ reason: "session_unknown" })
    await expect(joinSecond(host, 10)).rejects.toMatchObject({ reason: "device_revoked" })
    const again = alice.rpc.call(methods.registerDevice, { certificate: certificateOf(1, 10) })
    await expect(again).rejects.toMatchObject({ reason: "device_revoked" })
  })

  it("does not come back as the first device, whose key it does not have", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const alice = await join(host, "alice", 1)
    await alice.rpc.call(methods.registerDevice, { certificate: certificateOf(1, 10) })
    await alice.rpc.call(methods.revokeDevice, { revocation: revocationOf(1, 10) })
    const person = { username: "alice", password: "password of alice" }
    const keyless = login(await host.connect(), person)
    await expect(keyless).rejects.toMatchObject({ reason: "malformed" })
    const { privateKey } = identityOf(10)
    const borrowed = login(await host.connect(), person, { publicKey: alice.key, privateKey })
    await expect(borrowed).rejects.toMatchObject({ reason: "proof_invalid" })
    expect(await login(await host.connect(), person, identityOf(1))).toHaveLength(32)
  })

  it("does not come back by a session that its revocation has missed", async () => {
    const storage = new MemoryStorage()
    await using host = await virtualServer(storage)
    const alice = await join(host, "alice", 1)
    await alice.rpc.call(methods.registerDevice, { certificate: certificateOf(1, 10) })
    const { token } = await joinSecond(host, 10)
    const missed = await storage.session(suite0001.hash(token!), host.clock.unixMs())
    await alice.rpc.call(methods.revokeDevice, { revocation: revocationOf(1, 10) })
    storage.session = async () => missed
    const resumed = (await host.connect()).call(methods.resumeSession, { sessionToken: token! })
    await expect(resumed).rejects.toMatchObject({ reason: "session_unknown" })
  })

  it("is told that it was revoked while it logged in or uploaded", async () => {
    const storage = new MemoryStorage()
    await using host = await virtualServer(storage)
    const alice = await join(host, "alice", 1)
    await alice.rpc.call(methods.registerDevice, { certificate: certificateOf(1, 10) })
    const phone = await joinSecond(host, 10)
    const stocked = { data: Uint8Array.of(9), expiresAtMs: BigInt(host.clock.unixMs() + 1000) }
    storage.keepLastResort = async () => "device_revoked"
    const kept = phone.rpc.call(methods.uploadKeyPackage, { keyPackages: [], lastResort: stocked })
    await expect(kept).rejects.toMatchObject({ reason: "device_revoked" })
    storage.addKeyPackages = async () => ({ kind: "device_revoked" })
    const added = phone.rpc.call(methods.uploadKeyPackage, { keyPackages: [stocked] })
    await expect(added).rejects.toMatchObject({ reason: "device_revoked" })
    storage.createSession = async () => "device_revoked"
    await expect(joinSecond(host, 10)).rejects.toMatchObject({ reason: "device_revoked" })
  })

  it("is nobody's where nobody has the key", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const alice = await join(host, "alice", 1)
    const listed = alice.rpc.call(methods.listDevices, { identityKey: identityOf(9).publicKey })
    await expect(listed).rejects.toMatchObject({ reason: "user_unknown" })
  })
})
