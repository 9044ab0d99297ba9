import { describe, expect, it } from "vitest"
import type { Sender } from "./framed-content.ts"
import { policyWith } from "./policy.ts"
import type { Proposal } from "./proposal.ts"
import type { PreSharedKeyId } from "./psk-id.ts"
import { addOf, updateOf } from "./testing/insider.ts"
import { Party } from "./testing/party.ts"
import { addToSorting, emptySorting, forkSorting, sortProposals } from "./validate-proposals.ts"
import type { Committer, SentProposal } from "./validate-proposals.ts"

const CUSTOM = 0xf0f0
const party = Party.of("sorting", ["alice", "bob", "carol"])
const { suite } = party
const { tree } = party.insidesOf("alice").epoch
const policy = policyWith({
  customProposals: [{ type: CUSTOM, requiresPath: false, fromExternalSenders: false }],
  cipherSuites: [1],
  versions: [1],
})

const alice = { kind: "member", leafIndex: 0 } as const
const bob = { kind: "member", leafIndex: 1 } as const
const newcomer = { kind: "newcomer" } as const

const add = addOf(party, "dave")
const update = updateOf(party, "bob")
const remove = (removed: number): Proposal => ({ kind: "remove", removed })
const pskId = (id: number, nonceBytes = 32): PreSharedKeyId => {
  return { kind: "external", pskId: Uint8Array.of(id), pskNonce: new Uint8Array(nonceBytes) }
}
const psk = (id: number, nonceBytes?: number): Proposal => ({ kind: "psk", id: pskId(id, nonceBytes) })
const resumption = (usage: "application" | "reinit" | "branch"): PreSharedKeyId => {
  return { kind: "resumption", usage, pskGroupId: Uint8Array.of(1), pskEpoch: 0n, pskNonce: new Uint8Array(32) }
}
const reinitTo = (version: number, cipherSuite = 1): Proposal => {
  return { kind: "reinit", groupId: Uint8Array.of(1), version, cipherSuite, extensions: [] }
}
const reinit = reinitTo(1)
const externalInit: Proposal = { kind: "external_init", kemOutput: Uint8Array.of(7) }
const extensions: Proposal = { kind: "group_context_extensions", extensions: [] }
const custom = (type: number): Proposal => ({ kind: "custom", type, body: Uint8Array.of(3) })

const sentBy = (sender: Sender, ...proposals: readonly Proposal[]): SentProposal[] => {
  return proposals.map((proposal) => ({ proposal, sender }))
}
const sort = (
  committer: Committer,
  sent: readonly SentProposal[],
  bond?: PreSharedKeyId,
): ReturnType<typeof sortProposals> => sortProposals(sent, { suite, policy, tree, committer, bond })

