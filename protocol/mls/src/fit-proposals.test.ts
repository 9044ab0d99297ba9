import { describe, expect, it } from "vitest"
import { findUnfit, unpickedReason } from "./fit-proposals.ts"
import type { Trial } from "./fit-proposals.ts"
import type { GroupState } from "./group-state.ts"
import type { Proposal } from "./proposal.ts"
import type { QueuedProposal } from "./proposal-queue.ts"
import type { ProposalToSend } from "./propose.ts"
import { addOf, leafOf, updateOf } from "./testing/insider.ts"
import { Party } from "./testing/party.ts"
import type { SentProposal } from "./validate-proposals.ts"

const NO_DATA = new Uint8Array(0)
const policy = { proposals: true }
const [ALICE, BOB, CAROL] = [0, 1, 2]

const from = (leafIndex: number): SentProposal["sender"] => ({ kind: "member", leafIndex })
const remove = (removed: number): Proposal => ({ kind: "remove", removed })

/** Alice takes in what somebody proposes. */
function propose(party: Party, by: string, wanted: ProposalToSend): void {
  const { random, nowMs } = party
  const proposed = party.group(by).propose(wanted, { authenticatedData: NO_DATA, random, nowMs })
  if (proposed.kind === "refused") throw new Error(proposed.reason)
  if (by === "alice") return
  expect(party.group("alice").receive(proposed.message, nowMs).kind).toBe("proposal")
}

/** What alice finds out about her queue. */
function unfitOf(party: Party, changes: Partial<Trial> = {}): string | [Proposal["kind"], string][] {
  const state: GroupState = party.insidesOf("alice")
  const found = findUnfit({
    state,
    committer: { kind: "member", leafIndex: ALICE },
    own: [],
    queued: state.queue.values(),
    nowMs: party.nowMs,
    pskLookup: undefined,
    bond: undefined,
    ...changes,
  })
  return typeof found === "string" ? found : [...found].map(([{ proposal }, reason]) => [proposal.kind, reason])
}

/** Proposals of bob's, as they lie in a queue. */
function queuedByBob(...proposals: readonly Proposal[]): QueuedProposal[] {
  return proposals.map((proposal, at) => ({
    reference: Uint8Array.of(at),
    proposal,
    sender: from(BOB),
    updateKey: undefined,
  }))
}

/** An Update of bob's. */
function updateOfBob(): Proposal {
  const party = Party.of("update", ["alice", "bob"], { policy })
  propose(party, "bob", { kind: "update" })
  return party.insidesOf("alice").queue.values()[0]!.proposal
}

describe("why a queued proposal is not even tried", () => {
  const reinit = { kind: "reinit", groupId: NO_DATA, version: 1, cipherSuite: 1, extensions: [] } as const

  it.each([
    ["a ReInit, which goes with nothing", reinit, from(BOB), "reinit_not_alone"],
    ["the removal of whoever commits", remove(ALICE), from(BOB), "remove_of_committer"],
    ["the removal of another, said twice", remove(CAROL), from(BOB), "superseded"],
    ["an Update of whoever commits", updateOfBob(), from(ALICE), "update_by_committer"],
    ["an Update of another, made again", updateOfBob(), from(BOB), "superseded"],
    ["an Update of an outsider", updateOfBob(), { kind: "external", senderIndex: 0 }, "superseded"],
    ["something else of whoever commits", remove(CAROL), from(ALICE), "superseded"],
  ] satisfies readonly (readonly [string, Proposal, SentProposal["sender"], string])[])(
    "is told of %s",
    (_, proposal, sender, reason) => {
      expect(unpickedReason({ proposal, sender }, { leafIndex: ALICE })).toBe(reason)
    },
  )
})

