import type { CipherSuite } from "@qpc/crypto"
import { suite0001 } from "@qpc/crypto/node"
import { beforeAll, describe, expect, it } from "vitest"
import { applyCommit } from "./apply-commit.ts"
import type { VerifiedContent } from "./authenticated-content.ts"
import { EXTENSION_TYPES } from "./extension.ts"
import { Group } from "./group.ts"
import { decodeKeyPackage } from "./key-package.ts"
import { limitsWith } from "./limits.ts"
import { decodeMlsMessage } from "./mls-message.ts"
import type { Proposal } from "./proposal.ts"
import { addOf, commitOf, pathOf, publicIn } from "./testing/insider.ts"
import { externalCommit } from "./testing/external-commit.ts"
import { Party } from "./testing/party.ts"
import { watchSecrets } from "./testing/watched-suite.ts"
import type { UpdatePath } from "./update-path.ts"

const NO_DATA = new Uint8Array(0)

const psk = (nonceBytes: number): Proposal => ({
  kind: "psk",
  id: { kind: "external", pskId: Uint8Array.of(1), pskNonce: new Uint8Array(nonceBytes) },
})
const extensions: Proposal = { kind: "group_context_extensions", extensions: [] }
const reinit: Proposal = { kind: "reinit", groupId: Uint8Array.of(1), version: 1, cipherSuite: 1, extensions: [] }
const remove = (removed: number): Proposal => ({ kind: "remove", removed })
const withExtension = (extensionType: number, extensionData = NO_DATA): Proposal => ({
  kind: "group_context_extensions",
  extensions: [{ extensionType, extensionData }],
})
const resumption = (usage: "reinit" | "branch"): Proposal => ({
  kind: "psk",
  id: { kind: "resumption", usage, pskGroupId: Uint8Array.of(1), pskEpoch: 0n, pskNonce: new Uint8Array(32) },
})

