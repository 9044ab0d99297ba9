import { suite0001, suite0003 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { Group } from "../group.ts"
import { inspectGroupInfo } from "../inspect-group-info.ts"
import type { ReInit } from "../proposal.ts"
import { playAttacks } from "../testing/attack.ts"
import { commitOf } from "../testing/insider.ts"
import { Party } from "../testing/party.ts"
import { validateKeyPackage } from "../validate-key-package.ts"

const NO_DATA = new Uint8Array(0)
const reinit = (changes: Partial<ReInit>): ReInit => {
  return { kind: "reinit", groupId: Uint8Array.of(1), version: 1, cipherSuite: 1, extensions: [], ...changes }
}
const demanding = { policy: { cipherSuites: [1, 7], versions: [1] } }

playAttacks("a suite downgrade inside a group", [
  {
    title: "a ReInit to a suite that we do not accept",
    reason: "reinit_suite_not_accepted",
    make: (party) => commitOf(party, [reinit({ cipherSuite: 2 })], undefined),
    settings: demanding,
  },
  {
    title: "a ReInit to a version that we do not accept",
    reason: "reinit_version_not_accepted",
    make: (party) => commitOf(party, [reinit({ version: 2 })], undefined),
    settings: demanding,
  },
  {
    title: "a ReInit to an older version, whatever we accept",
    reason: "reinit_version",
    make: (party) => commitOf(party, [reinit({ version: 0 })], undefined),
    settings: { policy: { versions: [0, 1] } },
  },
])

describe("a suite downgrade", () => {
  const stronger = { policy: { cipherSuites: [3] } }

  it("by a Welcome is refused: the joiner demands another suite than it was invited with", () => {
    const party = Party.of("welcome", ["alice"])
    const bundle = party.keyPackage("bob")
    const { welcome = NO_DATA } = party.stage("alice", { adds: [bundle.keyPackage] })
    const about = { welcome, bundles: [bundle], signatureKeys: party.keysOf("bob") }
    const joined = (suite: typeof suite0001, policy: object): unknown => Group.join({ suite, policy, ...about })
    expect(joined(suite0001, stronger.policy)).toEqual({ kind: "rejected", reason: "suite_not_accepted" })
    expect(joined(suite0003, stronger.policy)).toEqual({ kind: "rejected", reason: "welcome_cipher_suite" })
    expect(joined(suite0001, { cipherSuites: [1] })).toMatchObject({ kind: "joined" })
  })

  it("by a GroupInfo is refused, to look at and to join", () => {
    const party = Party.of("group info", ["alice"])
    const { groupInfo } = party.group("alice").groupInfo({ externalPub: true })
    const { random } = party
    const about = { suite: suite0001, groupInfo, ...stronger }
    expect(inspectGroupInfo(about)).toEqual({ kind: "rejected", reason: "suite_not_accepted" })
    const credential = { kind: "basic", identity: NO_DATA } as const
    const me = { credential, signatureKeys: party.keysOf("bob"), authenticatedData: NO_DATA, random }
    expect(Group.joinExternally({ ...about, ...me })).toEqual({ kind: "rejected", reason: "suite_not_accepted" })
    expect(Group.joinExternally({ ...about, ...me, suite: suite0003 })).toMatchObject({ reason: "group_cipher_suite" })
  })

  it("by a key package is refused, to look at and to add", () => {
    const party = Party.of("key package", ["alice"])
    const weaker = new Party("weaker", {}, suite0003).keyPackage("bob")
    const validated = validateKeyPackage(suite0001, weaker.keyPackage, party.nowMs)
    expect(validated).toEqual({ kind: "rejected", reason: "key_package_cipher_suite" })
    expect(() => party.stage("alice", { adds: [weaker.keyPackage] })).toThrow("key_package_cipher_suite")
  })

  it("is not made by ourselves: neither a group nor a ReInit of a suite that we do not accept", () => {
    expect(() => Party.of("created", ["alice"], stronger)).toThrow(RangeError)
    const party = Party.of("reinit", ["alice"], demanding)
    expect(() => party.stage("alice", { reinit: reinit({ cipherSuite: 3 }) })).toThrow("reinit_suite_not_accepted")
  })

  it("does not keep a stored group of another suite from being woken, to be left", () => {
    const party = Party.of("woken", ["alice"])
    const bytes = party.group("alice").toBytes()
    const woken = Group.fromBytes(suite0001, bytes, { signatureKeys: party.keysOf("alice"), ...stronger })
    const about = { authenticatedData: NO_DATA, random: party.random, nowMs: party.nowMs }
    expect(woken.stageCommit({ ...about, reinit: reinit({ cipherSuite: 3 }) })).toMatchObject({ kind: "staged" })
  })
})
