import type { CipherSuite } from "@qpc/crypto"
import { DecodeError } from "@qpc/wire"
import type { GroupState } from "./group-state.ts"
import type { GroupSurroundings } from "./group-options.ts"
import { limitsWith } from "./limits.ts"
import type { GroupLimits } from "./limits.ts"
import { completeState } from "./new-state.ts"
import type { StoredCommit } from "./own-commit-record.ts"
import { policyWith } from "./policy.ts"
import type { GroupPolicy } from "./policy.ts"
import { ProposalQueue } from "./proposal-queue.ts"
import type { QueuedProposal } from "./proposal-queue.ts"

/** What a stored state does not hold. */
export interface Surroundings {
  readonly suite: CipherSuite
  readonly limits: GroupLimits
  readonly policy: GroupPolicy
  readonly signaturePrivateKey: Uint8Array
}

/** What the options of a caller say. The signature key follows, once the state tells which one is in use. */
export function surroundingsOf(suite: CipherSuite, { limits, policy }: GroupSurroundings): Surroundings {
  return { suite, limits: limitsWith(limits), policy: policyWith(policy), signaturePrivateKey: new Uint8Array(0) }
}

/** What a stored state holds, whatever its format. */
export interface StoredParts extends Pick<
  GroupState,
  "phase" | "reinit" | "epoch" | "pastEpochs" | "resumptionPsks" | "reserved" | "usage"
> {
  /** In the order in which they came. */
  readonly queue: readonly QueuedProposal[]
  readonly own: StoredCommit | undefined
}

/** Puts a state together. @throws DecodeError if a proposal is in the queue twice */
export function restoreState(surroundings: Surroundings, { queue, own, ...parts }: StoredParts): GroupState {
  const { suite, limits, policy, signaturePrivateKey } = surroundings
  const proposals = new ProposalQueue()
  for (const queued of queue) {
    if (proposals.has(queued.reference)) throw new DecodeError("bad_value", 0)
    proposals.add(queued)
  }
  return completeState({
    suite,
    limits,
    policy,
    signaturePrivateKey,
    nextSignatureKeys: [],
    ...parts,
    queue: proposals,
    ownCommit: own?.commit,
    staged: new Map(own === undefined ? [] : [[own.commit.staged, own.epoch]]),
  })
}
