import { suite0001 } from "@qpc/crypto/node"
import { encode, toHex, toUtf8 } from "@qpc/wire"
import type { Random } from "@qpc/wire"
import { beforeAll, describe, expect, it } from "vitest"
import { signContent } from "./authenticated-content.ts"
import { EXTENSION_TYPES } from "./extension.ts"
import type { Extension } from "./extension.ts"
import { frameContent } from "./framed-content.ts"
import { makeGroupContext } from "./group-context.ts"
import { signGroupInfo } from "./group-info.ts"
import type { GroupInfo } from "./group-info.ts"
import type { JoinExternallyOptions } from "./group-options.ts"
import { Group } from "./group.ts"
import { externalPublicKey } from "./key-schedule.ts"
import { decodeMlsMessage, encodeMlsMessage } from "./mls-message.ts"
import type { Proposal } from "./proposal.ts"
import type { PskLookup } from "./psk.ts"
import { externalCommit } from "./testing/external-commit.ts"
import { outcomeOf, Party } from "./testing/party.ts"
import { watchSecrets } from "./testing/watched-suite.ts"
import { encodeRatchetTree } from "./tree-codec.ts"

const NO_DATA = new Uint8Array(0)
const policy = { proposals: true, externalCommits: true }
const isNamed =
  (name: string) =>
  ({ credential }: { credential: { kind: string; identity?: Uint8Array } }): boolean =>
    credential.identity?.toString() === toUtf8(name).toString()

function joinOptions(party: Party, name: string): JoinExternallyOptions {
  const { suite, random } = party
  return {
    suite,
    groupInfo: party.group("alice").groupInfo({ externalPub: true }).groupInfo,
    credential: { kind: "basic", identity: toUtf8(name) },
    signatureKeys: party.keysOf(name),
    authenticatedData: NO_DATA,
    random,
    policy,
  }
}

function joinExternally(
  party: Party,
  name: string,
  changes: Partial<JoinExternallyOptions> = {},
): { readonly group: Group; readonly commit: Uint8Array } {
  const joined = Group.joinExternally({ ...joinOptions(party, name), ...changes })
  if (joined.kind === "rejected") throw new Error(joined.reason)
  return joined
}

const reasonOf = (party: Party, changes: Partial<JoinExternallyOptions>): string => {
  const joined = Group.joinExternally({ ...joinOptions(party, "carol"), ...changes })
  return joined.kind === "joined" ? joined.kind : joined.reason
}

