import type { CommitRefusal } from "./apply-commit.ts"
import type { Sender } from "./framed-content.ts"
import type { Proposal } from "./proposal.ts"
import type { StagedCommit } from "./staged-commit.ts"
import type { UnprotectRefusal } from "./unprotect.ts"

/** What became of bytes that claim to be a message of the group. */
export type Received =
  | {
      readonly kind: "application"
      readonly senderLeafIndex: number
      readonly epoch: bigint
      readonly generation: number
      /** Owned by the caller. */
      readonly plaintext: Uint8Array
      /** Owned by the caller. */
      readonly authenticatedData: Uint8Array
    }
  | {
      readonly kind: "commit"
      readonly senderLeafIndex: number
      readonly staged: StagedCommit
      /** Leaves of those who are removed by a proposal of their own (RFC 9420 §12.1.3): they asked for it. */
      readonly selfRemovals: readonly number[]
      /** How many proposals it covers: what the report does not show, such as a PSK, counts too. */
      readonly proposalCount: number
      readonly authenticatedData: Uint8Array
    }
  /** The commit that we staged came back from the delivery service: merge it. */
  | { readonly kind: "own_commit"; readonly staged: StagedCommit }
  | {
      readonly kind: "proposal"
      readonly sender: Sender
      readonly proposal: Proposal
      /** ProposalRef (RFC 9420 §5.2): names it in a commit. */
      readonly reference: Uint8Array
      readonly authenticatedData: Uint8Array
    }
  /** Nothing changed. */
  | { readonly kind: "rejected"; readonly reason: RejectReason }

/** Why a message was rejected: in one of the steps whose reasons are listed with them, or here. */
export type RejectReason =
  | UnprotectRefusal
  | CommitRefusal
  /** A Welcome, a key package or a group info. */
  | "not_a_group_message"
  | "unknown_group"
  /** Of an epoch whose keys are gone; a handshake message of any past epoch. */
  | "epoch_passed"
  /** Of an epoch that we have not reached: keep it, and try again after the commit that leads there. */
  | "epoch_ahead"
  /** We were removed, or the group was replaced by another (RFC 9420 §11.2). */
  | "group_inactive"
  /** RFC 9420 §6. */
  | "application_not_encrypted"
  /** `GroupPolicy` does not allow it. */
  | "not_allowed"
  /** See `ReceiveOptions.authenticatedData`. */
  | "other_authenticated_data"
  /** Its sender may not make this kind of proposal (RFC 9420 §12.1.8), or no proposal but a commit at all. */
  | "content_forbidden"
  /** The same proposal came before. */
  | "proposal_known"
  /** See `GroupLimits.queuedProposals`. */
  | "too_many_proposals"
  /** See `GroupLimits.stagedCommits`. */
  | "too_many_staged_commits"
