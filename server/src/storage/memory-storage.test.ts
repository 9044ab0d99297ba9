import { describe, expect, it } from "vitest"
import { account, bytes, HOUR_MS, identity, START_MS } from "./conformance/fixtures.ts"
import { MemoryStorage } from "./memory-storage.ts"

describe("a copy of a storage in memory", () => {
  it("holds what there was, and nothing of what comes after", async () => {
    const storage = new MemoryStorage()
    await storage.createAccount(account(1))
    const stocked = { data: bytes(1, 1), expiresAtMs: START_MS + HOUR_MS }
    await storage.addKeyPackages(identity(1), [stocked], { nowMs: START_MS, stockLimit: 3 })
    const copy = storage.copy()
    await storage.takeKeyPackage(identity(1), START_MS)
    await storage.createAccount(account(2))
    expect(await copy.accountByIdentity(identity(2))).toBeUndefined()
    expect(await copy.takeKeyPackage(identity(1), START_MS)).toEqual({ data: bytes(1, 1), isLastResort: false })
    expect(await storage.takeKeyPackage(identity(1), START_MS)).toBeUndefined()
  })
})