describe("sorting the proposals of a member's commit", () => {
  it("puts each with its kind, and names the sender of what the application judges", () => {
    const proposals = sentBy(bob, add, update, remove(2), psk(1), extensions, custom(CUSTOM))
    const { leafNode } = update as Extract<Proposal, { kind: "update" }>
    const { keyPackage } = add as Extract<Proposal, { kind: "add" }>
    expect(sort(alice, proposals)).toMatchObject({
      extensions: [],
      updates: [{ leafIndex: 1, leafNode }],
      removes: [2],
      adds: [keyPackage],
      psks: [pskId(1)],
      externalInit: undefined,
      reinit: undefined,
      custom: [{ type: CUSTOM, body: Uint8Array.of(3), sender: bob }],
    })
  })

  it("takes a lone ReInit", () => {
    expect(sort(alice, sentBy(bob, reinit))).toMatchObject({ reinit, requiresPath: false })
  })

  it("takes a ReInit to any newer version and any suite where the policy names none", () => {
    const surroundings = { suite, policy: policyWith(undefined), tree, committer: alice }
    expect(sortProposals(sentBy(bob, reinitTo(2, 3)), surroundings)).toMatchObject({ reinit: reinitTo(2, 3) })
  })

  it("takes a PSK of another usage only as the bond to the group before", () => {
    const bond = resumption("branch")
    expect(sort(alice, sentBy(alice, { kind: "psk", id: bond }), bond)).toMatchObject({ psks: [bond] })
    expect(sort(alice, sentBy(alice, { kind: "psk", id: resumption("branch") }), bond)).toBe("psk_usage_forbidden")
    const application = resumption("application")
    expect(sort(alice, sentBy(alice, { kind: "psk", id: application }))).toMatchObject({ psks: [application] })
  })

  it("asks for a path as soon as one proposal does", () => {
    expect(sort(alice, sentBy(bob, add, psk(1), custom(CUSTOM)))).toMatchObject({ requiresPath: false })
    expect(sort(alice, sentBy(bob, add, remove(2)))).toMatchObject({ requiresPath: true })
  })

  it.each([
    ["update_by_committer", sentBy(alice, update)],
    ["update_by_outsider", sentBy({ kind: "external", senderIndex: 0 }, update)],
    ["leaf_changed_twice", sentBy(bob, update, update)],
    ["leaf_changed_twice", sentBy(bob, update, remove(1))],
    ["leaf_changed_twice", sentBy(bob, remove(1), update)],
    ["leaf_changed_twice", sentBy(bob, remove(1), remove(1))],
    ["remove_of_blank_leaf", sentBy(bob, remove(3))],
    ["remove_of_committer", sentBy(bob, remove(0))],
    ["psk_usage_forbidden", sentBy(bob, { kind: "psk", id: resumption("reinit") })],
    ["psk_nonce_length", sentBy(bob, psk(1, 31))],
    ["psk_nonce_length", sentBy(bob, psk(1, 33))],
    ["psk_repeated", sentBy(bob, psk(1), psk(2), psk(1))],
    ["extensions_changed_twice", sentBy(bob, extensions, extensions)],
    ["reinit_version", sentBy(bob, reinitTo(0))],
    ["reinit_version_not_accepted", sentBy(bob, reinitTo(2))],
    ["reinit_suite_not_accepted", sentBy(bob, reinitTo(1, 2))],
    ["external_init_forbidden", sentBy(bob, externalInit)],
    ["proposal_unsupported", sentBy(bob, custom(CUSTOM + 1))],
  ] as const)("refuses with %s", (reason, proposals) => {
    expect(sort(alice, proposals)).toBe(reason)
  })

  it.each([add, update, remove(1), psk(1), extensions, custom(CUSTOM), reinit])(
    "lets no ReInit stand beside another proposal: $kind",
    (other) => {
      expect(sort(alice, sentBy(bob, reinit, other))).toBe("reinit_not_alone")
      expect(sort(alice, sentBy(bob, other, reinit))).toBe("reinit_not_alone")
    },
  )
})

describe("sorting the proposals of an external commit", () => {
  const sender = { kind: "new_member_commit" } as const

  it("takes an ExternalInit with a Remove and PSKs", () => {
    const sorted = sort(newcomer, sentBy(sender, psk(1), externalInit, remove(0), psk(2)))
    const expected = { externalInit: Uint8Array.of(7), removes: [0], psks: [pskId(1), pskId(2)], requiresPath: true }
    expect(sorted).toMatchObject(expected)
  })

  it.each([
    ["external_init_missing", []],
    ["external_init_missing", [remove(0), psk(1)]],
    ["external_commit_proposals", [externalInit, externalInit]],
    ["external_commit_proposals", [externalInit, remove(0), remove(1)]],
    ["external_commit_proposals", [externalInit, add]],
    ["external_commit_proposals", [externalInit, update]],
    ["external_commit_proposals", [externalInit, extensions]],
    ["external_commit_proposals", [externalInit, reinit]],
    ["external_commit_proposals", [externalInit, custom(CUSTOM)]],
    ["remove_of_blank_leaf", [externalInit, remove(3)]],
  ] as [string, Proposal[]][])("refuses with %s", (reason, proposals) => {
    expect(sort(newcomer, sentBy(sender, ...proposals))).toBe(reason)
  })
})

describe("a fork of sorted proposals", () => {
  const surroundings = { suite, policy, tree, committer: alice }
  const all = sentBy(bob, add, update, remove(2), psk(1), extensions, custom(CUSTOM))

  it("begins with all that the original has", () => {
    const original = emptySorting()
    for (const sent of all) addToSorting(original, sent, surroundings)
    expect(forkSorting(original)).toEqual(original)
  })

  it("keeps to itself what is added to it", () => {
    const original = emptySorting()
    const fork = forkSorting(original)
    for (const sent of all) addToSorting(fork, sent, surroundings)
    expect(original).toEqual(emptySorting())
    expect(fork.changedLeaves.size).toBe(2)
  })
})
