import { EXTENSION_TYPES } from "../extension.ts"
import { encodeMlsMessage } from "../mls-message.ts"
import type { Proposal, ReInit } from "../proposal.ts"
import { playAttacks } from "../testing/attack.ts"
import { addOf, commitIn, commitOf, craft, leafOf, pathOf, publicIn, updateOf, withLeaf } from "../testing/insider.ts"
import type { Party } from "../testing/party.ts"
import type { UpdatePath } from "../update-path.ts"

const NO_DATA = new Uint8Array(0)
const policy = { proposals: true }

const remove = (removed: number): Proposal => ({ kind: "remove", removed })
const extensions: Proposal = { kind: "group_context_extensions", extensions: [] }
const reinit: ReInit = { kind: "reinit", groupId: Uint8Array.of(1), version: 1, cipherSuite: 1, extensions: [] }
const psk = (nonceBytes: number): Proposal => ({
  kind: "psk",
  id: { kind: "external", pskId: Uint8Array.of(1), pskNonce: new Uint8Array(nonceBytes) },
})
const resumption = (usage: "reinit" | "branch"): Proposal => ({
  kind: "psk",
  id: { kind: "resumption", usage, pskGroupId: Uint8Array.of(1), pskEpoch: 0n, pskNonce: new Uint8Array(32) },
})
const withExtension = (extensionType: number, extensionData = NO_DATA): Proposal => ({
  kind: "group_context_extensions",
  extensions: [{ extensionType, extensionData }],
})

/** A public commit of alice that everybody would follow, with something exchanged in it and signed by her again. */
function resigned(party: Party, confirmationTag: Uint8Array | undefined): Uint8Array {
  const { staged, commit } = party.stage("alice", { wireFormat: "public" })
  party.group("alice").clear(staged)
  const body = { kind: "commit", commit: commitIn(commit) } as const
  return craft(party, "alice", body, { wireFormat: "public_message", confirmationTag })
}

/** A proposal of carol that alice has and the victim does not. */
function unheardProposal(party: Party): Uint8Array {
  const options = { authenticatedData: NO_DATA, random: party.random, nowMs: party.nowMs }
  const proposed = party.group("carol").propose({ kind: "update" }, options)
  if (proposed.kind === "refused") throw new Error(proposed.reason)
  party.hear("alice", proposed.message)
  party.group("carol").dropProposals()
  return party.stage("alice").commit
}

playAttacks("a commit without the path that its proposals require", [
  { title: "one that does nothing", reason: "path_missing", make: (party) => commitOf(party, [], undefined) },
  { title: "a lone Remove", reason: "path_missing", make: (party) => commitOf(party, [remove(2)], undefined) },
  {
    title: "a GroupContextExtensions",
    reason: "path_missing",
    make: (party) => commitOf(party, [extensions], undefined),
  },
  {
    title: "an Add beside a Remove",
    reason: "path_missing",
    make: (party) => commitOf(party, [addOf(party, "erin"), remove(2)], undefined),
  },
])

/** The proposals of a commit whose path is right. */
function proposing(
  title: string,
  reason: string,
  proposals: (party: Party) => readonly (Proposal | Uint8Array)[],
): Parameters<typeof playAttacks>[1][number] {
  return { title, reason, make: (party) => commitOf(party, proposals(party), pathOf(party)) }
}

