import { nodeRandom, suite0001 } from "@qpc/crypto/node"
import { certifyDevice, createKeyPackages } from "@qpc/group"
import { toDeviceKey, toIdentityKey } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

const FIRST = suite0001.signatureKeyPair(new Uint8Array(32).fill(7))
const SECOND = suite0001.signatureKeyPair(new Uint8Array(32).fill(8))
const CERTIFICATE = certifyDevice(suite0001, FIRST.privateKey, {
  identityKey: toIdentityKey(FIRST.publicKey),
  deviceKey: toDeviceKey(SECOND.publicKey),
  notBeforeMs: 0,
  notAfterMs: 2 ** 45,
})

/** Alice has a group, and Bob two devices, whose key packages the server hands out in the order that a test says. */
async function bobOfTwoDevices({ isListed = true } = {}) {
  const clock = new TestClock()
  const server = new FakeServer()
  const alice = await newPerson(server, clock, "alice")
  const group = await clock.during(alice.client.createGroup("us"))
  const keyPackages: Uint8Array[] = []
  const stock = { keyPackages: [], lastResort: undefined, otherStocks: new Map() }
  const rest = { upload: new Uint8Array(0), inbox: [], newestSeq: 0n, commitsLeftOut: 0n }
  server.accounts.set("bob", { username: "bob", identityKey: FIRST.publicKey, ...stock, ...rest })
  const second = { certificate: CERTIFICATE, registeredAtMs: 0n, revocation: new Uint8Array(0) }
  const devices = isListed ? [second] : []
  server.answerInstead = (method) => {
    if (method === "listDevices") return { devices }
    return method === "fetchKeyPackage" ? { data: keyPackages.shift()! } : undefined
  }
  const made = { suite: suite0001, random: nodeRandom, nowMs: clock.unixMs(), count: 1 }
  const keyPackageOf = {
    first: { ...made, device: FIRST },
    second: { ...made, device: SECOND, certificate: CERTIFICATE },
  }
  const handOut = (device: "first" | "second", lastResort = false): void => {
    for (const bundle of createKeyPackages({ ...keyPackageOf[device], lastResort })) {
      keyPackages.push(bundle.keyPackage)
      bundle[Symbol.dispose]()
    }
  }
  const invite = () => clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
  return { alice, group, handOut, invite }
}

describe("inviting somebody with several devices", () => {
  it("takes a key package of each", async () => {
    const { group, handOut, invite, alice } = await bobOfTwoDevices()
    handOut("first")
    handOut("second")
    await expect(invite()).resolves.toMatchObject({ state: "accepted" })
    expect(group.members()).toHaveLength(2)
    expect(await alice.client.notices()).toEqual([])
  })

  it("refuses another device's package in the place of the first one's", async () => {
    const { group, handOut, invite } = await bobOfTwoDevices({ isListed: false })
    handOut("second")
    await expect(invite()).rejects.toMatchObject({ code: "key_package_refused" })
    expect(group.members()).toHaveLength(1)
  })

  it("refuses the first one's package in the place of another device's", async () => {
    const { group, handOut, invite } = await bobOfTwoDevices()
    handOut("first")
    handOut("first")
    const why = "the server handed out a key package for bob that cannot be used (it is for another device of theirs)"
    await expect(invite()).rejects.toMatchObject({ code: "key_package_refused", message: why })
    expect(group.members()).toHaveLength(1)
  })

  it("tells that another device than the first came in by a last-resort package", async () => {
    const { handOut, invite, alice } = await bobOfTwoDevices()
    handOut("first")
    handOut("second", true)
    await invite()
    expect(await alice.client.notices()).toMatchObject([
      { reason: "invited_by_last_resort", person: { username: "bob" } },
    ])
  })
})
