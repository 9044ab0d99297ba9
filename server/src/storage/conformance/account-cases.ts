import assert from "node:assert/strict"
import { account, bytes, HOUR_MS, identity, START_MS } from "./fixtures.ts"
import type { StorageCase } from "./storage-case.ts"

const session = (n: number, createdAtMs: number = START_MS) => ({
  tokenHash: new Uint8Array(32).fill(n),
  identityKey: identity(1),
  createdAtMs,
  expiresAtMs: createdAtMs + HOUR_MS,
})

const stocked = (n: number, expiresAtMs: number = START_MS + HOUR_MS) => ({ data: bytes(n, n), expiresAtMs })

/** What is taken out of a stock. */
const once = (n: number) => ({ data: bytes(n, n), isLastResort: false })

const NOW = { nowMs: START_MS, stockLimit: 3 }

const people: readonly StorageCase[] = [
  {
    name: "keeps the first value of a setting",
    async run(storage) {
      assert.deepEqual(await storage.keepFirst("setup", bytes(1)), bytes(1))
      assert.deepEqual(await storage.keepFirst("setup", bytes(2)), bytes(1))
    },
  },
  {
    name: "finds an account by name and by identity",
    async run(storage) {
      assert.equal(await storage.createAccount(account(1)), "created")
      assert.deepEqual(await storage.accountByUsernameKey("user1"), account(1))
      assert.deepEqual(await storage.accountByIdentity(identity(1)), account(1))
      assert.equal(await storage.accountByUsernameKey("User1"), undefined)
      assert.equal(await storage.accountByIdentity(identity(2)), undefined)
    },
  },
  {
    name: "gives a name and an identity to one account only",
    async run(storage) {
      await storage.createAccount(account(1))
      assert.equal(await storage.createAccount({ ...account(2), usernameKey: "user1" }), "username_taken")
      assert.equal(await storage.createAccount({ ...account(2), identityKey: identity(1) }), "identity_taken")
    },
  },
  {
    name: "creates one of two accounts that ask for a name at once",
    async run(storage) {
      const outcomes = await Promise.all([
        storage.createAccount(account(1)),
        storage.createAccount({ ...account(2), usernameKey: "user1" }),
      ])
      assert.deepEqual(outcomes.toSorted(), ["created", "username_taken"])
    },
  },
]

const sessions: readonly StorageCase[] = [
  {
    name: "ends a session at its expiry",
    async run(storage) {
      await storage.createAccount(account(1))
      await storage.createSession(session(1), 5)
      assert.deepEqual(await storage.session(session(1).tokenHash, START_MS + HOUR_MS - 1), session(1))
      assert.equal(await storage.session(session(1).tokenHash, START_MS + HOUR_MS), undefined)
      assert.equal(await storage.session(session(2).tokenHash, START_MS), undefined)
    },
  },
  {
    name: "ends the oldest sessions beyond the limit",
    async run(storage) {
      await storage.createAccount(account(1))
      for (const n of [1, 2, 3]) await storage.createSession(session(n, START_MS + n), 2)
      assert.equal(await storage.session(session(1).tokenHash, START_MS), undefined)
      assert.deepEqual(await storage.session(session(2).tokenHash, START_MS), session(2, START_MS + 2))
      assert.deepEqual(await storage.session(session(3).tokenHash, START_MS), session(3, START_MS + 3))
    },
  },
]

const keyPackages: readonly StorageCase[] = [
  {
    name: "hands out each key package once, the oldest first",
    async run(storage) {
      await storage.createAccount(account(1))
      assert.deepEqual(await storage.addKeyPackages(identity(1), [stocked(1), stocked(2)], NOW), {
        kind: "added",
        available: 2,
      })
      assert.deepEqual(await storage.takeKeyPackage(identity(1), START_MS), once(1))
      assert.deepEqual(await storage.takeKeyPackage(identity(1), START_MS), once(2))
      assert.equal(await storage.takeKeyPackage(identity(1), START_MS), undefined)
      assert.equal(await storage.takeKeyPackage(identity(9), START_MS), undefined)
    },
  },
  {
    name: "gives a key package to one of many who ask at once",
    async run(storage) {
      await storage.createAccount(account(1))
      await storage.addKeyPackages(identity(1), [stocked(1)], NOW)
      const taken = await Promise.all(Array.from({ length: 8 }, () => storage.takeKeyPackage(identity(1), START_MS)))
      assert.equal(taken.filter((data) => data !== undefined).length, 1)
    },
  },
  {
    name: "does not hand out an expired key package",
    async run(storage) {
      await storage.createAccount(account(1))
      await storage.addKeyPackages(identity(1), [stocked(1, START_MS + 10), stocked(2)], NOW)
      assert.deepEqual(await storage.takeKeyPackage(identity(1), START_MS + 10), once(2))
    },
  },
  {
    name: "adds all key packages or none, up to the limit",
    async run(storage) {
      await storage.createAccount(account(1))
      await storage.addKeyPackages(identity(1), [stocked(1), stocked(2)], NOW)
      const refused = await storage.addKeyPackages(identity(1), [stocked(3), stocked(4)], NOW)
      assert.deepEqual(refused, { kind: "stock_full", available: 2 })
      assert.deepEqual(await storage.addKeyPackages(identity(1), [stocked(3)], NOW), { kind: "added", available: 3 })
    },
  },
  {
    name: "does not make a key package usable twice by a repeated upload",
    async run(storage) {
      await storage.createAccount(account(1))
      await storage.addKeyPackages(identity(1), [stocked(1), stocked(1)], NOW)
      const repeated = await storage.addKeyPackages(identity(1), [stocked(1)], NOW)
      assert.deepEqual(repeated, { kind: "added", available: 1 })
      await storage.takeKeyPackage(identity(1), START_MS)
      await storage.addKeyPackages(identity(1), [stocked(1)], NOW)
      assert.equal(await storage.takeKeyPackage(identity(1), START_MS), undefined)
    },
  },
]

