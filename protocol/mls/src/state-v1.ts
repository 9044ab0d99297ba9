import type { CipherSuite } from "@qpc/crypto"
import { decodeWhole, DecodeError, equalBytes, readList, readOptional } from "@qpc/wire"
import type { Reader } from "@qpc/wire"
import { joinEpochParts, readContext, readEpochSecrets, readSecret } from "./epoch-bytes.ts"
import { NO_USAGE } from "./epoch-usage.ts"
import type { EpochHeader } from "./epoch-bytes.ts"
import type { Epoch, PastEpoch, ResumptionPsk } from "./epoch.ts"
import type { GroupState } from "./group-state.ts"
import { readLeaves, readReInit, reportFrom, storedCommit } from "./own-commit-record.ts"
import type { StoredCommit } from "./own-commit-record.ts"
import { readQueuedProposal } from "./proposal-queue.ts"
import type { RatchetTree } from "./ratchet-tree.ts"
import { readReservation } from "./reservation.ts"
import { restoreState } from "./restore-state.ts"
import type { StoredParts, Surroundings } from "./restore-state.ts"
import { readSecretTree } from "./secret-tree-bytes.ts"
import type { SecretTree } from "./secret-tree.ts"
import { readPhase } from "./state-from-records.ts"
import { readRatchetTree } from "./tree-codec.ts"
import { TreePrivateState } from "./tree-private-state.ts"

/** An epoch as version 1 stored it, apart from its secret tree. */
interface FixedEpoch extends EpochHeader {
  readonly tree: RatchetTree
  readonly keys: TreePrivateState
}

/** A past epoch as version 1 stored it: with all signature keys, by leaf index. */
interface FixedPastEpoch extends Omit<PastEpoch, "secretTree" | "formerSigners"> {
  readonly signers: readonly (Uint8Array | undefined)[]
}

type FixedParts = Pick<StoredParts, "phase" | "reinit" | "resumptionPsks"> & {
  readonly epoch: FixedEpoch
  readonly pastEpochs: readonly FixedPastEpoch[]
}

/**
 * Reads what follows version and suite in version 1 of the format: three sections, by how often they change. Nothing writes
 * it any more. Copies.
 *
 * @throws DecodeError
 */
export function readStateV1(reader: Reader, surroundings: Surroundings): GroupState {
  const { suite } = surroundings
  const fixed = decodeWhole(reader.vector(), (inner) => readEpochSection(inner, surroundings))
  const ratchets = decodeWhole(reader.vector(), (inner) => ({
    reserved: readReservation(inner),
    current: readSecretTree(inner, suite),
    past: readList(inner, (item) => readSecretTree(item, suite)),
  }))
  if (ratchets.past.length !== fixed.pastEpochs.length) throw new DecodeError("bad_value", 0)
  const { phase, reinit, resumptionPsks } = fixed
  const { context, secrets, confirmationTag, tree, keys } = fixed.epoch
  const header = { context, secrets, confirmationTag }
  const epoch = joinEpochParts(header, tree, keys, ratchets.current, phase !== "removed")
  const pastEpochs = upgradePastEpochs(fixed.pastEpochs, ratchets.past, tree)
  const { queue, own } = decodeWhole(reader.vector(), (inner) => ({
    queue: readList(inner, (item) => readQueuedProposal(item, suite)),
    own: readOptional(inner, (item) => readOwnCommit(item, surroundings, tree)),
  }))
  const parts = { phase, reinit, epoch, pastEpochs, resumptionPsks, reserved: ratchets.reserved, usage: NO_USAGE }
  return restoreState(surroundings, { ...parts, queue, own })
}

function readEpochSection(reader: Reader, surroundings: Surroundings): FixedParts {
  const { suite } = surroundings
  return {
    ...readPhase(reader),
    epoch: readFixedEpoch(reader, surroundings),
    pastEpochs: readList(reader, (inner) => readFixedPastEpoch(inner, suite)),
    resumptionPsks: readList(reader, (inner): ResumptionPsk => ({
      epoch: inner.uint64(),
      secret: readSecret(inner, suite),
    })),
  }
}

function readFixedEpoch(reader: Reader, { suite, limits }: Surroundings): FixedEpoch {
  const context = readContext(reader, suite)
  const tree = readRatchetTree(reader, suite, limits.members)
  const keys = TreePrivateState.read(reader)
  return { context, tree, keys, ...readEpochSecrets(reader, suite) }
}

function readFixedPastEpoch(reader: Reader, suite: CipherSuite): FixedPastEpoch {
  return {
    epoch: reader.uint64(),
    groupContext: reader.vector().slice(),
    senderDataSecret: readSecret(reader, suite),
    ownLeafIndex: reader.uint32(),
    signers: readList(reader, (inner) => readOptional(inner, (item) => item.vector().slice())),
  }
}

/** Newest first. Keeps of the signature keys what the next epoch does not tell. */
function upgradePastEpochs(
  stored: readonly FixedPastEpoch[],
  secretTrees: readonly SecretTree[],
  tree: RatchetTree,
): PastEpoch[] {
  let next = Array.from({ length: tree.leafWidth }, (_, leafIndex) => tree.signatureKey(leafIndex))
  return stored.map(({ signers, ...past }, at) => {
    const formerSigners = new Map<number, Uint8Array | undefined>()
    for (let leafIndex = 0; leafIndex < Math.max(signers.length, next.length); leafIndex++) {
      const [before, after] = [signers[leafIndex], next[leafIndex]]
      const isSame = before === undefined || after === undefined ? before === after : equalBytes(before, after)
      if (!isSame) formerSigners.set(leafIndex, before)
    }
    next = [...signers]
    return { ...past, formerSigners, secretTree: secretTrees[at]! }
  })
}

function readOwnCommit(reader: Reader, surroundings: Surroundings, before: RatchetTree): StoredCommit {
  const messageHash = readSecret(reader, surroundings.suite)
  const committer = reader.uint32()
  const leaves = { added: readLeaves(reader), removed: readLeaves(reader), updated: readLeaves(reader) }
  const reinit = readOptional(reader, readReInit)
  const { tree, keys, ...header } = readFixedEpoch(reader, surroundings)
  const secretTree = readSecretTree(reader, surroundings.suite)
  const epoch: Epoch = joinEpochParts(header, tree, keys, secretTree, true)
  return storedCommit(messageHash, committer, epoch, reportFrom(epoch, before, { ...leaves, reinit, custom: [] }))
}
