import { decodeWhole } from "@qpc/wire"
import { verifyContent } from "./authenticated-content.ts"
import type { VerifiedContent } from "./authenticated-content.ts"
import { customTypeOf } from "./custom-proposal.ts"
import { EXTENSION_TYPES, findExtension } from "./extension.ts"
import { readExternalSenders } from "./external-senders.ts"
import type { GroupState } from "./group-state.ts"
import type { Proposal } from "./proposal.ts"
import type { PublicMessage } from "./public-message.ts"
import type { RejectReason } from "./received.ts"

/** What an `external` sender may propose (RFC 9420 §12.1.8), beside custom types that say so. */
const EXTERNAL_PROPOSALS: ReadonlySet<Proposal["kind"]> = new Set([
  "add",
  "remove",
  "psk",
  "reinit",
  "group_context_extensions",
])

/** Verifies a public message of someone who is not a member (RFC 9420 §6.1, §12.1.8, §12.4.3.2). */
export function openOutsiderPublic(state: GroupState, message: PublicMessage): VerifiedContent | RejectReason {
  const { content, auth } = message
  if (!isAllowed(state, message)) return "not_allowed"
  const signatureKey = outsidersKey(state, message)
  if (signatureKey === undefined) return "unknown_sender"
  if (typeof signatureKey === "string") return signatureKey
  const authenticated = { wireFormat: "public_message", content, auth } as const
  return verifyContent(state.suite, signatureKey, authenticated, state.epoch.context.encoded) ?? "bad_signature"
}

function isAllowed({ policy }: GroupState, { content }: PublicMessage): boolean {
  switch (content.sender.kind) {
    case "new_member_commit":
      return policy.externalCommits
    case "new_member_proposal":
      return policy.newMemberProposals
    case "external":
    case "member":
      return policy.proposals
  }
}

/** The key that RFC 9420 §6.1 names for the sender, if it may send this. */
function outsidersKey(state: GroupState, { content }: PublicMessage): Uint8Array | RejectReason | undefined {
  const { sender, body } = content
  switch (sender.kind) {
    case "member":
      throw new Error("unreachable: members have a membership tag")
    case "external":
      if (body.kind !== "proposal" || !isForExternalSenders(state, body.proposal)) return "content_forbidden"
      return externalSendersKey(state, sender.senderIndex)
    case "new_member_proposal":
      if (body.kind !== "proposal" || body.proposal.kind !== "add") return "content_forbidden"
      return body.proposal.keyPackage.leafNode.signatureKey
    case "new_member_commit":
      if (body.kind !== "commit") return "content_forbidden"
      return body.commit.path?.leafNode.signatureKey ?? "path_missing"
  }
}

function isForExternalSenders({ policy }: GroupState, proposal: Proposal): boolean {
  const custom = customTypeOf(policy.customProposals, proposal)
  return EXTERNAL_PROPOSALS.has(proposal.kind) || custom?.fromExternalSenders === true
}

function externalSendersKey({ epoch }: GroupState, senderIndex: number): Uint8Array | undefined {
  const encoded = findExtension(epoch.context.extensions, EXTENSION_TYPES.externalSenders)
  // It decodes: no group context with another content was accepted.
  return encoded === undefined ? undefined : decodeWhole(encoded, readExternalSenders)[senderIndex]?.signatureKey
}