describe("an external join", () => {
  it("leads to an epoch that everybody agrees on and speaks in", () => {
    const party = Party.of("external join", ["alice", "bob"], { policy })
    const { group: carol, commit } = joinExternally(party, "carol")
    party.follow("alice", commit)
    party.follow("bob", commit)
    expect(party.group("bob").epochAuthenticator()).toEqual(carol.epochAuthenticator())
    expect(carol.members().map(({ leafIndex }) => leafIndex)).toEqual([0, 1, 2])
    expect(outcomeOf(carol.receive(party.say("bob", "welcome"), party.nowMs))).toBe("welcome")
    const answer = carol.protect(toUtf8("thanks"), { authenticatedData: NO_DATA, random: party.random })
    expect([party.hear("alice", answer), party.hear("bob", answer)]).toEqual(["thanks", "thanks"])
  })

  it("can be followed by commits of old and new members, and survives a restart", () => {
    const party = Party.of("external join then commits", ["alice", "bob"], { policy })
    const { group, commit } = joinExternally(party, "carol")
    for (const name of party.names) party.follow(name, commit)
    const carol = Group.fromBytes(party.suite, group.toBytes(), { signatureKeys: party.keysOf("carol"), policy })
    const staged = carol.stageCommit({ authenticatedData: NO_DATA, random: party.random, nowMs: party.nowMs })
    if (staged.kind === "refused") throw new Error(staged.reason)
    carol.merge(staged.staged)
    for (const name of party.names) party.follow(name, staged.commit)
    expect(party.group("alice").epochAuthenticator()).toEqual(carol.epochAuthenticator())
  })

  it("takes the leftmost free leaf and a tree that comes beside the GroupInfo", () => {
    const party = Party.of("free leaf", ["alice", "bob", "dave"], { policy })
    party.commit("alice", { removes: [1] })
    const { groupInfo, ratchetTree } = party.group("alice").groupInfo({ externalPub: true, treeInside: false })
    expect(reasonOf(party, { groupInfo })).toBe("ratchet_tree_missing")
    const { group, commit } = joinExternally(party, "carol", { groupInfo, ratchetTree: ratchetTree ?? NO_DATA })
    party.follow("dave", commit)
    expect(group.ownLeafIndex).toBe(1)
    expect(party.group("dave").epochAuthenticator()).toEqual(group.epochAuthenticator())
  })

  it("injects PSKs that both sides have, and is refused where one is missing", () => {
    const party = Party.of("external psk", ["alice", "bob"], { policy })
    const psks = [{ kind: "external", pskId: toUtf8("shared") } as const]
    const secret = party.random(32)
    const pskLookup: PskLookup = (id) => (id.kind === "external" ? secret : undefined)
    expect(reasonOf(party, { psks })).toBe("psk_missing")
    const { group, commit } = joinExternally(party, "carol", { psks, pskLookup })
    expect(party.hear("bob", commit)).toBe("psk_missing")
    const received = party.group("bob").receive(commit, party.nowMs, { psks: pskLookup })
    if (received.kind !== "commit") throw new Error(outcomeOf(received))
    party.group("bob").merge(received.staged)
    expect(party.group("bob").epochAuthenticator()).toEqual(group.epochAuthenticator())
    const other = party.group("alice").receive(commit, party.nowMs, { psks: () => party.random(32) })
    expect(outcomeOf(other)).toBe("bad_confirmation_tag")
  })

  it("is judged by the application before it takes effect", () => {
    const party = Party.of("external judged", ["alice", "bob"], { policy })
    const { commit } = joinExternally(party, "mallory")
    const received = party.group("alice").receive(commit, party.nowMs)
    if (received.kind !== "commit") throw new Error(outcomeOf(received))
    expect(received.staged.report.added.filter(isNamed("mallory"))).toHaveLength(1)
    party.group("alice").clear(received.staged)
    expect(party.hear("bob", party.say("alice", "still here"))).toBe("still here")
  })

  it("is not let in by an outsider where the policy forbids it, and changes nothing", () => {
    const party = Party.of("external forbidden", ["alice", "bob"], { policy: { proposals: true } })
    const before = party.group("bob").toBytes()
    expect(party.hear("bob", joinExternally(party, "carol").commit)).toBe("not_allowed")
    expect(party.group("bob").toBytes()).toEqual(before)
  })

  it("is too late once another commit was chosen for the epoch", () => {
    const party = Party.of("external late", ["alice", "bob"], { policy })
    const { commit } = joinExternally(party, "carol")
    party.commit("bob")
    expect(party.hear("alice", commit)).toBe("epoch_passed")
  })

  it("is followed by nobody for whom the external key was another", () => {
    const party = Party.of("external wrong key", ["alice", "bob"], { policy })
    const foreign = Party.of("another group", ["alice", "bob"]).insidesOf("alice")
    const key = externalPublicKey(party.suite, foreign.epoch.secrets.externalSecret)
    const extension = {
      extensionType: EXTENSION_TYPES.externalPub,
      extensionData: encode((writer) => writer.vector(key)),
    }
    const { commit } = joinExternally(party, "carol", { groupInfo: forgedInfo(party, { extra: [extension] }) })
    expect(party.hear("bob", commit)).toBe("bad_confirmation_tag")
  })
})

/** A GroupInfo of alice's making, whatever it says. */
function forgedInfo(
  party: Party,
  { extra = [], content = {} }: { extra?: readonly Extension[]; content?: Partial<GroupInfo> },
): Uint8Array {
  const { suite, epoch, signaturePrivateKey } = party.insidesOf("alice")
  const tree = { extensionType: EXTENSION_TYPES.ratchetTree, extensionData: encodeRatchetTree(epoch.tree) }
  const message = signGroupInfo(suite, signaturePrivateKey, {
    groupContext: epoch.context,
    extensions: [tree, ...extra],
    confirmationTag: epoch.confirmationTag,
    signer: 0,
    ...content,
  })
  return encodeMlsMessage({ kind: "group_info", message })
}

/** What alice would say in the last epoch that there is. */
function lastInfo(party: Party): Uint8Array {
  const { context, secrets } = party.insidesOf("alice").epoch
  const key = externalPublicKey(party.suite, secrets.externalSecret)
  const extra = [externalPub(encode((writer) => writer.vector(key)))]
  const groupContext = makeGroupContext({ ...context, epoch: 2n ** 64n - 1n })
  return forgedInfo(party, { extra, content: { groupContext } })
}