playAttacks("a commit of proposals that must not be together, or not be at all", [
  proposing("a reference to a proposal that nobody sent", "unknown_proposal", () => [new Uint8Array(32)]),
  proposing("a committer who removes itself", "remove_of_committer", () => [remove(0)]),
  proposing("a Remove of a leaf outside of the tree", "remove_of_blank_leaf", () => [remove(0xffff_ffff)]),
  proposing("a member removed twice", "leaf_changed_twice", () => [remove(2), remove(2)]),
  proposing("a PSK with a nonce of another length", "psk_nonce_length", () => [psk(31)]),
  proposing("a PSK twice", "psk_repeated", () => [psk(32), psk(32)]),
  proposing("a PSK that we do not have", "psk_missing", () => [psk(32)]),
  proposing("a PSK of usage reinit inside a group", "psk_usage_forbidden", () => [resumption("reinit")]),
  proposing("a PSK of usage branch inside a group", "psk_usage_forbidden", () => [resumption("branch")]),
  proposing("extensions changed twice", "extensions_changed_twice", () => [extensions, extensions]),
  proposing("a ReInit beside something else", "reinit_not_alone", () => [reinit, psk(32)]),
  proposing("something else beside a ReInit", "reinit_not_alone", () => [psk(32), reinit]),
  proposing("a ReInit to an older version", "reinit_version", () => [{ ...reinit, version: 0 }]),
  proposing("an ExternalInit of a member", "external_init_forbidden", () => [
    { kind: "external_init", kemOutput: new Uint8Array(32) },
  ]),
  proposing("a proposal of a type that nobody supports", "proposal_unsupported", () => [
    { kind: "custom", type: 0x0a0a, body: NO_DATA },
  ]),
  proposing("an Update by value, of the committer", "update_by_committer", (party) => [updateOf(party, "alice")]),
  proposing("an extension that some member does not know", "extension_not_supported_by_all", () => [
    withExtension(0xf00f),
  ]),
  proposing("required capabilities that some member lacks", "required_capability_missing", () => [
    withExtension(EXTENSION_TYPES.requiredCapabilities, Uint8Array.of(2, 0xf0, 0x0f, 0, 0)),
  ]),
  proposing("required capabilities that do not decode", "required_capabilities_malformed", () => [
    withExtension(EXTENSION_TYPES.requiredCapabilities, Uint8Array.of(9)),
  ]),
  proposing("external senders that do not decode", "external_senders_malformed", () => [
    withExtension(EXTENSION_TYPES.externalSenders, Uint8Array.of(9)),
  ]),
  {
    title: "a commit of more proposals than the limit",
    reason: "too_many_committed_proposals",
    make: (party) => commitOf(party, [psk(1), psk(2), psk(3), psk(4)], pathOf(party)),
    settings: { limits: { committedProposals: 3 } },
  },
  {
    title: "a proposal that was kept from one member",
    reason: "unknown_proposal",
    make: unheardProposal,
    settings: { policy },
  },
])

/** A commit of nothing but a path that is not right. */
function withPath(
  title: string,
  reason: string,
  change: (path: UpdatePath, party: Party) => UpdatePath,
): Parameters<typeof playAttacks>[1][number] {
  return { title, reason, make: (party) => commitOf(party, [], change(pathOf(party), party)) }
}

const key = (party: Party): Uint8Array => party.suite.kemKeyPair(party.random(32)).publicKey

