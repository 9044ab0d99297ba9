import { suite0001 as suite } from "@qpc/crypto/node"
import { fromHex } from "@qpc/wire"
import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { memberFromBytes } from "./wake.ts"
import type { StoredMember } from "./testing/member-histories.ts"
import { seededRandom } from "./testing/seeded-random.ts"

const NOW_MS = 1_800_000_000_000
const fixtures = new URL("testing/fixtures/", import.meta.url)
const cases = readdirSync(fixtures).flatMap((format) => {
  const stored = JSON.parse(readFileSync(new URL(`${format}/suite0001.json`, fixtures), "utf8")) as StoredMember[]
  return stored.map((member) => Object.assign(member, { format }))
})

describe("a member stored in any format there ever was", () => {
  it.each(cases)("wakes as it was and goes on: $format, $name", (stored) => {
    const { publicKey, privateKey } = stored.identity
    const identity = { publicKey: fromHex(publicKey), privateKey: fromHex(privateKey) }
    const member = memberFromBytes(suite, fromHex(stored.state), { identity, random: seededRandom(1) })
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
    const events = stored.envelopes.map(({ envelope }) =>
      member.receive(fromHex(envelope), NOW_MS).events.map(({ kind }) => kind),
    )
    expect(events).toEqual(stored.envelopes.map((one) => one.events))
  })
})