describe("a commit is refused", () => {
  let party: Party
  beforeAll(() => {
    party = Party.of("refused commits", ["alice", "bob", "carol"])
  })
  const verdict = (proposals: readonly (Proposal | Uint8Array)[], path: UpdatePath | undefined): string =>
    party.hear("bob", commitOf(party, proposals, path))

  it.each<[string, () => Proposal[]]>([
    ["an empty one", () => []],
    ["one that removes", () => [remove(2)]],
    ["one that changes the extensions", () => [extensions]],
    ["one that adds and removes", () => [addOf(party, "dave"), remove(2)]],
  ])("without a path where one is required: %s", (_, proposals) => {
    expect(verdict(proposals(), undefined)).toBe("path_missing")
  })

  it.each([
    ["unknown_proposal", [new Uint8Array(32)]],
    ["remove_of_committer", [remove(0)]],
    ["remove_of_blank_leaf", [remove(3)]],
    ["remove_of_blank_leaf", [remove(0xffff_ffff)]],
    ["leaf_changed_twice", [remove(2), remove(2)]],
    ["psk_nonce_length", [psk(31)]],
    ["psk_repeated", [psk(32), psk(32)]],
    ["psk_usage_forbidden", [resumption("reinit")]],
    ["psk_usage_forbidden", [resumption("branch")]],
    ["psk_missing", [psk(32)]],
    ["extensions_changed_twice", [extensions, extensions]],
    ["reinit_not_alone", [reinit, psk(32)]],
    ["reinit_not_alone", [reinit, reinit]],
    ["reinit_version", [{ ...reinit, version: 0 }]],
    ["external_init_forbidden", [{ kind: "external_init", kemOutput: new Uint8Array(32) }]],
    ["proposal_unsupported", [{ kind: "custom", type: 0x0a0a, body: NO_DATA }]],
    ["extension_not_supported_by_all", [withExtension(0xf00f)]],
    ["external_senders_malformed", [withExtension(EXTENSION_TYPES.externalSenders, Uint8Array.of(9))]],
    ["required_capabilities_malformed", [withExtension(EXTENSION_TYPES.requiredCapabilities, Uint8Array.of(9))]],
  ] as [string, (Proposal | Uint8Array)[]][])("as %s", (reason, proposals) => {
    expect(verdict(proposals, pathOf(party))).toBe(reason)
  })

  it("when the committer updates itself by a proposal", () => {
    const leafNode = party.insidesOf("alice").epoch.tree.leaf(0)
    if (leafNode === undefined) throw new Error("no leaf")
    expect(verdict([{ kind: "update", leafNode }], pathOf(party))).toBe("update_by_committer")
  })

  it("when it adds somebody twice, or who is there already", () => {
    expect(verdict([addOf(party, "dave"), addOf(party, "dave")], undefined)).toBe("duplicate_signature_key")
    expect(verdict([addOf(party, "carol")], undefined)).toBe("duplicate_signature_key")
  })

  it("when it adds a key package of another suite, or one whose signature is not right", () => {
    const message = decodeMlsMessage(party.keyPackage("dave").keyPackage)
    if (message.kind !== "key_package") throw new Error(message.kind)
    const { encoded } = message.message
    const otherSuite = decodeKeyPackage(encoded.with(3, 2))
    const lastByte = encoded.length - 1
    const forged = decodeKeyPackage(encoded.with(lastByte, (encoded[lastByte] ?? 0) ^ 1))
    expect(verdict([{ kind: "add", keyPackage: otherSuite }], undefined)).toBe("key_package_cipher_suite")
    expect(verdict([{ kind: "add", keyPackage: forged }], undefined)).toBe("key_package_signature_invalid")
  })

  it("when its path keeps the keys that the tree has", () => {
    const { epoch } = party.insidesOf("alice")
    const path = pathOf(party)
    const [first, ...rest] = path.nodes
    const known = epoch.tree.leaf(2)?.encryptionKey
    if (first === undefined || known === undefined) throw new Error("no path")
    const repeated = { ...path, nodes: [{ ...first, encryptionKey: known }, ...rest] }
    expect(verdict([], repeated)).toBe("path_key_repeated")
  })

  it("when its path is that of another place or epoch", () => {
    const path = pathOf(party)
    expect(verdict([remove(2)], path)).toMatch(/^path_/)
    expect(verdict([], { ...path, nodes: path.nodes.slice(1) })).toBe("path_length_mismatch")
  })

  it("when its path comes with a leaf that another signed", () => {
    const other = Party.of("another group", ["alice", "bob", "carol"])
    expect(verdict([], pathOf(other))).toBe("leaf_signature_invalid")
  })

  it("in the last epoch that has a number", () => {
    const state = party.insidesOf("bob")
    const { staged, commit } = party.stage("alice", { wireFormat: "public" })
    party.group("alice").clear(staged)
    const { content, auth } = publicIn(commit)
    const verified = { wireFormat: "public_message", content, auth } as VerifiedContent
    const options = { nowMs: party.nowMs, psks: undefined }
    const epoch = { ...state.epoch, context: { ...state.epoch.context, epoch: 0xffff_ffff_ffff_ffffn } }
    expect(applyCommit({ ...state, epoch }, verified, options)).toBe("epoch_exhausted")
    expect(applyCommit(state, verified, options)).toMatchObject({ committer: 0 })
  })

  it("when a newcomer comes to a group that is full for us", () => {
    const crowd = new Party("full", { policy: { externalCommits: true } })
    crowd.create("alice")
    const bundle = crowd.keyPackage("bob")
    const { welcome } = crowd.commit("alice", { adds: [bundle.keyPackage] })
    crowd.join("bob", { welcome: welcome!, bundles: [bundle], limits: { members: 2 } })
    expect(crowd.hear("bob", externalCommit(crowd, "carol").commit)).toBe("group_full")
  })

  it("without having changed anything: the next honest one is followed", () => {
    const before = party.group("bob").toBytes()
    for (let at = 0; at < 3; at++) verdict([remove(0)], pathOf(party))
    expect(party.group("bob").toBytes()).toEqual(before)
    const epoch = party.group("bob").epoch
    party.commit("alice")
    expect(party.group("bob").epoch).toBe(epoch + 1n)
  })
})

describe("a commit is followed", () => {
  it("with as many proposals as the limit allows", () => {
    const party = Party.of("as many", ["alice", "bob", "carol"], { limits: { committedProposals: 2 } })
    const { commit } = party.stage("alice", { adds: [party.keyPackage("dave").keyPackage], removes: [2] })
    expect(party.hear("bob", commit)).toBe("commit")
  })

  it("that a newcomer made, in which nobody asks to be removed", () => {
    const party = Party.of("nobody leaves", ["alice", "bob"], { policy: { externalCommits: true } })
    const received = party.group("bob").receive(externalCommit(party, "carol").commit, party.nowMs)
    expect(received).toMatchObject({ kind: "commit", senderLeafIndex: 2, selfRemovals: [] })
  })
})

