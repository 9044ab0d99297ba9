import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { equalBytes } from "@qpc/wire"
import type { RecordLog } from "@qpc/wire"
import type { EpochUsage } from "./epoch-usage.ts"
import type { Epoch, PastEpoch, ResumptionPsk } from "./epoch.ts"
import type { GroupLimits } from "./limits.ts"
import type { GroupPolicy } from "./policy.ts"
import type { ProposalQueue } from "./proposal-queue.ts"
import type { ReInit } from "./proposal.ts"
import type { PreSharedKey, PskLookup } from "./psk.ts"
import type { PreSharedKeyId } from "./psk-id.ts"
import type { Reservation } from "./reservation.ts"
import type { StagedCommit } from "./staged-commit.ts"

/** Whether the group still goes on for us: `removed` by others, or `replaced` by another group (RFC 9420 §11.2). */
export type GroupPhase = "active" | "removed" | "replaced"

/** A commit of ours that waits for the delivery service's decision. */
export interface OwnCommit {
  readonly staged: StagedCommit
  /** Hash of the message: recognises it when it comes back. */
  readonly messageHash: Uint8Array
}

/** All that a member of a group keeps. Owned by one `Group`, changed by nobody else. */
export interface GroupState {
  readonly suite: CipherSuite
  readonly limits: GroupLimits
  readonly policy: GroupPolicy
  /** Behind the signature key of our leaf. */
  signaturePrivateKey: Uint8Array
  /** Those of leaves of ours that are on their way; see `signature-keys.ts`. */
  nextSignatureKeys: readonly KeyPair[]
  phase: GroupPhase
  /** What ended the group, once the phase is `replaced`. */
  reinit: ReInit | undefined
  epoch: Epoch
  /** Newest first. */
  pastEpochs: readonly PastEpoch[]
  /** Newest first; the current epoch's is in its secrets. */
  resumptionPsks: readonly ResumptionPsk[]
  readonly queue: ProposalQueue
  ownCommit: OwnCommit | undefined
  /** What was encrypted in the current epoch. */
  usage: EpochUsage
  /** What our own ratchets may have given out, as far as it was reserved before. */
  reserved: Reservation
  /**
   * Commits of the current epoch that are neither merged nor cleared, ours included, and the epochs that they lead to;
   * `undefined` for one that removes us.
   */
  readonly staged: Map<StagedCommit, Epoch | undefined>
  /** What was read in their epochs. Not stored: a restart forgets how much it was, not what was read. */
  readonly stagedUsage: WeakMap<StagedCommit, EpochUsage>
  /** What differs from what is stored. Whoever changes the state marks it there; see `state-records.ts`. */
  readonly records: RecordLog
}

/**
 * Finds the secrets of PSKs (RFC 9420 §8.4): those of this group's own epochs, and what the application has.
 *
 * @returns `undefined` if one is missing: it must not be left out
 */
export function findPsks(
  state: Pick<GroupState, "epoch" | "resumptionPsks">,
  ids: readonly PreSharedKeyId[],
  lookup: PskLookup | undefined,
): PreSharedKey[] | undefined {
  const found: PreSharedKey[] = []
  for (const id of ids) {
    const secret = ownResumptionPsk(state, id) ?? lookup?.(id)
    if (secret === undefined) return undefined
    found.push({ id, secret })
  }
  return found
}

function ownResumptionPsk(
  { epoch, resumptionPsks }: Pick<GroupState, "epoch" | "resumptionPsks">,
  id: PreSharedKeyId,
): Uint8Array | undefined {
  if (id.kind !== "resumption" || !equalBytes(id.pskGroupId, epoch.context.groupId)) return undefined
  if (id.pskEpoch === epoch.context.epoch) return epoch.secrets.resumptionPsk
  return resumptionPsks.find((psk) => psk.epoch === id.pskEpoch)?.secret
}
