import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { CredentialPlace, CredentialValidator, PresentedCredential } from "./credential-validator.ts"
import type { Sender } from "./framed-content.ts"
import { judgeProposal } from "./judge-proposal.ts"
import type { Proposal } from "./proposal.ts"
import { addOf, updateOf } from "./testing/insider.ts"
import { sendersExtension } from "./testing/outsiders.ts"
import { Party } from "./testing/party.ts"

const alice: Sender = { kind: "member", leafIndex: 0 }
const outsider: Sender = { kind: "external", senderIndex: 0 }
const named = (name: string): { readonly kind: "basic"; readonly identity: Uint8Array } => ({
  kind: "basic",
  identity: toUtf8(name),
})

describe("a proposal that has just come", () => {
  it.each<[string, string | undefined, Sender, (party: Party) => Proposal]>([
    ["an Update in the member's own name", undefined, alice, (party) => updateOf(party, "alice")],
    [
      "an Update in another name",
      "credential_not_successor",
      alice,
      (party) => updateOf(party, "alice", { credential: named("bob") }),
    ],
    // It is refused with the commit: nobody's leaf is replaced, so that there is no name to keep.
    [
      "an Update of an outsider",
      undefined,
      outsider,
      (party) => updateOf(party, "alice", { credential: named("bob") }),
    ],
    ["an Add", undefined, outsider, (party) => addOf(party, "dave")],
    [
      "an Add with a credential that nobody can judge",
      "credential_type_unsupported",
      outsider,
      (party) => addOf(party, "dave", { leaf: { credential: { kind: "x509", certificates: [] } } }),
    ],
    ["a type that is not registered", "proposal_unsupported", alice, () => CUSTOM],
  ])("is judged by its credential and type: %s (%s)", (_, expected, sender, make) => {
    const party = Party.of("judged at once", ["alice", "bob"], { policy: { proposals: true } })
    expect(judgeProposal(party.insidesOf("bob"), make(party), sender, party.nowMs)).toBe(expected)
  })

  it.each<[CredentialPlace, string | undefined, (party: Party) => Proposal]>([
    ["add", undefined, (party) => addOf(party, "dave")],
    ["update", "alice", (party) => updateOf(party, "alice", { credential: named("alina") })],
    [
      "external_sender",
      undefined,
      (party) => ({ kind: "group_context_extensions", extensions: [sendersExtension(party, "server")] }),
    ],
  ])("tells a validator where its credential turns up, and whose place it takes: %s", (place, before, make) => {
    const party = Party.of("asked at once", ["alice", "bob"], { policy: { proposals: true } })
    const questions: PresentedCredential[] = []
    const credentialValidator: CredentialValidator = (presented) => {
      questions.push(presented)
      return "credential_revoked"
    }
    const { policy, epoch } = party.insidesOf("bob")
    const asking = { epoch, policy: { ...policy, credentialValidator } }
    expect(judgeProposal(asking, make(party), alice, party.nowMs)).toBe("credential_revoked")
    const predecessor = before === undefined ? undefined : expect.objectContaining({ credential: named(before) })
    expect(questions).toEqual([expect.objectContaining({ place, predecessor, nowMs: party.nowMs })])
  })
})

const CUSTOM: Proposal = { kind: "custom", type: 0xf0f0, body: new Uint8Array(0) }
