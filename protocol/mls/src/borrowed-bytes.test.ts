import { toHex, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { CommitOptions } from "./create-commit.ts"
import { Group } from "./group.ts"
import { Party } from "./testing/party.ts"

const NO_DATA = new Uint8Array(0)

/** What Node hands out: a piece of a pool, whose `slice` does not copy. The caller uses the pool for something else. */
function lend<T>(bytes: Uint8Array, use: (lent: Uint8Array) => T): T {
  const lent = Buffer.from(bytes)
  const outcome = use(lent)
  lent.fill(0)
  return outcome
}

const keysIn = (group: Group): string[] => group.members().map(({ signatureKey }) => toHex(signatureKey))

describe("bytes that the caller takes back", () => {
  it("do not change a group that received them", () => {
    const party = Party.of("lent", ["alice", "bob"])
    const [alice, bob] = [party.group("alice"), party.group("bob")]
    const bundle = party.keyPackage("carol")
    const outcome = lend(bundle.keyPackage, (lent) => party.stage("alice", { adds: [lent], wireFormat: "public" }))
    alice.merge(outcome.staged)
    lend(outcome.commit, (lent) => party.follow("bob", lent))
    const carol = lend(outcome.welcome ?? NO_DATA, (welcome) => party.join("carol", { welcome, bundles: [bundle] }))
    const expected = ["alice", "bob", "carol"].map((name) => toHex(party.keysOf(name).publicKey))
    expect([keysIn(alice), keysIn(bob), keysIn(carol)]).toEqual([expected, expected, expected])
    party.commit("carol")
    expect(party.hear("bob", party.say("alice", "still one group"))).toBe("still one group")
  })

  it.each<[string, Partial<CommitOptions>]>([
    ["new extensions", { extensions: [{ extensionType: 0xf00f, extensionData: toUtf8("new") }] }],
    ["another group", { reinit: { groupId: toUtf8("next"), version: 1, cipherSuite: 1, extensions: [] } }],
  ])("do not change what a commit says that is not merged yet: %s", (_, options) => {
    const extensions = [{ extensionType: 0xf00f, extensionData: toUtf8("old") }]
    const party = Party.of("lent commit", ["alice", "bob"], { extensions })
    const { commit, staged } = party.stage("alice", { ...options, wireFormat: "public" })
    const received = lend(commit, (lent) => party.group("bob").receive(lent, party.nowMs))
    expect(received).toMatchObject({ kind: "commit", staged: { report: staged.report } })
  })

  it("do not change a group that was read from them", () => {
    const party = Party.of("lent state", ["alice", "bob"])
    const { privateKey, publicKey } = party.keysOf("bob")
    const lentKey = Buffer.from(privateKey)
    const bob = lend(party.group("bob").toBytes(), (lent) =>
      Group.fromBytes(party.suite, lent, { signatureKeys: { publicKey, privateKey: lentKey } }),
    )
    lentKey.fill(0)
    const { commit } = party.stage("alice")
    const received = bob.receive(commit, party.nowMs)
    expect(received.kind).toBe("commit")
    const text = bob.protect(Uint8Array.of(104, 105), { authenticatedData: NO_DATA, random: party.random })
    expect(party.hear("alice", text)).toBe("hi")
  })
})
