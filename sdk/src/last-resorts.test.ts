import { nodeRandom, suite0001, suite0003 } from "@qpc/crypto/node"
import { createKeyPackages } from "@qpc/group"
import { toGroupId, toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { MOST_REFUSED_GROUPS } from "./key-package-record.ts"
import { opens, refuseLastResortsFor } from "./last-resorts.ts"
import { MemoryStore, newMemoryDisk } from "./memory-store.ts"
import { Profile } from "./profile.ts"

const device = suite0001.signatureKeyPair(new Uint8Array(32).fill(1))
const suites = [suite0001]
const groupOf = (number: number) =>
  toGroupId(
    new Uint8Array(16)
      .fill(7)
      .with(0, number)
      .with(1, number >> 8),
  )
const [LOST, OTHER] = [groupOf(1), groupOf(2)]

const bundleOf = (lastResort: boolean, suite = suite0001): Uint8Array =>
  createKeyPackages({ suite, device, random: nodeRandom, nowMs: 0, count: 1, lastResort })[0]!.toBytes()

/** A profile with one key package, and what is left of it when a group is lost. */
async function profileWith(bundle: Uint8Array) {
  const store = new MemoryStore(newMemoryDisk())
  const profile = new Profile(store)
  await store.commit([profile.putKeyPackage(Uint8Array.of(1), { expiresAtMs: 5, bundle, refusedFor: [] })])
  const lose = async (...groups: (typeof LOST)[]): Promise<void> =>
    store.commit(await refuseLastResortsFor({ profile, suites }, groups))
  const left = async () => {
    const found = []
    for await (const { refusedFor, expiresAtMs } of profile.keyPackages()) {
      found.push({ expiresAtMs, refusedFor: refusedFor.map(toHex) })
    }
    return found
  }
  return { lose, left }
}

describe("key packages when the keys of a group are deleted", () => {
  it.each([
    ["of the last resort", true, suite0001],
    ["of a suite that this program lacks", false, suite0003],
  ])("%s stay, and open all groups but those that were lost", async (_what, lastResort, suite) => {
    const { lose, left } = await profileWith(bundleOf(lastResort, suite))
    await lose(LOST, LOST)
    await lose(LOST)
    expect(await left()).toEqual([{ expiresAtMs: 5, refusedFor: [toHex(LOST)] }])
    await lose(OTHER)
    expect(await left()).toEqual([{ expiresAtMs: 5, refusedFor: [toHex(LOST), toHex(OTHER)] }])
  })

  it("of the stock stay as they are: none was ever used", async () => {
    const { lose, left } = await profileWith(bundleOf(false))
    await lose(LOST)
    expect(await left()).toEqual([{ expiresAtMs: 5, refusedFor: [] }])
  })

  it("that cannot be read are deleted", async () => {
    const { lose, left } = await profileWith(bundleOf(true).subarray(0, -1))
    await lose(LOST)
    expect(await left()).toEqual([])
  })

  it("are deleted when they would be refused for too many groups", async () => {
    const { lose, left } = await profileWith(bundleOf(true))
    await lose(...Array.from({ length: MOST_REFUSED_GROUPS }, (_, number) => groupOf(number)))
    expect(await left()).toMatchObject([{ refusedFor: { length: MOST_REFUSED_GROUPS } }])
    await lose(groupOf(MOST_REFUSED_GROUPS))
    expect(await left()).toEqual([])
  })

  it("open what they are not refused for", () => {
    expect([LOST, OTHER].map((groupId) => opens({ refusedFor: [LOST] }, groupId))).toEqual([false, true])
  })
})