describe("a commit of several Updates", () => {
  it("gives each member its own new key", () => {
    const party = Party.of("several updates", ["alice", "bob", "carol"], { policy: { proposals: true } })
    const { random, nowMs } = party
    const updates = ["bob", "carol"].map((name) => {
      const proposed = party.group(name).propose({ kind: "update" }, { authenticatedData: NO_DATA, random, nowMs })
      if (proposed.kind === "refused") throw new Error(proposed.reason)
      return { name, message: proposed.message }
    })
    for (const { name, message } of updates) {
      for (const other of party.names.filter((each) => each !== name)) party.hear(other, message)
    }
    for (let commits = 0; commits < 2; commits++) party.commit("alice", { forcePath: true })
    const authenticators = party.names.map((name) => party.group(name).epochAuthenticator())
    expect(authenticators).toEqual([authenticators[0], authenticators[0], authenticators[0]])
  })
})

/** A group of three with keys above their leaves. */
function partyWith(seed: string, suite: CipherSuite): Party {
  const party = new Party(seed, { policy: { externalCommits: true } }, suite)
  party.create("alice")
  party.add("alice", ["bob", "carol"], { forcePath: true })
  return party
}

describe("what following a commit derives", () => {
  it.each<[string, (party: Party) => Uint8Array]>([
    ["a member's", (party) => party.stage("alice", { removes: [2], wireFormat: "public" }).commit],
    ["a newcomer's", (party) => externalCommit(party, "dave").commit],
  ])("is zeroed when it is cleared: %s", (_, make) => {
    const { suite, secretsLeft } = watchSecrets(suite0001)
    const party = partyWith("cleared", suite)
    const bob = party.group("bob")
    const commit = make(party)
    const before = secretsLeft()
    const received = bob.receive(commit, party.nowMs)
    if (received.kind !== "commit") throw new Error(received.kind)
    expect(secretsLeft().length).toBeGreaterThan(before.length)
    bob.clear(received.staged)
    expect(secretsLeft()).toEqual(before)
    expect(party.hear("bob", commit)).toBe("commit")
  })

  it("is zeroed, but for the new key of our own leaf, which an Update of ours brought and another attempt needs", () => {
    const party = Party.of("own update", ["alice", "bob"], { policy: { proposals: true } })
    const { random, nowMs } = party
    const bob = party.group("bob")
    const proposed = bob.propose({ kind: "update" }, { authenticatedData: NO_DATA, random, nowMs })
    if (proposed.kind === "refused") throw new Error(proposed.reason)
    party.hear("alice", proposed.message)
    const { commit, staged } = party.stage("alice")
    const received = bob.receive(commit, nowMs)
    if (received.kind !== "commit") throw new Error(received.kind)
    bob.clear(received.staged)
    party.follow("bob", commit)
    party.group("alice").merge(staged)
    party.commit("alice")
    expect(bob.epochAuthenticator()).toEqual(party.group("alice").epochAuthenticator())
  })

  it("is zeroed when its confirmation tag is not right", () => {
    const { suite, secretsLeft } = watchSecrets(suite0001)
    const party = partyWith("not confirmed", suite)
    const commit = commitOf(party, [], pathOf(party), { wireFormat: "public_message" })
    const before = secretsLeft()
    expect(party.hear("bob", commit)).toBe("bad_confirmation_tag")
    expect(secretsLeft()).toEqual(before)
  })

  it("is zeroed when its path was sealed for another epoch, and so are the copies of our keys", () => {
    const { suite, secretsLeft } = watchSecrets(suite0001)
    const used: Uint8Array[] = []
    const hpkeOpen: CipherSuite["hpkeOpen"] = (privateKey, ...sealed) => {
      used.push(privateKey)
      return suite.hpkeOpen(privateKey, ...sealed)
    }
    const party = partyWith("another epoch", { ...suite, hpkeOpen })
    const path = pathOf(party, "alice", { groupContext: () => NO_DATA })
    const commit = commitOf(party, [], path, { wireFormat: "public_message" })
    const before = secretsLeft()
    used.length = 0
    expect(party.hear("bob", commit)).toBe("path_secret_not_decrypted")
    expect(secretsLeft()).toEqual(before)
    expect(used.map((key) => key.every((byte) => byte === 0))).toEqual([true])
    expect(party.hear("bob", party.stage("alice").commit)).toBe("commit")
  })
})