playAttacks("a commit with a path that is not right", [
  withPath("a path with a node too few", "path_length_mismatch", (path) => ({ ...path, nodes: path.nodes.slice(1) })),
  withPath("a path with a node too many", "path_length_mismatch", (path) => {
    return { ...path, nodes: [...path.nodes, ...path.nodes.slice(0, 1)] }
  }),
  withPath("a secret that is kept from a member", "path_ciphertext_count_mismatch", (path) => {
    return { ...path, nodes: path.nodes.map((node, at) => (at === 0 ? { ...node, encryptedPathSecret: [] } : node)) }
  }),
  withPath("a key that is in the tree already", "path_key_repeated", (path, party) => {
    const { encryptionKey } = leafOf(party, "carol")
    return { ...path, nodes: path.nodes.map((node, at) => (at === 0 ? { ...node, encryptionKey } : node)) }
  }),
  withPath("one key for two nodes", "path_key_repeated", (path, party) => {
    const encryptionKey = key(party)
    return { ...path, nodes: path.nodes.map((node) => ({ ...node, encryptionKey })) }
  }),
  withPath("a committer's leaf that keeps its key", "path_key_repeated", (path, party) => {
    return withLeaf(party, path, { encryptionKey: leafOf(party, "alice").encryptionKey })
  }),
  withPath("a key of low order", "path_key_unusable", (path) => {
    return {
      ...path,
      nodes: path.nodes.map((node, at) => (at === 0 ? { ...node, encryptionKey: new Uint8Array(32) } : node)),
    }
  }),
  withPath("a leaf with another parent hash", "path_parent_hash_mismatch", (path, party) => {
    return withLeaf(party, path, { leafNodeSource: { kind: "commit", parentHash: new Uint8Array(32) } })
  }),
  withPath("a leaf that says to come from an Update", "leaf_source_mismatch", (path, party) => {
    return withLeaf(party, path, { leafNodeSource: { kind: "update" } })
  }),
  withPath("the leaf of another member", "leaf_signature_invalid", (path, party) => {
    return { ...path, leafNode: pathOf(party, "carol").leafNode }
  }),
  withPath("a leaf with the signature key of another member", "duplicate_signature_key", (path, party) => {
    const { signatureKey } = leafOf(party, "carol")
    const { epoch } = party.insidesOf("alice")
    const forged = withLeaf(party, path, { signatureKey }).leafNode
    // Only carol can sign for her key: she and alice work together.
    const place = { groupId: epoch.context.groupId, leafIndex: 0 }
    const { encryptionKey, credential } = forged
    const changes = { encryptionKey, credential, leafNodeSource: path.leafNode.leafNodeSource }
    const signed = updateOf(party, "carol", changes, place)
    return signed.kind === "update" ? { ...path, leafNode: signed.leafNode } : path
  }),
  withPath("a leaf that no longer supports the suite", "leaf_cipher_suite_unsupported", (path, party) => {
    return withLeaf(party, path, { capabilities: { ...path.leafNode.capabilities, cipherSuites: [2] } })
  }),
  withPath("secrets that do not open", "path_secret_not_decrypted", (_path, party) => {
    return pathOf(party, "alice", { groupContext: () => NO_DATA })
  }),
])

playAttacks("a commit that leads elsewhere", [
  {
    title: "another confirmation tag",
    reason: "bad_confirmation_tag",
    make: (party) => resigned(party, new Uint8Array(32)),
  },
  {
    title: "an empty confirmation tag",
    reason: "bad_confirmation_tag",
    make: (party) => resigned(party, NO_DATA),
  },
  { title: "no confirmation tag", reason: "malformed", make: (party) => resigned(party, undefined) },
  {
    title: "a commit that was changed after it was signed",
    reason: "bad_membership_tag",
    make: (party) => {
      const message = publicIn(party.stage("alice", { wireFormat: "public" }).commit)
      const { confirmationTag = NO_DATA, signature } = message.auth
      const auth = { signature, confirmationTag: confirmationTag.with(0, (confirmationTag[0] ?? 0) ^ 1) }
      return encodeMlsMessage({ kind: "public_message", message: { ...message, auth } })
    },
  },
  {
    title: "a replayed commit",
    reason: "epoch_passed",
    make: (party) => party.commit("alice").commit,
  },
  {
    title: "a commit that lost the race for its epoch",
    reason: "epoch_passed",
    make: (party) => {
      const { commit, staged } = party.stage("alice")
      party.group("alice").clear(staged)
      party.commit("carol")
      return commit
    },
  },
  {
    title: "a commit of an epoch to come",
    reason: "epoch_ahead",
    make: (party) => {
      const { staged } = party.stage("alice")
      const alice = party.group("alice")
      alice.merge(staged)
      return party.stage("alice").commit
    },
  },
  {
    title: "a commit of a member who was removed, in the epoch it knows",
    reason: "epoch_passed",
    make: (party) => {
      const { commit } = party.stage("dave")
      party.commit("alice", { removes: [3] })
      return commit
    },
  },
  {
    title: "a flood of commits for one epoch",
    reason: "too_many_staged_commits",
    make: (party) => {
      const [first, second] = [party.stage("alice").commit, party.stage("carol").commit]
      party.hear("bob", first)
      return second
    },
    settings: { limits: { stagedCommits: 1 } },
    fillsCommits: true,
  },
])
