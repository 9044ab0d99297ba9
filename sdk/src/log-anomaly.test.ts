import { toGroupId, toIdentityKey } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { completeLimits } from "./limits.ts"
import { noteAnomaly } from "./log-anomaly.ts"
import { MemoryStore } from "./memory-store.ts"
import { Profile } from "./profile.ts"
import type { NoticeRecord } from "./records.ts"

const [garden, orchard] = [1, 2].map((byte) => toGroupId(new Uint8Array(16).fill(byte))) as [Group, Group]
const [alice, bob] = [3, 4].map((byte) => toIdentityKey(new Uint8Array(32).fill(byte))) as [Person, Person]
type Group = ReturnType<typeof toGroupId>
type Person = ReturnType<typeof toIdentityKey>

/** A profile that keeps every notice at once. */
function emptyProfile() {
  const store = new MemoryStore()
  const surroundings = { profile: new Profile(store), limits: completeLimits() }
  const noted: Omit<NoticeRecord, "atMs">[] = []
  const note = async (groupId: Group, event: Parameters<typeof noteAnomaly>[3]): Promise<void> => {
    const before = noted.length
    await noteAnomaly(surroundings, { notice: (record) => void noted.push(record) }, groupId, event)
    for (const [at, record] of noted.slice(before).entries()) {
      await store.commit([surroundings.profile.putNotice(before + at + 1, { ...record, atMs: 0 })])
    }
  }
  const otherKey = (groupId: Group, by: Person) =>
    note(groupId, { kind: "log_anomaly", epoch: 1n, reason: "other_server_key", by })
  return { noted, note, otherKey }
}

describe("the notice that a member goes by another key of the server", () => {
  it("names them, once in each group", async () => {
    const { noted, otherKey } = emptyProfile()
    for (const groupId of [garden, orchard, garden]) {
      for (const person of [alice, bob, alice]) await otherKey(groupId, person)
    }
    expect(noted.map(({ groupId, person, reason }) => [groupId, person, reason])).toEqual([
      [garden, alice, "other_server_key"],
      [garden, bob, "other_server_key"],
      [orchard, alice, "other_server_key"],
      [orchard, bob, "other_server_key"],
    ])
  })

  it("is not kept back by another one about them, nor others by it", async () => {
    const { noted, note, otherKey } = emptyProfile()
    await note(garden, { kind: "log_anomaly", epoch: 1n, reason: "head_unsigned" })
    await otherKey(garden, alice)
    for (let i = 0; i < 2; i++) await note(garden, { kind: "log_anomaly", epoch: 1n, reason: "head_unsigned" })
    expect(noted.map(({ reason }) => reason)).toEqual([
      "head_unsigned",
      "other_server_key",
      "head_unsigned",
      "head_unsigned",
    ])
  })
})
