import { suite0001, suite0007 } from "@qpc/crypto/node"
import { fromHex, toHex } from "@qpc/wire"
import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { Group } from "./group.ts"
import { outcomeOf } from "./testing/party.ts"
import type { StoredState } from "./testing/state-histories.ts"
import { TEST_NOW_MS } from "./testing/test-member.ts"

const suites = { suite0001, suite0007 }
const fixtures = new URL("testing/fixtures/", import.meta.url)
const cases = readdirSync(fixtures).flatMap((format) =>
  (["suite0001", "suite0007"] as const).flatMap((suite) => {
    const stored = JSON.parse(readFileSync(new URL(`${format}/${suite}.json`, fixtures), "utf8")) as StoredState[]
    return stored.map((state) => Object.assign(state, { format, suite }))
  }),
)

function wake({ suite, signatureKeys, policy, reservation }: (typeof cases)[number], state: Uint8Array): Group {
  const { publicKey, privateKey } = signatureKeys
  return Group.fromBytes(suites[suite], state, {
    signatureKeys: { publicKey: fromHex(publicKey), privateKey: fromHex(privateKey) },
    ...(policy && { policy }),
    ...(reservation !== undefined && { reservation: fromHex(reservation) }),
  })
}

describe("a state stored in any format there ever was", () => {
  it.each(cases)("wakes as it was and reads what was on its way: $format, $suite, $name", (stored) => {
    const group = wake(stored, fromHex(stored.state))
    const { epoch, members, epochAuthenticator } = stored
    expect({
      epoch: String(group.epoch),
      members: group.members().length,
      ...(group.phase !== "removed" && { epochAuthenticator: toHex(group.epochAuthenticator()) }),
    }).toEqual({ epoch, members, ...(epochAuthenticator !== undefined && { epochAuthenticator }) })
    const outcomes = stored.messages.map(({ message }) => outcomeOf(group.receive(fromHex(message), TEST_NOW_MS)))
    expect(outcomes).toEqual(stored.messages.map(({ outcome }) => outcome))
  })
})
