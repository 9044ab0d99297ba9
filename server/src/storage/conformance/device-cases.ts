import assert from "node:assert/strict"
import { toDeviceKey } from "@qpc/wire"
import type { Device } from "../storage.ts"
import { account, bytes, HOUR_MS, identity, START_MS } from "./fixtures.ts"
import type { StorageCase } from "./storage-case.ts"

const deviceKey = (n: number) => toDeviceKey(new Uint8Array(32).fill(n))
const LIMITS = { active: 2, ever: 3 }

/** A device of person 1. */
const device = (n: number, owner = 1): Omit<Device, "revocation"> => ({
  identityKey: identity(owner),
  deviceKey: deviceKey(n),
  certificate: bytes(7, 7, n),
  registeredAtMs: START_MS + n,
})

const stocked = (n: number) => ({ data: bytes(n), expiresAtMs: START_MS + HOUR_MS })

const unrevoked = (n: number): Device => ({ ...device(n), revocation: undefined })

/** What a store promises of devices beyond a person's first. */
export const deviceCases: readonly StorageCase[] = [
  {
    name: "keeps devices in order, each once, with a stock of its own and without a name",
    async run(storage) {
      await storage.createAccount(account(1))
      assert.equal(await storage.addDevice(device(20), LIMITS), "added")
      assert.equal(await storage.addDevice(device(10), LIMITS), "added")
      assert.equal(await storage.addDevice({ ...device(20), certificate: bytes(1) }, LIMITS), "known")
      const listed = [20, 10].map(unrevoked)
      assert.deepEqual(await storage.devices(identity(1)), listed)
      assert.deepEqual(await storage.device(deviceKey(20)), listed[0])
      assert.equal(await storage.accountByIdentity(identity(20)), undefined)
      await storage.addKeyPackages(identity(20), [stocked(5)], { nowMs: START_MS, stockLimit: 3 })
      assert.equal(await storage.takeKeyPackage(identity(1), START_MS), undefined)
      assert.deepEqual((await storage.takeKeyPackage(identity(20), START_MS))?.data, bytes(5))
      assert.equal(await storage.newestSeq(identity(20)), 0)
    },
  },
  {
    name: "gives a key to one device or one account only",
    async run(storage) {
      await storage.createAccount(account(1))
      await storage.createAccount(account(2))
      assert.equal(await storage.addDevice(device(2), LIMITS), "key_taken")
      await storage.addDevice(device(10), LIMITS)
      assert.equal(await storage.addDevice(device(10, 2), LIMITS), "key_taken")
      assert.equal(await storage.createAccount({ ...account(3), identityKey: identity(10) }), "identity_taken")
    },
  },
  {
    name: "takes a device back for ever: no session, no stock, no second time",
    async run(storage) {
      await storage.createAccount(account(1))
      await storage.addDevice(device(10), LIMITS)
      const tokenHash = new Uint8Array(32).fill(3)
      const session = { tokenHash, identityKey: identity(10), createdAtMs: START_MS, expiresAtMs: START_MS + HOUR_MS }
      await storage.createSession(session, 3)
      await storage.addKeyPackages(identity(10), [stocked(5)], { nowMs: START_MS, stockLimit: 3 })
      await storage.keepLastResort(identity(10), stocked(6))
      await storage.revokeDevice(deviceKey(10), bytes(1))
      await storage.revokeDevice(deviceKey(10), bytes(2))
      assert.deepEqual((await storage.device(deviceKey(10)))?.revocation, bytes(1))
      assert.equal(await storage.session(tokenHash, START_MS), undefined)
      assert.equal(await storage.takeKeyPackage(identity(10), START_MS), undefined)
      assert.equal(await storage.addDevice(device(10), LIMITS), "revoked")
    },
  },
  {
    name: "keeps nothing for a device that was revoked, whatever was under way",
    async run(storage) {
      await storage.createAccount(account(1))
      await storage.addDevice(device(10), LIMITS)
      await storage.revokeDevice(deviceKey(10), bytes(1))
      const tokenHash = new Uint8Array(32).fill(3)
      const times = { createdAtMs: START_MS, expiresAtMs: START_MS + HOUR_MS }
      const session = { tokenHash, identityKey: identity(10), ...times }
      assert.equal(await storage.createSession(session, 3), "device_revoked")
      assert.equal(await storage.session(tokenHash, START_MS), undefined)
      const at = { nowMs: START_MS, stockLimit: 3 }
      assert.deepEqual(await storage.addKeyPackages(identity(10), [stocked(5)], at), { kind: "device_revoked" })
      assert.equal(await storage.takeKeyPackage(identity(10), START_MS), undefined)
      assert.equal(await storage.keepLastResort(identity(10), stocked(6)), "device_revoked")
      assert.equal(await storage.lastResort(identity(10), START_MS), undefined)
      assert.equal(await storage.takeKeyPackage(identity(10), START_MS), undefined)
    },
  },
  {
    name: "keeps as many devices as it may, revoked ones apart",
    async run(storage) {
      await storage.createAccount(account(1))
      await storage.addDevice(device(10), LIMITS)
      await storage.addDevice(device(11), LIMITS)
      assert.equal(await storage.addDevice(device(12), LIMITS), "too_many")
      await storage.revokeDevice(deviceKey(10), bytes(1))
      assert.equal(await storage.addDevice(device(12), LIMITS), "added")
      await storage.revokeDevice(deviceKey(11), bytes(1))
      assert.equal(await storage.addDevice(device(13), LIMITS), "too_many")
    },
  },
]
