import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { equalBytes } from "@qpc/wire"
import { NO_USAGE } from "./epoch-usage.ts"
import type { Epoch } from "./epoch.ts"
import type { GroupSurroundings } from "./group-options.ts"
import type { GroupState } from "./group-state.ts"
import { limitsWith } from "./limits.ts"
import { policyWith } from "./policy.ts"
import { ProposalQueue } from "./proposal-queue.ts"
import { NO_RESERVATION } from "./reservation.ts"
import { attachRecords, newRecordLog } from "./state-records.ts"

/**
 * What a member keeps who enters a group in this epoch. Takes the epoch over.
 *
 * @throws RangeError if the signature keys are not those of our leaf
 */
export function newState(surroundings: GroupSurroundings, suite: CipherSuite, epoch: Epoch): GroupState {
  const { signatureKeys, limits, policy } = surroundings
  assertOwnKeys(epoch, signatureKeys)
  return completeState({
    suite,
    limits: limitsWith(limits),
    policy: policyWith(policy),
    signaturePrivateKey: new Uint8Array(signatureKeys.privateKey),
    nextSignatureKeys: [],
    phase: "active",
    reinit: undefined,
    epoch,
    pastEpochs: [],
    resumptionPsks: [],
    queue: new ProposalQueue(),
    ownCommit: undefined,
    reserved: NO_RESERVATION,
    usage: NO_USAGE,
    staged: new Map(),
  })
}

/** Adds to a state the memory of what is to be stored of it. */
export function completeState(parts: Omit<GroupState, "records" | "stagedUsage">): GroupState {
  const records = newRecordLog(parts.suite, () => state)
  const state: GroupState = { ...parts, stagedUsage: new WeakMap(), records }
  attachRecords(state)
  return state
}

/**
 * A leaf with another key than we sign with would make every message of ours invalid.
 *
 * @throws RangeError if the signature keys are not those of our leaf
 */
function assertOwnKeys(epoch: Pick<Epoch, "tree" | "keys">, signatureKeys: KeyPair): void {
  const { suite } = epoch.tree
  const shown = epoch.tree.leaf(epoch.keys.leafIndex)?.signatureKey
  const ours = suite.signaturePublicKey(signatureKeys.privateKey)
  if (shown === undefined || ours === undefined || !equalBytes(shown, ours)) {
    throw new RangeError("the signature keys are not those of our leaf")
  }
}
