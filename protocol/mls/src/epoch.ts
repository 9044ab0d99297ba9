import type { CipherSuite } from "@qpc/crypto"
import { equalBytes } from "@qpc/wire"
import type { GroupContext } from "./group-context.ts"
import { zeroSecrets } from "./key-schedule.ts"
import type { EpochSecrets, KeptSecrets } from "./key-schedule.ts"
import type { RatchetTree } from "./ratchet-tree.ts"
import { SecretTree } from "./secret-tree.ts"
import { changedNodes } from "./tree-diff.ts"
import { isLeaf } from "./tree-math.ts"
import type { TreePrivateState } from "./tree-private-state.ts"

/** All that a member knows about one epoch (RFC 9420 §8). */
export interface Epoch {
  readonly context: GroupContext
  readonly tree: RatchetTree
  /** The private keys of our leaf and the nodes above it. */
  readonly keys: TreePrivateState
  readonly secrets: KeptSecrets
  readonly secretTree: SecretTree
  readonly confirmationTag: Uint8Array
  readonly interimTranscriptHash: Uint8Array
}

/** What is kept of an epoch that is over, for late application messages. */
export interface PastEpoch {
  readonly epoch: bigint
  /** The encoded GroupContext, which signatures cover. */
  readonly groupContext: Uint8Array
  readonly senderDataSecret: Uint8Array
  readonly secretTree: SecretTree
  readonly ownLeafIndex: number
  /** Who could sign at leaves that the next epoch changed; `undefined` where nobody was. By leaf index, increasing. */
  readonly formerSigners: ReadonlyMap<number, Uint8Array | undefined>
}

/** The resumption PSK of an epoch (RFC 9420 §8.6). */
export interface ResumptionPsk {
  readonly epoch: bigint
  readonly secret: Uint8Array
}

/** Gives the encryption secret of a new epoch to its secret tree, which zeroes it in its own time. */
export function withSecretTree(
  suite: CipherSuite,
  { encryptionSecret, ...secrets }: EpochSecrets,
  tree: RatchetTree,
): Pick<Epoch, "secrets" | "secretTree"> {
  return { secrets, secretTree: SecretTree.create(suite, encryptionSecret, tree.leafWidth) }
}

/**
 * Keeps what late messages need and zeroes the rest. The epoch must not be used afterwards.
 *
 * @param next - The epoch that follows. Private keys that it goes on using stay where the suite remembers them.
 */
export function retireEpoch(epoch: Epoch, next: Pick<Epoch, "tree" | "keys">): PastEpoch {
  const { senderDataSecret, ...others } = epoch.secrets
  for (const secret of Object.values(others)) secret.fill(0)
  epoch.secretTree.retire()
  const ownLeafIndex = epoch.keys.leafIndex
  epoch.keys.destroy(epoch.tree.suite, next.keys)
  return {
    epoch: epoch.context.epoch,
    groupContext: epoch.context.encoded,
    senderDataSecret,
    secretTree: epoch.secretTree,
    ownLeafIndex,
    formerSigners: formerSigners(epoch.tree, next.tree),
  }
}

/** What the next epoch no longer tells; all other signature keys are in its tree. */
function formerSigners(tree: RatchetTree, next: RatchetTree): Map<number, Uint8Array | undefined> {
  const former = new Map<number, Uint8Array | undefined>()
  for (const { nodeIndex } of changedNodes(tree.root, next.root)) {
    if (!isLeaf(nodeIndex)) continue
    const leafIndex = nodeIndex / 2
    const [before, after] = [tree.signatureKey(leafIndex), next.signatureKey(leafIndex)]
    const isSame = before !== undefined && after !== undefined && equalBytes(before, after)
    if (!isSame) former.set(leafIndex, before?.slice())
  }
  return former
}

/** The signature key of a member of a past epoch. Borrowed; `undefined` for a leaf that was blank or outside of the tree. */
export function pastSigner(
  { pastEpochs, epoch: current }: { readonly pastEpochs: readonly PastEpoch[]; readonly epoch: Epoch },
  epoch: bigint,
  leafIndex: number,
): Uint8Array | undefined {
  for (const past of pastEpochs.toReversed()) {
    if (past.epoch >= epoch && past.formerSigners.has(leafIndex)) return past.formerSigners.get(leafIndex)
  }
  return current.tree.signatureKey(leafIndex)
}

/** Ends the life of an epoch that never took effect, or of a group. */
export function zeroEpoch(epoch: Epoch): void {
  zeroSecrets(epoch.secrets)
  epoch.secretTree.zero()
  epoch.keys.destroy(epoch.tree.suite)
}

/** Ends the life of a past epoch. */
export function zeroPastEpoch(past: PastEpoch): void {
  past.senderDataSecret.fill(0)
  past.secretTree.zero()
}
