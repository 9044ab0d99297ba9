import { credentialJudge } from "./credential-validator.ts"
import type { CredentialReason } from "./credential-validator.ts"
import { customTypeOf } from "./custom-proposal.ts"
import { judgeExternalSenders } from "./external-senders.ts"
import type { Sender } from "./framed-content.ts"
import type { GroupState } from "./group-state.ts"
import type { Proposal } from "./proposal.ts"

/**
 * Judges a proposal when it comes, before any commit covers it: unknown types (RFC 9420 §12.2) and the new credentials in it
 * (RFC 9420 §5.3.1). `undefined` if there is nothing against it so far.
 */
export function judgeProposal(
  { policy, epoch }: Pick<GroupState, "policy" | "epoch">,
  proposal: Proposal,
  sender: Sender,
  nowMs: number,
): CredentialReason | "external_senders_malformed" | "proposal_unsupported" | undefined {
  const judge = credentialJudge(policy.credentialValidator, nowMs)
  switch (proposal.kind) {
    case "add": {
      const { credential, signatureKey } = proposal.keyPackage.leafNode
      return judge({ credential, signatureKey, place: "add", predecessor: undefined })
    }
    case "update": {
      const { credential, signatureKey } = proposal.leafNode
      const predecessor = sender.kind === "member" ? epoch.tree.leaf(sender.leafIndex) : undefined
      return judge({ credential, signatureKey, place: "update", predecessor })
    }
    case "group_context_extensions":
      return judgeExternalSenders(judge, epoch.context.extensions, proposal.extensions)
    case "custom":
      return customTypeOf(policy.customProposals, proposal) === undefined ? "proposal_unsupported" : undefined
    case "remove":
    case "psk":
    case "reinit":
    case "external_init":
      return undefined
  }
}
