import { equalBytes } from "@qpc/wire"
import { chainParents } from "./parent-hash.ts"
import type { RatchetTree } from "./ratchet-tree.ts"
import { resolve } from "./tree-node.ts"
import type { PathStep } from "./tree-node.ts"
import type { UpdatePath } from "./update-path.ts"
import type { ValidLeafNode } from "./validate-leaf-node.ts"

/**
 * Why an UpdatePath does not fit the tree.
 *
 * - `path_length_mismatch`: not one node for each node of the filtered direct path (RFC 9420 §7.6).
 * - `path_ciphertext_count_mismatch`: not one ciphertext for each key of a resolution (RFC 9420 §7.6).
 * - `path_key_unusable`: a key that nobody could encrypt to.
 * - `path_key_repeated`: a key that is in the tree already, or twice in the path (RFC 9420 §12.4.2).
 * - `path_parent_hash_mismatch`: the leaf does not commit to the path (RFC 9420 §7.9.2).
 */
export type PathReason =
  | "path_length_mismatch"
  | "path_ciphertext_count_mismatch"
  | "path_key_unusable"
  | "path_key_repeated"
  | "path_parent_hash_mismatch"

/** An UpdatePath whose leaf node was validated. */
export type PathWithValidLeaf = UpdatePath & { readonly leafNode: ValidLeafNode }

/** An UpdatePath that is in the tree now. Only {@link mergePath} makes one. */
export class MergedPath {
  readonly path: UpdatePath
  readonly steps: readonly PathStep[]
  readonly added: ReadonlySet<number>
  readonly tree: RatchetTree

  private constructor(tree: RatchetTree, path: UpdatePath, steps: readonly PathStep[], added: ReadonlySet<number>) {
    this.tree = tree
    this.path = path
    this.steps = steps
    this.added = added
  }

  /** Checks a path and puts it into the tree; see {@link mergePath}. */
  static of(
    tree: RatchetTree,
    senderLeafIndex: number,
    path: PathWithValidLeaf,
    added: ReadonlySet<number>,
  ): MergedPath | PathReason {
    const steps = tree.filteredDirectPath(senderLeafIndex)
    const reason = checkShape(path, steps, added) ?? checkKeys(tree, path)
    if (reason !== undefined) return reason
    const encryptionKeys = path.nodes.map((node) => node.encryptionKey)
    const { parents, leafParentHash } = chainParents(tree.suite, steps, encryptionKeys)
    const source = path.leafNode.leafNodeSource
    if (source.kind !== "commit" || !equalBytes(source.parentHash, leafParentHash)) return "path_parent_hash_mismatch"
    tree.setPath(senderLeafIndex, path.leafNode, parents)
    return new MergedPath(tree, path, steps, added)
  }
}

/**
 * Merges a committer's path into the tree (RFC 9420 §7.5, §12.4.2). Needs no secrets, so observers can do it too.
 *
 * @param tree - With all proposals applied, and not changed unless the path is merged. Pass a fork all the same: the
 *   commit may still fail.
 * @param path - Keep its bytes until the path is opened. Its leaf was validated for the sender's place.
 * @param added - Leaves that the same commit adds.
 */
export function mergePath(
  tree: RatchetTree,
  senderLeafIndex: number,
  path: PathWithValidLeaf,
  added: ReadonlySet<number>,
):
  | { readonly kind: "merged"; readonly merged: MergedPath }
  | { readonly kind: "rejected"; readonly reason: PathReason } {
  const merged = MergedPath.of(tree, senderLeafIndex, path, added)
  return typeof merged === "string" ? { kind: "rejected", reason: merged } : { kind: "merged", merged }
}

function checkShape(path: UpdatePath, steps: readonly PathStep[], added: ReadonlySet<number>): PathReason | undefined {
  if (path.nodes.length !== steps.length) return "path_length_mismatch"
  const isCounted = steps.every(
    ({ copath }, at) => path.nodes[at]!.encryptedPathSecret.length === resolve(copath, added).length,
  )
  return isCounted ? undefined : "path_ciphertext_count_mismatch"
}

function checkKeys({ suite, index }: RatchetTree, path: UpdatePath): PathReason | undefined {
  const keys = [path.leafNode.encryptionKey, ...path.nodes.map((node) => node.encryptionKey)]
  if (!keys.every((key) => suite.kemPublicKeyIsValid(key))) return "path_key_unusable"
  const isFirst = (key: Uint8Array, at: number): boolean => keys.findIndex((other) => equalBytes(other, key)) === at
  const isFresh = keys.every(isFirst) && !keys.some((key) => index.hasEncryptionKey(key))
  return isFresh ? undefined : "path_key_repeated"
}