const externalPub = (extensionData: Uint8Array): Extension => ({
  extensionType: EXTENSION_TYPES.externalPub,
  extensionData,
})

describe("an external join is not made", () => {
  let party: Party
  beforeAll(() => {
    party = Party.of("external refused", ["alice", "bob", "carol"], { policy })
  })

  it.each([
    ["malformed", () => ({ groupInfo: NO_DATA })],
    ["not_a_group_info", () => ({ groupInfo: party.keyPackage("carol").keyPackage })],
    ["external_pub_missing", () => ({ groupInfo: party.group("alice").groupInfo().groupInfo })],
    ["external_pub_malformed", () => ({ groupInfo: forgedInfo(party, { extra: [externalPub(Uint8Array.of(9))] }) })],
    [
      "external_pub_unusable",
      () => ({ groupInfo: forgedInfo(party, { extra: [externalPub(Uint8Array.of(32, ...new Uint8Array(32)))] }) }),
    ],
    ["epoch_exhausted", () => ({ groupInfo: lastInfo(party) })],
    ["unknown_signer", () => ({ groupInfo: forgedInfo(party, { content: { signer: 7 } }) })],
    ["bad_group_info_signature", () => ({ groupInfo: forgedInfo(party, { content: { signer: 1 } }) })],
    ["group_already_known", () => ({ isKnownGroup: () => true })],
    ["resync_leaf_missing", () => ({ replaces: () => false })],
    ["credential_not_successor", () => ({ replaces: isNamed("bob") })],
    // Without a Remove there would be two leaves with one key.
    ["duplicate_signature_key", () => ({})],
    ["ratchet_tree_malformed", () => ({ ratchetTree: Uint8Array.of(1) })],
    ["group_full", () => ({ signatureKeys: party.keysOf("dave"), limits: { members: 3 } })],
  ] as [string, () => Partial<JoinExternallyOptions>][])("with %s", (reason, changes) => {
    expect(reasonOf(party, changes())).toBe(reason)
  })

  it("with a mistake of the caller's, which is not taken for a malformed GroupInfo", () => {
    expect(() => reasonOf(party, { groupInfo: null as never })).toThrow(TypeError)
  })

  it("with signature keys that are not a pair", () => {
    const { publicKey } = party.keysOf("dave")
    const signatureKeys = { publicKey, privateKey: party.keysOf("erin").privateKey }
    expect(() => reasonOf(party, { signatureKeys })).toThrow(RangeError)
  })

  it("to a group whose extensions it does not support", () => {
    const demanding = Party.of("demanding", ["alice"], { policy, capabilities: { extensions: [0xf001] } })
    demanding.commit("alice", { extensions: [{ extensionType: 0xf001, extensionData: NO_DATA }] })
    expect(reasonOf(demanding, {})).toBe("extension_not_supported_by_all")
    expect(reasonOf(demanding, { capabilities: { extensions: [0xf001] } })).toBe("joined")
  })
})

/** Joins, and says what was derived or drawn and not zeroed. */
function joinWatched(party: Party, changes: Partial<JoinExternallyOptions>): { joined: string; left: string[] } {
  const { suite, secretsLeft } = watchSecrets(suite0001)
  const drawn: Uint8Array[] = []
  const random: Random = (lengthBytes) => {
    const bytes = party.random(lengthBytes)
    // The shorter ones choose GREASE, which everybody sees.
    if (lengthBytes >= suite.sizes.kemSeedBytes) drawn.push(bytes)
    return bytes
  }
  const joined = Group.joinExternally({ ...joinOptions(party, "dave"), suite, random, ...changes })
  const left = [...secretsLeft(), ...drawn.filter((bytes) => bytes.some((byte) => byte !== 0))].map(toHex)
  if (joined.kind === "rejected") return { joined: joined.reason, left }
  const state = toHex(joined.group.toBytes())
  return { joined: joined.kind, left: left.filter((secret) => !state.includes(secret)) }
}

