import type { CipherSuite } from "@qpc/crypto"
import type { GroupContext } from "./group-context.ts"
import { zeroSecrets } from "./key-schedule.ts"
import type { EpochSecrets, KeptSecrets } from "./key-schedule.ts"
import type { RatchetTree } from "./ratchet-tree.ts"
import { SecretTree } from "./secret-tree.ts"
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
  readonly signers: PastSigners
}

/** Who could sign in an epoch that is over. Shares the tree of the epoch, so that ending one costs no walk over it. */
export interface PastSigners {
  /** `undefined` for a leaf that was blank or outside of the tree. Borrowed. */
  keyOf(leafIndex: number): Uint8Array | undefined
  /** The keys by leaf index, for storing. Takes a walk over the tree. */
  keys(): readonly (Uint8Array | undefined)[]
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

/** Keeps what late messages need and zeroes the rest. The epoch must not be used afterwards. */
export function retireEpoch(epoch: Epoch): PastEpoch {
  const { senderDataSecret, ...others } = epoch.secrets
  for (const secret of Object.values(others)) secret.fill(0)
  epoch.secretTree.retire()
  const ownLeafIndex = epoch.keys.leafIndex
  epoch.keys.destroy(epoch.tree.suite)
  return {
    epoch: epoch.context.epoch,
    groupContext: epoch.context.encoded,
    senderDataSecret,
    secretTree: epoch.secretTree,
    ownLeafIndex,
    signers: signersIn(epoch.tree),
  }
}

function signersIn(tree: RatchetTree): PastSigners {
  return {
    keyOf: (leafIndex) => tree.signatureKey(leafIndex),
    keys() {
      const keys: (Uint8Array | undefined)[] = []
      for (const { leafIndex, value } of tree.leaves()) keys[leafIndex] = value.signatureKey
      return Array.from(keys)
    },
  }
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
