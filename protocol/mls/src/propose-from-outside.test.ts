import { encode, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { EXTENSION_TYPES } from "./extension.ts"
import { writeExternalSenders } from "./external-senders.ts"
import { cipherSuiteOf, inspectGroupInfo } from "./inspect-group-info.ts"
import { proposeExternally, proposeOwnAdd } from "./propose-from-outside.ts"
import type { ExternalProposalOptions } from "./propose-from-outside.ts"
import type { ProposalToSend } from "./propose.ts"
import { Party } from "./testing/party.ts"

const NO_DATA = new Uint8Array(0)
const policy = { proposals: true, newMemberProposals: true }

/** A group of three that listens to a server. */
function supervised(seed: string, changes: Partial<typeof policy> = {}): Party {
  const party = new Party(seed, { policy: { ...policy, ...changes } })
  const credential = { kind: "basic", identity: toUtf8("server") } as const
  const senders = [{ signatureKey: party.keysOf("server").publicKey, credential }]
  const extensionData = encode((writer) => writeExternalSenders(writer, senders))
  party.create("alice")
  party.add("alice", ["bob", "carol"], {
    extensions: [{ extensionType: EXTENSION_TYPES.externalSenders, extensionData }],
  })
  return party
}

function addressOf(party: Party): Omit<ExternalProposalOptions, "senderIndex" | "signatureKeys"> {
  const { suite, random, nowMs } = party
  const inspected = inspectGroupInfo({ suite, groupInfo: party.group("alice").groupInfo().groupInfo })
  if (inspected.kind === "rejected") throw new Error(inspected.reason)
  const { groupId, epoch } = inspected.group
  return { suite, groupId, epoch, authenticatedData: NO_DATA, random, nowMs }
}

function proposeAs(party: Party, wanted: Parameters<typeof proposeExternally>[0], changes: object = {}): string[] {
  const options = { ...addressOf(party), senderIndex: 0, signatureKeys: party.keysOf("server"), ...changes }
  const message = proposeExternally(wanted, options)
  return party.names.map((name) => party.hear(name, message))
}

const all = (reason: string): string[] => [reason, reason, reason]

describe("an external sender's proposal", () => {
  const party = supervised("kinds")

  it.each([
    { kind: "add", keyPackage: party.keyPackage("dave").keyPackage },
    { kind: "remove", leafIndex: 1 },
    { kind: "extensions", extensions: [] },
    { kind: "psk", psk: { kind: "external", pskId: NO_DATA } },
    { kind: "reinit", groupId: NO_DATA, version: 1, cipherSuite: 1, extensions: [] },
  ] as Exclude<ProposalToSend, { kind: "update" }>[])("of kind $kind is heard by everybody", (wanted) => {
    expect(proposeAs(party, wanted)).toEqual(["proposal", "proposal", "proposal"])
  })

  it("is not made of a key package whose time is over", () => {
    const keyPackage = party.keyPackage("late")
    const nowMs = party.nowMs + 7 * 86_400_000
    const late = { ...addressOf(party), nowMs, signatureKeys: party.keysOf("late") }
    expect(() => proposeOwnAdd(keyPackage, late)).toThrow("leaf_lifetime_expired")
    const add = { kind: "add", keyPackage: keyPackage.keyPackage } as const
    expect(() => proposeAs(party, add, { nowMs })).toThrow("leaf_lifetime_expired")
  })

  it("is committed by a member", () => {
    const other = supervised("committed")
    proposeAs(other, { kind: "remove", leafIndex: 1 })
    expect(other.commit("alice").staged.report.removed).toMatchObject([{ leafIndex: 1 }])
  })

  it("is refused from another place in the list, with another key, in another epoch", () => {
    const wanted = { kind: "remove", leafIndex: 1 } as const
    expect(proposeAs(party, wanted, { senderIndex: 1 })).toEqual(all("unknown_sender"))
    expect(proposeAs(party, wanted, { signatureKeys: party.keysOf("mallory") })).toEqual(all("bad_signature"))
    expect(proposeAs(party, wanted, { epoch: 0n })).toEqual(all("epoch_passed"))
    expect(proposeAs(party, wanted, { groupId: NO_DATA })).toEqual(all("unknown_group"))
  })

  it("is not made of bytes that are no key package", () => {
    expect(() => proposeAs(party, { kind: "add", keyPackage: NO_DATA })).toThrow(RangeError)
  })
})

describe("a newcomer's own Add", () => {
  it("is committed by a member, and its Welcome opens for the newcomer", () => {
    const party = Party.of("own add", ["alice", "bob"], { policy })
    const bundle = party.keyPackage("carol")
    const message = proposeOwnAdd(bundle, { ...addressOf(party), signatureKeys: party.keysOf("carol") })
    expect([party.hear("alice", message), party.hear("bob", message)]).toEqual(["proposal", "proposal"])
    const { welcome = NO_DATA } = party.commit("alice")
    party.join("carol", { welcome, bundles: [bundle] })
    expect(party.hear("carol", party.say("bob", "hello"))).toBe("hello")
  })

  it("is refused with another's signature, and where the policy forbids it", () => {
    const party = Party.of("own add refused", ["alice", "bob"], { policy })
    const bundle = party.keyPackage("carol")
    const forged = proposeOwnAdd(bundle, { ...addressOf(party), signatureKeys: party.keysOf("mallory") })
    expect(party.hear("alice", forged)).toBe("bad_signature")
    const closed = Party.of("own add forbidden", ["alice", "bob"], { policy: { proposals: true } })
    const own = proposeOwnAdd(closed.keyPackage("carol"), {
      ...addressOf(closed),
      signatureKeys: closed.keysOf("carol"),
    })
    expect(closed.hear("alice", own)).toBe("not_allowed")
  })
})

describe("a removed member's proposal", () => {
  it("is of an epoch that has passed once the removal is in effect", () => {
    const party = Party.of("removed proposes", ["alice", "bob", "carol"], { policy })
    const { random, nowMs } = party
    const removal = party.stage("alice", { removes: [2] })
    const late = party
      .group("carol")
      .propose({ kind: "update" }, { authenticatedData: NO_DATA, random, nowMs, wireFormat: "public" })
    if (late.kind === "refused") throw new Error(late.reason)
    party.group("alice").merge(removal.staged)
    party.follow("bob", removal.commit)
    expect([party.hear("alice", late.message), party.hear("bob", late.message)]).toEqual([
      "epoch_passed",
      "epoch_passed",
    ])
  })
})

describe("a published GroupInfo", () => {
  const party = Party.of("inspected", ["alice", "bob"])
  const { suite } = party
  const reasonOf = (bytes: Uint8Array): unknown => inspectGroupInfo({ suite, groupInfo: bytes })

  it("tells who is in the group, in which epoch, and who says so", () => {
    const { groupInfo, ratchetTree } = party.group("bob").groupInfo({ treeInside: false })
    const inspected = inspectGroupInfo({ suite, groupInfo, ratchetTree: ratchetTree ?? NO_DATA })
    expect(inspected).toMatchObject({
      kind: "believed",
      group: { groupId: party.groupId, epoch: 1n, members: [{ leafIndex: 0 }, { leafIndex: 1 }], signer: 1 },
    })
  })

  it("is not believed if it is damaged, has no tree, or is something else", () => {
    const { groupInfo } = party.group("bob").groupInfo({ treeInside: false })
    expect(reasonOf(groupInfo)).toMatchObject({ reason: "ratchet_tree_missing" })
    expect(reasonOf(NO_DATA)).toMatchObject({ reason: "malformed" })
    expect(reasonOf(party.keyPackage("carol").keyPackage)).toMatchObject({ reason: "not_a_group_info" })
    const whole = party.group("bob").groupInfo().groupInfo
    expect(reasonOf(whole.with(whole.length - 1, whole.at(-1)! ^ 1))).toMatchObject({
      reason: "bad_group_info_signature",
    })
  })

  it("names its cipher suite, as key packages and Welcomes do", () => {
    const bundle = party.keyPackage("carol")
    const { welcome = NO_DATA, commit } = party.stage("alice", { adds: [bundle.keyPackage] })
    const messages = [party.group("bob").groupInfo().groupInfo, bundle.keyPackage, welcome, commit, NO_DATA]
    expect(messages.map(cipherSuiteOf)).toEqual([1, 1, 1, undefined, undefined])
  })
})
