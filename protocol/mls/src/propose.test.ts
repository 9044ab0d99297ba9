import { toHex, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { Group } from "./group.ts"
import type { ProposalToSend } from "./propose.ts"
import { outcomeOf, Party } from "./testing/party.ts"

const NO_DATA = new Uint8Array(0)
const policy = { proposals: true }

/** Sends a proposal, which everybody else takes in. */
function proposeToAll(
  party: Party,
  by: string,
  wanted: ProposalToSend,
  wireFormat: "private" | "public" = "private",
): void {
  const { random, nowMs } = party
  const proposed = party
    .group(by)
    .propose(wanted, { authenticatedData: NO_DATA, random, nowMs: party.nowMs, wireFormat })
  if (proposed.kind === "refused") throw new Error(proposed.reason)
  for (const name of party.names) {
    if (name === by) continue
    const received = party.group(name).receive(proposed.message, nowMs)
    if (received.kind !== "proposal") throw new Error(outcomeOf(received))
    expect(received.reference).toEqual(proposed.reference)
  }
}

const authenticators = (party: Party): Set<string> =>
  new Set(party.names.map((name) => toHex(party.group(name).epochAuthenticator())))

describe("proposals by reference", () => {
  it.each(["private", "public"] as const)(
    "take effect with the commit of another, sent as %s messages",
    (wireFormat) => {
      const party = Party.of("by reference", ["alice", "bob", "carol", "dave"], { policy })
      const erin = party.keyPackage("erin")
      proposeToAll(party, "bob", { kind: "add", keyPackage: erin.keyPackage }, wireFormat)
      proposeToAll(party, "bob", { kind: "remove", leafIndex: 3 }, wireFormat)
      proposeToAll(party, "carol", { kind: "update" }, wireFormat)
      party.restart("alice")
      party.restart("carol")
      const { staged, welcome } = party.commit("alice")
      expect(staged.report).toMatchObject({ removed: [{ leafIndex: 3 }], added: [{ leafIndex: 3 }] })
      expect(staged.report.updated.map(({ leafIndex }) => leafIndex)).toEqual([2, 0])
      party.join("erin", { welcome: welcome ?? NO_DATA, bundles: [erin] })
      expect(authenticators(party).size).toBe(1)
      expect(party.hear("erin", party.say("carol", "with new keys"))).toBe("with new keys")
    },
  )

  it("let the one who updated use its new key from then on", () => {
    const party = Party.of("update", ["alice", "bob", "carol"], { policy })
    proposeToAll(party, "carol", { kind: "update" })
    party.commit("alice")
    party.commit("bob")
    party.commit("carol")
    expect(authenticators(party).size).toBe(1)
  })

  it("hold back texts until they are committed, and go with the epoch", () => {
    const party = Party.of("held back", ["alice", "bob"], { policy })
    proposeToAll(party, "bob", { kind: "update" })
    expect(() => party.say("alice", "too early")).toThrow(TypeError)
    party.commit("alice")
    expect(party.group("bob").pendingProposalCount).toBe(0)
    expect(party.hear("bob", party.say("alice", "now"))).toBe("now")
  })

  it("can be dropped, after which a commit of them is not understood", () => {
    const party = Party.of("dropped", ["alice", "bob"], { policy })
    proposeToAll(party, "bob", { kind: "update" })
    party.group("bob").dropProposals()
    expect(party.hear("bob", party.stage("alice").commit)).toBe("unknown_proposal")
  })

  it("are picked so that the commit is valid: removes before updates, the last update, nothing of the committer's own", () => {
    const party = Party.of("picked", ["alice", "bob", "carol"], { policy })
    proposeToAll(party, "alice", { kind: "update" })
    proposeToAll(party, "bob", { kind: "update" })
    proposeToAll(party, "bob", { kind: "update" })
    proposeToAll(party, "bob", { kind: "remove", leafIndex: 2 })
    proposeToAll(party, "bob", { kind: "remove", leafIndex: 0 })
    proposeToAll(party, "carol", { kind: "update" })
    proposeToAll(party, "carol", { kind: "remove", leafIndex: 2 })
    const { staged } = party.commit("alice")
    expect(staged.report.removed.map(({ leafIndex }) => leafIndex)).toEqual([2])
    expect(staged.report.updated.map(({ leafIndex }) => leafIndex)).toEqual([1, 0])
    expect(authenticators(party).size).toBe(1)
  })

  it("are left out of a commit and reported where they are invalid or in conflict; the rest takes effect", () => {
    const party = Party.of("unfit", ["alice", "bob", "carol", "dave"], { policy })
    const expired = party.keyPackage("erin", { lifetimeMs: 0 }).keyPackage
    proposeToAll(party, "bob", { kind: "add", keyPackage: party.keyPackage("carol").keyPackage })
    proposeToAll(party, "bob", { kind: "add", keyPackage: expired })
    proposeToAll(party, "bob", { kind: "psk", psk: { kind: "external", pskId: Uint8Array.of(1) } })
    proposeToAll(party, "bob", { kind: "extensions", extensions: [{ extensionType: 0xf00f, extensionData: NO_DATA }] })
    proposeToAll(party, "bob", { kind: "add", keyPackage: party.keyPackage("frank").keyPackage })
    proposeToAll(party, "carol", { kind: "add", keyPackage: party.keyPackage("frank").keyPackage })
    proposeToAll(party, "carol", { kind: "update" })
    proposeToAll(party, "carol", { kind: "remove", leafIndex: 3 })
    proposeToAll(party, "carol", { kind: "remove", leafIndex: 0 })
    proposeToAll(party, "alice", { kind: "update" })
    const { staged, leftOut } = party.commit("alice", { nowMs: party.nowMs + 1000 })
    expect(leftOut.map(({ proposal, reason }) => [proposal.kind, reason])).toEqual([
      ["add", "duplicate_signature_key"],
      ["add", "leaf_lifetime_expired"],
      ["psk", "psk_missing"],
      ["group_context_extensions", "extension_not_supported_by_all"],
      ["add", "duplicate_signature_key"],
      ["remove", "remove_of_committer"],
      ["update", "update_by_committer"],
    ])
    expect(staged.report).toMatchObject({ removed: [{ leafIndex: 3 }], added: [{ leafIndex: 3 }] })
    expect(staged.report.updated.map(({ leafIndex }) => leafIndex)).toEqual([2, 0])
    expect(authenticators(party).size).toBe(1)
  })

  it("give way to what the commit does by value, which is refused only for its own sake", () => {
    const party = Party.of("own first", ["alice", "bob", "carol"], { policy })
    const { random, nowMs } = party
    proposeToAll(party, "bob", { kind: "add", keyPackage: party.keyPackage("dave").keyPackage })
    const options = { authenticatedData: NO_DATA, random, nowMs }
    const refused = party.group("alice").stageCommit({ ...options, adds: [party.keyPackage("bob").keyPackage] })
    expect(refused).toEqual({ kind: "refused", reason: "duplicate_signature_key" })
    const { leftOut } = party.commit("alice", { adds: [party.keyPackage("dave").keyPackage] })
    expect(leftOut).toMatchObject([{ reason: "duplicate_signature_key", sender: { kind: "member", leafIndex: 1 } }])
    expect(authenticators(party).size).toBe(1)
  })

  it("are covered as far as a commit may hold them", () => {
    const party = Party.of("many", ["alice", "bob"], { policy, limits: { committedProposals: 2 } })
    for (const name of ["carol", "dave", "erin"]) {
      proposeToAll(party, "bob", { kind: "add", keyPackage: party.keyPackage(name).keyPackage })
    }
    const { staged, leftOut } = party.commit("alice")
    expect(staged.report.added.length).toBe(2)
    expect(leftOut.map(({ reason }) => reason)).toEqual(["too_many_committed_proposals"])
  })

  it("are left out where a commit is told to", () => {
    const party = Party.of("left out", ["alice", "bob", "carol"], { policy })
    proposeToAll(party, "bob", { kind: "remove", leafIndex: 2 })
    expect(party.commit("alice", { includeQueuedProposals: false }).staged.report.removed).toEqual([])
  })

  it("are left out one by one where a commit picks", () => {
    const party = Party.of("picked", ["alice", "bob", "carol", "dave"], { policy })
    proposeToAll(party, "bob", { kind: "remove", leafIndex: 2 })
    proposeToAll(party, "bob", { kind: "remove", leafIndex: 3 })
    const { staged, leftOut } = party.commit("alice", {
      includeQueuedProposals: ({ proposal }) => proposal.kind === "remove" && proposal.removed === 3,
    })
    expect(staged.report.removed).toMatchObject([{ leafIndex: 3 }])
    expect(leftOut).toMatchObject([{ proposal: { removed: 2 } }])
    expect(authenticators(party).size).toBe(1)
  })

  it("are kept only where the receiver accepts them, and can still be accepted later", () => {
    const party = Party.of("picky", ["alice", "bob", "carol"], { policy })
    const { random, nowMs } = party
    const proposed = party.group("bob").propose({ kind: "update" }, { authenticatedData: NO_DATA, random, nowMs })
    if (proposed.kind === "refused") throw new Error(proposed.reason)
    const alice = party.group("alice")
    const before = toHex(alice.toBytes())
    const refused = alice.receive(proposed.message, nowMs, {
      acceptsProposal: ({ proposal, sender }) => proposal.kind !== "update" && sender.kind === "member",
    })
    expect(refused).toEqual({ kind: "rejected", reason: "not_allowed" })
    expect(toHex(alice.toBytes())).toBe(before)
    expect(party.hear("alice", proposed.message)).toBe("proposal")
  })

  it("show in a commit who asked for their own removal", () => {
    const party = Party.of("asked", ["alice", "bob", "carol", "dave"], { policy })
    proposeToAll(party, "bob", { kind: "remove", leafIndex: 1 })
    proposeToAll(party, "bob", { kind: "remove", leafIndex: 2 })
    const { commit } = party.stage("alice")
    const received = party.group("dave").receive(commit, party.nowMs)
    expect(received).toMatchObject({ kind: "commit", selfRemovals: [1] })
    expect(party.group("bob").receive(commit, party.nowMs)).toMatchObject({ selfRemovals: [1] })
  })

  it("do not make a removal by value into one of their own", () => {
    const party = Party.of("by value", ["alice", "bob", "carol"], { policy })
    proposeToAll(party, "bob", { kind: "remove", leafIndex: 1 })
    const { commit } = party.stage("alice", { removes: [1] })
    expect(party.group("carol").receive(commit, party.nowMs)).toMatchObject({ kind: "commit", selfRemovals: [] })
  })

  it("are taken once, up to a limit, and only where the policy allows them", () => {
    const party = Party.of("bounded", ["alice", "bob"], { policy, limits: { queuedProposals: 1 } })
    const { random, nowMs } = party
    const options = { authenticatedData: NO_DATA, random, nowMs, wireFormat: "public" } as const
    const proposed = party.group("bob").propose({ kind: "update" }, options)
    if (proposed.kind === "refused") throw new Error(proposed.reason)
    expect(party.group("bob").propose({ kind: "update" }, options)).toEqual({
      kind: "refused",
      reason: "too_many_proposals",
    })
    party.group("bob").dropProposals()
    const another = party.group("bob").propose({ kind: "update" }, options)
    if (another.kind === "refused") throw new Error(another.reason)
    expect([proposed, proposed, another].map(({ message }) => party.hear("alice", message))).toEqual([
      "proposal",
      "proposal_known",
      "too_many_proposals",
    ])

    const strict = Party.of("strict", ["alice", "bob"])
    const unwanted = strict
      .group("bob")
      .propose({ kind: "update" }, { authenticatedData: NO_DATA, random: strict.random, nowMs: strict.nowMs })
    if (unwanted.kind === "refused") throw new Error(unwanted.reason)
    expect(strict.hear("alice", unwanted.message)).toBe("not_allowed")
    expect(() => strict.say("alice", "not held back")).not.toThrow()
  })

  it("are refused before they are made where they could not be meant", () => {
    const party = Party.of("nonsense", ["alice", "bob"], { policy })
    const options = { authenticatedData: NO_DATA, random: party.random, nowMs: party.nowMs }
    const alice = party.group("alice")
    expect(alice.propose({ kind: "remove", leafIndex: 7 }, options)).toMatchObject({ reason: "remove_of_blank_leaf" })
    expect(alice.propose({ kind: "add", keyPackage: Uint8Array.of(1) }, options)).toMatchObject({
      reason: "key_package_malformed",
    })
    const { keyPackage } = party.keyPackage("carol")
    const weekLater = { ...options, nowMs: party.nowMs + 7 * 86_400_000 }
    expect(alice.propose({ kind: "add", keyPackage }, weekLater)).toMatchObject({ reason: "leaf_lifetime_expired" })
    expect(alice.pendingProposalCount).toBe(0)
  })
})

describe("a proposal to start anew", () => {
  it("ends the group for everybody once it is committed, and tells with what to go on", () => {
    const party = Party.of("reinit", ["alice", "bob"], { policy })
    const reinit = { kind: "reinit", groupId: toUtf8("next"), version: 1, cipherSuite: 1, extensions: [] } as const
    proposeToAll(party, "bob", reinit)
    const { staged } = party.commit("alice")
    expect(staged.report.reinit).toEqual(reinit)
    expect(party.names.map((name) => party.group(name).phase)).toEqual(["replaced", "replaced"])
    expect(() => party.say("alice", "too late")).toThrow(TypeError)
    expect(party.restart("bob").phase).toBe("replaced")
  })
})

describe("pre-shared keys", () => {
  const secrets = new Map([
    ["0a", toUtf8("first secret")],
    ["0b", toUtf8("second secret")],
  ])
  const lookup = (id: { readonly kind: string; readonly pskId?: Uint8Array }): Uint8Array | undefined =>
    secrets.get(toHex(id.pskId ?? NO_DATA))
  const psks = [
    { kind: "external", pskId: Uint8Array.of(0x0a) },
    { kind: "external", pskId: Uint8Array.of(0x0b) },
  ] as const

  it("bring members who have them into the same epoch, newcomers too", () => {
    const party = Party.of("psks", ["alice", "bob"])
    const carol = party.keyPackage("carol")
    const outcome = party.stage("alice", { psks, pskLookup: lookup, adds: [carol.keyPackage] })
    const bob = party.group("bob")
    expect(bob.receive(outcome.commit, party.nowMs)).toEqual({ kind: "rejected", reason: "psk_missing" })
    const received = bob.receive(outcome.commit, party.nowMs, { psks: lookup })
    if (received.kind !== "commit") throw new Error(received.kind)
    bob.merge(received.staged)
    party.group("alice").merge(outcome.staged)
    const { suite } = party
    const welcome = {
      suite,
      welcome: outcome.welcome ?? NO_DATA,
      bundles: [carol],
      signatureKeys: party.keysOf("carol"),
    }
    expect(Group.join(welcome)).toEqual({ kind: "rejected", reason: "psk_missing" })
    party.join("carol", { ...welcome, psks: lookup })
    expect(authenticators(party).size).toBe(1)
  })

  it("keep out a member who has another secret under the same name", () => {
    const party = Party.of("wrong psk", ["alice", "bob"])
    const { commit } = party.stage("alice", { psks, pskLookup: lookup })
    const received = party.group("bob").receive(commit, party.nowMs, { psks: () => toUtf8("guess") })
    expect(outcomeOf(received)).toBe("bad_confirmation_tag")
  })

  it("of this group's own epochs are found by whoever was there", () => {
    const party = Party.of("resumption", ["alice", "bob"], { limits: { resumptionPsks: 2 } })
    const epochs = [1n, 2n, 3n, 4n]
    for (const _ of epochs.slice(1)) party.commit("alice")
    party.restart("bob")
    const outcomes = epochs.map((epoch) => {
      const { random, nowMs, groupId } = party
      const resumption = [{ kind: "resumption", groupId, epoch } as const]
      const options = { psks: resumption, authenticatedData: NO_DATA, random, nowMs }
      const outcome = party.group("alice").stageCommit(options)
      if (outcome.kind === "refused") return outcome.reason
      party.group("alice").clear(outcome.staged)
      return party.hear("bob", outcome.commit)
    })
    expect(outcomes).toEqual(["psk_missing", "commit", "commit", "commit"])
  })
})