describe("what an external join derives", () => {
  it("is zeroed but for what the member goes on with", () => {
    const party = Party.of("external derived", ["alice", "bob", "carol"], { policy })
    expect(joinWatched(party, {})).toEqual({ joined: "joined", left: [] })
  })

  it.each<[string, (party: Party) => Partial<JoinExternallyOptions>]>([
    ["group_full", () => ({ limits: { members: 3 } })],
    ["duplicate_signature_key", (party) => ({ signatureKeys: party.keysOf("carol") })],
    ["credential_not_successor", () => ({ replaces: isNamed("bob") })],
  ])("is all zeroed when nobody can be joined: %s", (reason, changes) => {
    const party = Party.of("external derived", ["alice", "bob", "carol"], { policy })
    expect(joinWatched(party, changes(party))).toEqual({ joined: reason, left: [] })
  })
})

describe("a resync", () => {
  it("replaces the old appearance of whoever lost its state", () => {
    const party = Party.of("resync", ["alice", "bob", "carol"], { policy })
    const { group, commit } = joinExternally(party, "carol", { replaces: isNamed("carol") })
    const received = party.group("bob").receive(commit, party.nowMs)
    if (received.kind !== "commit") throw new Error(outcomeOf(received))
    expect(received.staged.report).toMatchObject({ added: [{ leafIndex: 2 }], removed: [{ leafIndex: 2 }] })
    party.group("bob").merge(received.staged)
    expect(group.members()).toHaveLength(3)
    expect(party.group("bob").epochAuthenticator()).toEqual(group.epochAuthenticator())
  })

  it("ends the old appearance where it still lives", () => {
    const party = Party.of("resync of the living", ["alice", "bob", "carol"], { policy })
    const { commit } = joinExternally(party, "carol", { replaces: isNamed("carol") })
    party.follow("carol", commit)
    expect(party.group("carol").phase).toBe("removed")
  })

  it("is refused if it keeps the old leaf, removes somebody else, or more than one", () => {
    const party = Party.of("resync forged", ["alice", "bob", "carol"], { policy })
    const { commit } = joinExternally(party, "carol", { replaces: isNamed("carol") })
    const verdict = (...proposals: Proposal[]): string => party.hear("bob", resigned(party, commit, proposals))
    expect(party.hear("bob", externalCommit(party, "carol").commit)).toBe("duplicate_signature_key")
    const another = externalCommit(party, "carol", { more: [{ kind: "remove", removed: 0 }] })
    expect(party.hear("bob", another.commit)).toBe("credential_not_successor")
    expect(verdict({ kind: "remove", removed: 2 }, { kind: "remove", removed: 0 })).toBe("external_commit_proposals")
    expect(verdict({ kind: "remove", removed: 9 })).toBe("remove_of_blank_leaf")
  })

  it("is refused with the encryption key of the old leaf", () => {
    const party = Party.of("resync old key", ["alice", "bob", "carol"], { policy })
    const { epoch } = party.insidesOf("bob")
    const old = epoch.tree.leaf(2)
    const message = decodeMlsMessage(joinExternally(party, "carol", { replaces: isNamed("carol") }).commit)
    if (message.kind !== "public_message" || message.message.content.body.kind !== "commit")
      throw new Error("no commit")
    const { path } = message.message.content.body.commit
    if (path === undefined || old === undefined) throw new Error("no path")
    const leafNode = { ...path.leafNode, encryptionKey: old.encryptionKey, encoded: old.encoded }
    const commit = resigned(party, encodeMlsMessage(message), [{ kind: "remove", removed: 2 }], { ...path, leafNode })
    // The old leaf itself: its source tells already.
    expect(party.hear("bob", commit)).toBe("update_key_not_fresh")
  })
})

/** An external commit of carol's with other proposals beside its ExternalInit, and perhaps another path. */
function resigned(party: Party, commit: Uint8Array, more: readonly Proposal[], path?: object): Uint8Array {
  const { suite, epoch } = party.insidesOf("bob")
  const message = decodeMlsMessage(commit)
  if (message.kind !== "public_message") throw new Error(message.kind)
  const { content, auth } = message.message
  if (content.body.kind !== "commit") throw new Error(content.body.kind)
  const items = [content.body.commit.proposals[0], ...more.map((proposal) => ({ kind: "proposal", proposal }) as const)]
  const changed = { ...content.body.commit, proposals: items, ...(path && { path }) }
  const forged = frameContent(content, { kind: "commit", commit: changed as typeof content.body.commit })
  const { privateKey } = party.keysOf("carol")
  const signature = signContent(suite, privateKey, "public_message", forged, epoch.context.encoded)
  return encodeMlsMessage({
    kind: "public_message",
    message: { content: forged, auth: { ...auth, signature }, membershipTag: undefined },
  })
}
