import type { CipherSuite, HpkeSealed } from "@qpc/crypto"
import { equalBytes } from "@qpc/wire"
import { decryptWithLabel } from "./labels.ts"
import type { MergedPath } from "./merge-path.ts"
import { nextPathSecret, nodeKeyPair } from "./path-secrets.ts"
import type { RatchetTree } from "./ratchet-tree.ts"
import { commonAncestor, directPath, isBelow } from "./tree-math.ts"
import { resolve } from "./tree-node.ts"
import { TreePrivateState } from "./tree-private-state.ts"

/**
 * Why path secrets are not believed.
 *
 * - `path_secret_not_decrypted`: no ciphertext opens with a key we have.
 * - `path_secret_mismatch`: the secret does not give the public keys in the tree (RFC 9420 §7.5, §12.4.3.1).
 * - `leaf_key_mismatch`: the private key of our leaf is not that of the leaf in the tree (RFC 9420 §12.4.3.1).
 */
export type PathSecretReason = "path_secret_not_decrypted" | "path_secret_mismatch" | "leaf_key_mismatch"

/** What a path gives to a member below it. */
export type OpenedPath =
  | {
      readonly kind: "opened"
      /** Owned by the caller, who zeroes it. */
      readonly commitSecret: Uint8Array
    }
  | { readonly kind: "rejected"; readonly reason: PathSecretReason }

/**
 * Decrypts our path secret of a merged path and derives the keys above (RFC 9420 §7.5).
 *
 * @param keys - Ours of the epoch before; those of the path are put in, and left alone if the path is rejected. Pass a
 *   fork all the same: the commit may still fail.
 * @param groupContext - The provisional one (RFC 9420 §12.4.2), with the hash of the tree that the path is merged into.
 */
export function openPath(merged: MergedPath, keys: TreePrivateState, groupContext: Uint8Array): OpenedPath {
  const { steps, path, tree } = merged
  const { suite } = tree
  const first = steps.findIndex(({ copath }) => isBelow(keys.leafIndex, copath.nodeIndex))
  if (first < 0) throw new RangeError("the own leaf is not a member besides the committer")
  const resolution = resolve(steps[first]!.copath, merged.added)
  const at = resolution.findIndex((node) => keys.key(node.nodeIndex) !== undefined)
  const key = at < 0 ? undefined : keys.key(resolution[at]!.nodeIndex)
  const sealed = path.nodes[first]!.encryptedPathSecret[at]
  const pathSecret = openPathSecret(suite, key, sealed, groupContext)
  if (pathSecret === undefined) return { kind: "rejected", reason: "path_secret_not_decrypted" }
  const nodes = steps.slice(first).map((step) => step.nodeIndex)
  const commitSecret = deriveUpwards(tree, keys, nodes, pathSecret)
  if (commitSecret === undefined) return { kind: "rejected", reason: "path_secret_mismatch" }
  keys.forgetBlank(tree)
  return { kind: "opened", commitSecret }
}

/** What a newcomer knows from its Welcome. */
export interface JoinerParameters {
  /** The tree of the epoch it joins in, validated. */
  readonly tree: RatchetTree
  readonly leafIndex: number
  /** The private half of its key package's leaf node. Takes ownership. */
  readonly leafPrivateKey: Uint8Array
  /** The committer: `signer` of the GroupInfo. */
  readonly signerLeafIndex: number
  /** Absent where the commit had no path. Borrowed. */
  readonly pathSecret: Uint8Array | undefined
}

/** The private keys of a newcomer (RFC 9420 §12.4.3.1). */
export function keysOfJoiner(
  parameters: JoinerParameters,
):
  | { readonly kind: "joined"; readonly keys: TreePrivateState }
  | { readonly kind: "rejected"; readonly reason: PathSecretReason } {
  const { tree, leafIndex, signerLeafIndex, pathSecret } = parameters
  const keys = new TreePrivateState(leafIndex, parameters.leafPrivateKey)
  const reason = !keys.matches(tree.suite, tree)
    ? "leaf_key_mismatch"
    : pathSecret !== undefined && !adoptPathSecret(tree, keys, signerLeafIndex, pathSecret)
      ? "path_secret_mismatch"
      : undefined
  if (reason === undefined) return { kind: "joined", keys }
  keys[Symbol.dispose]()
  return { kind: "rejected", reason }
}

function adoptPathSecret(
  tree: RatchetTree,
  keys: TreePrivateState,
  signerLeafIndex: number,
  pathSecret: Uint8Array,
): boolean {
  if (signerLeafIndex === keys.leafIndex || pathSecret.length !== tree.suite.sizes.hashBytes) return false
  const ancestor = commonAncestor(keys.leafIndex, signerLeafIndex)
  // Blank nodes above are those that the committer's filtered direct path left out.
  const above = directPath(ancestor, tree.leafWidth).filter((nodeIndex) => tree.parent(nodeIndex) !== undefined)
  const commitSecret = deriveUpwards(tree, keys, [ancestor, ...above], pathSecret.slice())
  commitSecret?.fill(0)
  return commitSecret !== undefined
}

function openPathSecret(
  suite: CipherSuite,
  key: Uint8Array | undefined,
  sealed: HpkeSealed | undefined,
  groupContext: Uint8Array,
): Uint8Array | undefined {
  if (key === undefined || sealed === undefined) return undefined
  const pathSecret = decryptWithLabel(suite, key, "UpdatePathNode", groupContext, sealed)
  return pathSecret?.length === suite.sizes.hashBytes ? pathSecret : undefined
}

/**
 * Derives the keys of `nodes`, from the lowest upwards, and keeps them if all of them are those in the tree.
 *
 * @param pathSecret - Of the lowest node. Takes ownership.
 * @returns the secret above the last node: the commit secret (RFC 9420 §12.4.2)
 */
function deriveUpwards(
  tree: RatchetTree,
  keys: TreePrivateState,
  nodes: readonly number[],
  pathSecret: Uint8Array,
): Uint8Array | undefined {
  const { suite } = tree
  const derived = new Map<number, Uint8Array>()
  let secret = pathSecret
  let isMatching = true
  for (const nodeIndex of nodes) {
    const { publicKey, privateKey } = nodeKeyPair(suite, secret)
    derived.set(nodeIndex, privateKey)
    const shown = tree.encryptionKey(nodeIndex)
    isMatching &&= shown !== undefined && equalBytes(shown, publicKey)
    const next = nextPathSecret(suite, secret)
    secret.fill(0)
    secret = next
  }
  if (isMatching) {
    for (const [nodeIndex, privateKey] of derived) keys.set(nodeIndex, privateKey)
    return secret
  }
  secret.fill(0)
  for (const privateKey of derived.values()) privateKey.fill(0)
  return undefined
}
