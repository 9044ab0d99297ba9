import type { Commit } from "../commit.ts"
import type { ContentBody, Sender } from "../framed-content.ts"
import type { Proposal } from "../proposal.ts"
import { playAttacks } from "../testing/attack.ts"
import type { Attack } from "../testing/attack.ts"
import { externalCommit } from "../testing/external-commit.ts"
import { addOf, commitIn } from "../testing/insider.ts"
import { outsiders, sendersExtension } from "../testing/outsiders.ts"
import type { Party } from "../testing/party.ts"

const NO_DATA = new Uint8Array(0)
const policy = { proposals: true, newMemberProposals: true, externalCommits: true }
const server: Sender = { kind: "external", senderIndex: 0 }
const newcomer: Sender = { kind: "new_member_proposal" }
const committer: Sender = { kind: "new_member_commit" }
const proposal = (value: Proposal): ContentBody => ({ kind: "proposal", proposal: value })
const removal = proposal({ kind: "remove", removed: 2 })

/** A group that has a server among its external senders. */
function supervised(party: Party): Party {
  party.commit("alice", { extensions: [sendersExtension(party, "server")] })
  return party
}

/** Something an outsider sends to a group that listens to a server and would let newcomers in. */
function outside(
  title: string,
  reason: string,
  make: (party: Party) => Uint8Array,
  allowed: Partial<typeof policy> = {},
): Attack {
  return { title, reason, make: (party) => make(supervised(party)), settings: { policy: { ...policy, ...allowed } } }
}

playAttacks("an external sender that does more than it may", [
  outside("one that the group does not name", "unknown_sender", (party) => {
    return outsiders(party, { kind: "external", senderIndex: 1 }, removal, "server")
  }),
  outside("one that signs with another key", "bad_signature", (party) => outsiders(party, server, removal, "mallory")),
  outside("an ExternalInit", "content_forbidden", (party) => {
    return outsiders(party, server, proposal({ kind: "external_init", kemOutput: NO_DATA }), "server")
  }),
  outside("a proposal of a type that nobody supports", "content_forbidden", (party) => {
    return outsiders(party, server, proposal({ kind: "custom", type: 0x0a0a, body: NO_DATA }), "server")
  }),
  outside("a commit", "content_forbidden", (party) => {
    return outsiders(party, server, { kind: "commit", commit: { proposals: [], path: undefined } }, "server")
  }),
  outside("a text", "application_not_encrypted", (party) => {
    return outsiders(party, server, { kind: "application", data: NO_DATA }, "server")
  }),
  outside(
    "a proposal where the policy allows none",
    "not_allowed",
    (party) => outsiders(party, server, removal, "server"),
    { proposals: false },
  ),
  {
    title: "a proposal to a group that names no senders",
    reason: "unknown_sender",
    make: (party) => outsiders(party, server, removal, "server"),
    settings: { policy },
  },
])

playAttacks("a newcomer's proposal that is more than that", [
  outside("one signed with another key than the key package's", "bad_signature", (party) => {
    return outsiders(party, newcomer, proposal(addOf(party, "erin")), "mallory")
  }),
  outside("a Remove", "content_forbidden", (party) => outsiders(party, newcomer, removal, "erin")),
  outside("a commit", "content_forbidden", (party) => {
    return outsiders(party, newcomer, { kind: "commit", commit: { proposals: [], path: undefined } }, "erin")
  }),
  outside(
    "one where the policy allows none",
    "not_allowed",
    (party) => outsiders(party, newcomer, proposal(addOf(party, "erin")), "erin"),
    { newMemberProposals: false },
  ),
])

/** The valid external commit of erin with something exchanged, signed by her. */
function erins(party: Party, change: (commit: Commit) => Commit, signer = "erin"): Uint8Array {
  const honest = commitIn(externalCommit(party, "erin").commit)
  return outsiders(party, committer, { kind: "commit", commit: change(honest) }, signer)
}

const byValue = (value: Proposal): Commit["proposals"][number] => ({ kind: "proposal", proposal: value })

playAttacks("an external commit that is not right", [
  outside("one where the policy lets nobody in", "not_allowed", (party) => externalCommit(party, "erin").commit, {
    externalCommits: false,
  }),
  outside("one signed with another key than its leaf's", "bad_signature", (party) => {
    return externalCommit(party, "erin", { signer: "mallory" }).commit
  }),
  outside("one without a path", "path_missing", (party) => erins(party, (commit) => ({ ...commit, path: undefined }))),
  outside("one without an ExternalInit", "external_init_missing", (party) => {
    return erins(party, (commit) => ({ ...commit, proposals: [] }))
  }),
  outside("one with two of them", "external_commit_proposals", (party) => {
    return erins(party, (commit) => ({ ...commit, proposals: [...commit.proposals, ...commit.proposals] }))
  }),
  outside("one that refers to proposals", "external_commit_reference", (party) => {
    const reference = { kind: "reference", reference: new Uint8Array(32) } as const
    return erins(party, (commit) => ({ ...commit, proposals: [...commit.proposals, reference] }))
  }),
  outside("one that adds somebody else", "external_commit_proposals", (party) => {
    return erins(party, (commit) => ({ ...commit, proposals: [...commit.proposals, byValue(addOf(party, "frank"))] }))
  }),
  outside("one that changes the extensions", "external_commit_proposals", (party) => {
    const changed = byValue({ kind: "group_context_extensions", extensions: [] })
    return erins(party, (commit) => ({ ...commit, proposals: [...commit.proposals, changed] }))
  }),
  outside("one that removes two members", "external_commit_proposals", (party) => {
    const removes = [2, 3].map((removed) => byValue({ kind: "remove", removed }))
    return erins(party, (commit) => ({ ...commit, proposals: [...commit.proposals, ...removes] }))
  }),
  outside("one of somebody who is a member already", "duplicate_signature_key", (party) => {
    return externalCommit(party, "carol").commit
  }),
  outside("one that throws another member out", "credential_not_successor", (party) => {
    return externalCommit(party, "erin", { more: [{ kind: "remove", removed: 2 }] }).commit
  }),
  outside("one with a KEM output that nobody can open", "external_init_invalid", (party) => {
    return erins(party, (commit) => ({
      ...commit,
      proposals: [byValue({ kind: "external_init", kemOutput: new Uint8Array(32) })],
    }))
  }),
  outside("one that agrees with nobody", "bad_confirmation_tag", (party) => erins(party, (commit) => commit)),
  outside("one for an epoch that is over", "epoch_passed", (party) => {
    const { commit } = externalCommit(party, "erin")
    party.commit("carol")
    return commit
  }),
])