const lastResorts: readonly StorageCase[] = [
  {
    name: "hands out the last-resort package, and counts that, only while the stock is empty",
    async run(storage) {
      await storage.createAccount(account(1))
      await storage.addKeyPackages(identity(1), [stocked(1)], NOW)
      await storage.keepLastResort(identity(1), stocked(7))
      const expiresAtMs = stocked(7).expiresAtMs
      assert.deepEqual(await storage.takeKeyPackage(identity(1), START_MS), once(1))
      assert.deepEqual(await storage.lastResort(identity(1), START_MS), { expiresAtMs, uses: 0 })
      for (let use = 0; use < 3; use++) {
        assert.deepEqual(await storage.takeKeyPackage(identity(1), START_MS), { ...once(7), isLastResort: true })
      }
      assert.deepEqual(await storage.lastResort(identity(1), START_MS), { expiresAtMs, uses: 3 })
      await storage.addKeyPackages(identity(1), [stocked(2)], NOW)
      assert.deepEqual(await storage.takeKeyPackage(identity(1), START_MS), once(2))
    },
  },
  {
    name: "replaces the last-resort package; the same one keeps its count",
    async run(storage) {
      await storage.createAccount(account(1))
      await storage.keepLastResort(identity(1), stocked(7))
      await storage.takeKeyPackage(identity(1), START_MS)
      await storage.keepLastResort(identity(1), stocked(7))
      assert.equal((await storage.lastResort(identity(1), START_MS))?.uses, 1)
      await storage.keepLastResort(identity(1), stocked(8, START_MS + 20))
      assert.deepEqual(await storage.lastResort(identity(1), START_MS), { expiresAtMs: START_MS + 20, uses: 0 })
      assert.deepEqual(await storage.takeKeyPackage(identity(1), START_MS), { ...once(8), isLastResort: true })
    },
  },
  {
    name: "does not hand out an expired last-resort package, nor one of somebody else",
    async run(storage) {
      for (const n of [1, 2]) await storage.createAccount(account(n))
      await storage.keepLastResort(identity(1), stocked(7, START_MS + 10))
      assert.equal(await storage.takeKeyPackage(identity(2), START_MS), undefined)
      assert.equal(await storage.lastResort(identity(2), START_MS), undefined)
      assert.equal(await storage.takeKeyPackage(identity(1), START_MS + 10), undefined)
      assert.equal(await storage.lastResort(identity(1), START_MS + 10), undefined)
    },
  },
  {
    name: "keeps a stock and a last resort for each cipher suite",
    async run(storage) {
      await storage.createAccount(account(1))
      await storage.addKeyPackages(identity(1), [stocked(1), stocked(2), stocked(3)], NOW)
      assert.deepEqual(await storage.addKeyPackages(identity(1), [stocked(4)], { ...NOW, suiteId: 3 }), {
        kind: "added",
        available: 1,
      })
      await storage.keepLastResort(identity(1), stocked(7))
      await storage.keepLastResort(identity(1), stocked(8), 3)
      assert.deepEqual(await storage.takeKeyPackage(identity(1), START_MS, 3), once(4))
      assert.deepEqual(await storage.takeKeyPackage(identity(1), START_MS, 3), { ...once(8), isLastResort: true })
      assert.equal((await storage.lastResort(identity(1), START_MS, 3))?.uses, 1)
      assert.equal((await storage.lastResort(identity(1), START_MS))?.uses, 0)
      assert.equal(await storage.takeKeyPackage(identity(1), START_MS, 2), undefined)
      assert.deepEqual(await storage.takeKeyPackage(identity(1), START_MS), once(1))
    },
  },
]

/** People, their sessions and their key packages. */
export const accountCases: readonly StorageCase[] = [...people, ...sessions, ...keyPackages, ...lastResorts]