describe("which queued proposals fit into one commit", () => {
  it("is all of them where nothing is in the way", () => {
    const party = Party.of("fits", ["alice", "bob", "carol"], { policy })
    propose(party, "bob", { kind: "update" })
    propose(party, "bob", { kind: "add", keyPackage: party.keyPackage("dave").keyPackage })
    propose(party, "bob", { kind: "remove", leafIndex: CAROL })
    expect(unfitOf(party)).toEqual([])
  })

  it("depends on the room that the commit's own proposals leave", () => {
    const party = Party.of("room", ["alice", "bob", "carol"], { policy, limits: { committedProposals: 2 } })
    for (const name of ["dave", "erin"]) {
      propose(party, "bob", { kind: "add", keyPackage: party.keyPackage(name).keyPackage })
    }
    expect(unfitOf(party)).toEqual([])
    expect(unfitOf(party, { own: [remove(CAROL)] })).toEqual([["add", "too_many_committed_proposals"]])
    const own = [remove(CAROL), remove(BOB), remove(3)]
    expect(unfitOf(party, { own: own.slice(0, 2) })).toEqual([
      ["add", "too_many_committed_proposals"],
      ["add", "too_many_committed_proposals"],
    ])
  })

  it("counts those without room once, and does not try them", () => {
    const party = Party.of("no room", ["alice", "bob"], { policy, limits: { committedProposals: 1 } })
    propose(party, "bob", { kind: "add", keyPackage: party.keyPackage("carol").keyPackage })
    propose(party, "bob", { kind: "psk", psk: { kind: "external", pskId: Uint8Array.of(1) } })
    expect(unfitOf(party)).toEqual([["psk", "too_many_committed_proposals"]])
  })

  it("lets removals make room for whoever comes back", () => {
    const party = Party.of("comes back", ["alice", "bob", "carol"], { policy })
    propose(party, "bob", { kind: "add", keyPackage: party.keyPackage("carol").keyPackage })
    expect(unfitOf(party)).toEqual([["add", "duplicate_signature_key"]])
    propose(party, "bob", { kind: "remove", leafIndex: CAROL })
    expect(unfitOf(party)).toEqual([])
  })

  it("lets queued removals make room for what the commit itself adds", () => {
    const party = Party.of("makes room", ["alice", "bob", "carol"], { policy })
    propose(party, "bob", { kind: "remove", leafIndex: CAROL })
    const message = party.keyPackage("carol").keyPackage
    propose(party, "bob", { kind: "add", keyPackage: message })
    const [, add] = party.insidesOf("alice").queue.values()
    const own = [add!.proposal]
    expect(unfitOf(party, { own, queued: [] })).toBe("duplicate_signature_key")
    expect(unfitOf(party, { own, queued: party.insidesOf("alice").queue.values().slice(0, 1) })).toEqual([])
  })

  it("is none of two that contradict each other but the first", () => {
    const party = Party.of("contradict", ["alice", "bob", "carol"], { policy })
    propose(party, "bob", { kind: "remove", leafIndex: CAROL })
    propose(party, "carol", { kind: "remove", leafIndex: CAROL })
    expect(unfitOf(party)).toEqual([["remove", "leaf_changed_twice"]])
  })

  it("is not an Update with a key that is in the tree already", () => {
    const party = Party.of("stale", ["alice", "bob"], { policy })
    propose(party, "bob", { kind: "update" })
    const state = party.insidesOf("alice")
    const [item] = state.queue.values()
    if (item?.proposal.kind !== "update") throw new Error("not an update")
    const { encryptionKey } = state.epoch.tree.leaf(BOB)!
    const stale = { ...item, proposal: { ...item.proposal, leafNode: { ...item.proposal.leafNode, encryptionKey } } }
    expect(unfitOf(party, { state, queued: [stale] })).toEqual([["update", "update_key_not_fresh"]])
  })

  it("is not an Update with the key of somebody who is removed: it would be applied before the removal", () => {
    const party = Party.of("taken key", ["alice", "bob", "carol"], { policy })
    const update = updateOf(party, "bob", { encryptionKey: leafOf(party, "carol").encryptionKey })
    expect(unfitOf(party, { queued: queuedByBob(remove(CAROL), update) })).toEqual([["update", "update_key_not_fresh"]])
  })

  it("is an Update before an Add that takes over the key it gave up", () => {
    const party = Party.of("handed on", ["alice", "bob"], { policy })
    const update = updateOf(party, "bob", { signatureKey: party.keysOf("new").publicKey }, { signer: "new" })
    const { signatureKey } = leafOf(party, "bob")
    const add = addOf(party, "dave", { leaf: { signatureKey }, signer: "bob" })
    expect(unfitOf(party, { queued: queuedByBob(add) })).toEqual([["add", "duplicate_signature_key"]])
    expect(unfitOf(party, { queued: queuedByBob(add, update) })).toEqual([])
  })

  it("is an Add before an extension that the newcomer does not know", () => {
    const party = Party.of("newcomer first", ["alice", "bob"], { policy, capabilities: { extensions: [0xf00e] } })
    const extensions: Proposal = {
      kind: "group_context_extensions",
      extensions: [{ extensionType: 0xf00e, extensionData: NO_DATA }],
    }
    const { capabilities } = leafOf(party, "bob")
    const leaf = { capabilities: { ...capabilities, extensions: [] } }
    const queued = queuedByBob(extensions, addOf(party, "dave", { leaf }))
    expect(unfitOf(party, { queued: queued.slice(0, 1) })).toEqual([])
    expect(unfitOf(party, { queued })).toEqual([["group_context_extensions", "extension_not_supported_by_all"]])
  })

  it("is not a PSK that nobody here knows, but the one that the group descends by", () => {
    const party = Party.of("psk", ["alice", "bob"], { policy })
    propose(party, "bob", { kind: "psk", psk: { kind: "external", pskId: Uint8Array.of(1) } })
    expect(unfitOf(party)).toEqual([["psk", "psk_missing"]])
    expect(unfitOf(party, { pskLookup: () => new Uint8Array(32) })).toEqual([])
    const [item] = party.insidesOf("alice").queue.values()
    if (item?.proposal.kind !== "psk") throw new Error("not a PSK")
    expect(unfitOf(party, { queued: [], own: [item.proposal], bond: item.proposal.id })).toEqual([])
  })

  it("is nothing of a type that nobody registered", () => {
    const party = Party.of("custom", ["alice", "bob"], { policy })
    propose(party, "bob", { kind: "update" })
    const [item] = party.insidesOf("alice").queue.values()
    const custom = { ...item!, proposal: { kind: "custom", type: 0xf123, body: NO_DATA } as const }
    expect(unfitOf(party, { queued: [custom] })).toEqual([["custom", "proposal_unsupported"]])
  })
})
