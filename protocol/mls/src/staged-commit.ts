import type { Credential } from "./credential.ts"
import type { CommittedCustomProposal } from "./custom-proposal.ts"
import type { Extension } from "./extension.ts"
import type { ReInit } from "./proposal.ts"

/** Someone in the group, as their leaf says. Borrowed: do not write to it. */
export interface Member {
  readonly leafIndex: number
  readonly credential: Credential
  readonly signatureKey: Uint8Array
  /** Of the leaf: what its member says of itself, signed by it (RFC 9420 §7.2). */
  readonly extensions: readonly Extension[]
}

/** What a commit does to the group. */
export interface MergeReport {
  /** The epoch that it opens. */
  readonly epoch: bigint
  readonly added: readonly Member[]
  /** As they were before. */
  readonly removed: readonly Member[]
  /** Members with a new leaf, the committer included if the commit has a path; as they are after. */
  readonly updated: readonly Member[]
  /** True if we are out: the group is over for us. */
  readonly selfRemoved: boolean
  /** The extensions of the group context from now on. */
  readonly extensions: readonly Extension[]
  /** Set if the group ends here in favour of another (RFC 9420 §11.2). */
  readonly reinit: ReInit | undefined
  /** What the application's own proposals ask for (RFC 9420 §12.1), in the order of the commit: yours to judge and to do. */
  readonly custom: readonly CommittedCustomProposal[]
}

/**
 * A commit whose checks all passed and which has not taken effect.
 *
 * It belongs to the group that made it and to its current epoch. Give it back exactly once: to `merge` when the delivery
 * service chose it, to `clear` when it chose another. Look at `report` first: whether the people in it are who they claim
 * is the application's to decide (RFC 9420 §5.3.1).
 */
export interface StagedCommit {
  /** `own` if this member made it. */
  readonly kind: "own" | "received"
  /** Leaf index of the member who committed; a newcomer's is the one it gets (RFC 9420 §12.4.3.2). */
  readonly committer: number
  readonly report: MergeReport
}