describe("lifetimes of added key packages", () => {
  const YEAR_MS = 365 * 86_400_000

  it("are judged by the committer", () => {
    const party = Party.of("lifetime", ["alice", "bob"])
    const { keyPackage } = party.keyPackage("carol")
    const options = { adds: [keyPackage], authenticatedData: NO_DATA, random: party.random }
    const outcome = party.group("alice").stageCommit({ ...options, nowMs: party.nowMs + YEAR_MS })
    expect(outcome).toEqual({ kind: "refused", reason: "leaf_lifetime_expired" })
  })

  it("do not lock out a member who was away, unless asked for", () => {
    for (const checkLifetimes of [false, true]) {
      const party = Party.of("away", ["alice", "bob"], { policy: { checkLifetimes } })
      const { commit } = party.stage("alice", { adds: [party.keyPackage("carol").keyPackage] })
      const received = party.group("bob").receive(commit, party.nowMs + YEAR_MS)
      expect(received.kind).toBe(checkLifetimes ? "rejected" : "commit")
    }
  })
})

describe("the longest lifetime that a leaf may have", () => {
  const lifetimeMs = 400 * 86_400_000

  it("holds for our own invitations, and for what others add", () => {
    const party = Party.of("too long", ["alice", "bob"])
    const { random, nowMs } = party
    const { keyPackage, decoded } = party.keyPackage("carol", { lifetimeMs })
    const options = { adds: [keyPackage], authenticatedData: NO_DATA, random, nowMs }
    const refused = { kind: "refused", reason: "leaf_lifetime_too_long" }
    expect(party.group("alice").stageCommit(options)).toEqual(refused)
    const commit = commitOf(party, [{ kind: "add", keyPackage: decoded }], undefined)
    expect(party.hear("bob", commit)).toBe("leaf_lifetime_too_long")
  })

  it("holds for the members of a group that we join, whenever their lifetimes end", () => {
    const limits = { leafLifetimeMs: Infinity }
    const party = Party.of("long-lived members", ["alice"], { limits })
    const bundles = ["bob", "carol"].map((name) => party.keyPackage(name, { lifetimeMs }))
    const { welcome = NO_DATA } = party.commit("alice", { adds: bundles.map(({ keyPackage }) => keyPackage) })
    const about = { suite: party.suite, welcome, bundles, signatureKeys: party.keysOf("bob") }
    expect(Group.join(about)).toEqual({ kind: "rejected", reason: "leaf_lifetime_too_long" })
    expect(Group.join({ ...about, limits }).kind).toBe("joined")
  })

  it("is a limit like the others: not negative, not a fraction, but none if it is infinite", () => {
    for (const leafLifetimeMs of [-1, 1.5, Number.NaN]) expect(() => limitsWith({ leafLifetimeMs })).toThrow(RangeError)
    expect(limitsWith({ leafLifetimeMs: Infinity }).leafLifetimeMs).toBe(Infinity)
    expect(() => limitsWith({ pastEpochs: Infinity })).toThrow(RangeError)
  })
})

describe("making a commit", () => {
  it.each([
    ["key_package_malformed", { adds: [Uint8Array.of(1)] }],
    ["remove_of_committer", { removes: [0] }],
    ["remove_of_blank_leaf", { removes: [9] }],
    ["psk_missing", { psks: [{ kind: "external", pskId: Uint8Array.of(1) }] }],
    ["extension_not_supported_by_all", { extensions: [{ extensionType: 0xf00f, extensionData: NO_DATA }] }],
  ] as const)("is refused as %s, and uses up no key", (reason, options) => {
    const party = Party.of("refusals", ["alice", "bob"])
    const before = party.group("alice").toBytes()
    const { random, nowMs } = party
    const outcome = party.group("alice").stageCommit({ authenticatedData: NO_DATA, random, nowMs, ...options })
    expect(outcome).toEqual({ kind: "refused", reason })
    expect(party.group("alice").toBytes()).toEqual(before)
  })

  it("is refused above the limit of members", () => {
    const party = Party.of("full", ["alice", "bob"], { limits: { members: 2 } })
    const { random, nowMs } = party
    const adds = [party.keyPackage("carol").keyPackage]
    const outcome = party.group("alice").stageCommit({ authenticatedData: NO_DATA, random, nowMs, adds })
    expect(outcome).toEqual({ kind: "refused", reason: "group_full" })
  })
})
