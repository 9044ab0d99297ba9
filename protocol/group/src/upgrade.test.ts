import { suite0001 as suite, suite0003 } from "@qpc/crypto/node"
import { fromHex, toHex } from "@qpc/wire"
import { RecordStore } from "@qpc/wire/conformance"
import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import type { Member } from "./member.ts"
import { STATE_VERSION } from "./state-version.ts"
import { memberFromBytes, memberFromRecords } from "./wake.ts"
import type { StoredMember } from "./testing/member-histories.ts"
import { seededRandom } from "./testing/seeded-random.ts"

const NOW_MS = 1_800_000_000_000
const fixtures = new URL("testing/fixtures/", import.meta.url)
const cases = readdirSync(fixtures).flatMap((format) => {
  const stored = JSON.parse(readFileSync(new URL(`${format}/suite0001.json`, fixtures), "utf8")) as StoredMember[]
  return stored.map((member) => Object.assign(member, { format }))
})
const ofToday = cases.filter(({ format }) => format === `member-v${STATE_VERSION}`)

/** As a store of version 3 had it, record by record. */
interface StoredRecords extends Omit<StoredMember, "state"> {
  readonly records: Readonly<Record<string, string>>
}
const inRecords = JSON.parse(
  readFileSync(new URL("testing/records-v3.json", import.meta.url), "utf8"),
) as readonly StoredRecords[]

function expectAsStored(member: Member, stored: Omit<StoredMember, "state">): void {
  expect({
    epoch: String(member.epoch),
    members: member.members().length,
    isActive: member.isActive,
    openIntents: member.openIntentCount,
  }).toEqual({
    epoch: stored.epoch,
    members: stored.members,
    isActive: stored.isActive,
    openIntents: stored.openIntents,
  })
}

function expectGoesOn(member: Member, { envelopes }: Pick<StoredMember, "envelopes">): void {
  const events = envelopes.map(({ envelope }) =>
    member.receive(fromHex(envelope), NOW_MS).events.map(({ kind }) => kind),
  )
  expect(events).toEqual(envelopes.map((one) => one.events))
}

const surroundingsOf = ({ identity }: Pick<StoredMember, "identity">) => {
  const { publicKey, privateKey } = identity
  const keys = { publicKey: fromHex(publicKey), privateKey: fromHex(privateKey) }
  return { device: keys, random: seededRandom(1), suites: [suite0003] }
}

describe("a member stored in any format there ever was", () => {
  it.each(cases)("wakes as it was and goes on: $format, $name", (stored) => {
    const member = memberFromBytes(suite, fromHex(stored.state), surroundingsOf(stored))
    expectAsStored(member, stored)
    expectGoesOn(member, stored)
  })

  it.each(ofToday)("is written as it was read, in the format of today: $name", (stored) => {
    const member = memberFromBytes(suite, fromHex(stored.state), surroundingsOf(stored))
    expect(toHex(member.toBytes())).toBe(stored.state)
  })

  it.each(inRecords)("wakes from its records, which are then of today: $name", (stored) => {
    const records = Object.entries(stored.records).map(([key, value]) => ({ key, value: fromHex(value) }))
    const member = memberFromRecords(suite, records, surroundingsOf(stored))
    expectAsStored(member, stored)
    const disk = new RecordStore()
    const before = { takeChanges: () => ({ isWhole: true, changes: records, stored: () => undefined }) }
    disk.write(before)
    disk.write(member)
    const again = memberFromRecords(suite, disk.records(), surroundingsOf(stored))
    expect(again.toBytes()).toEqual(member.toBytes())
    expectGoesOn(again, stored)
  })
})
