import type { CipherSuite, HpkeInfo, HpkeSealed } from "@qpc/crypto"
import type { Random } from "@qpc/wire"
import { encryptionInfo, encryptWithInfo } from "./labels.ts"
import { signLeafNode } from "./leaf-node.ts"
import type { LeafNodeContent } from "./leaf-node.ts"
import { chainParents } from "./parent-hash.ts"
import { nextPathSecret, nodeKeyPair } from "./path-secrets.ts"
import type { RatchetTree } from "./ratchet-tree.ts"
import { commonAncestor } from "./tree-math.ts"
import { resolve } from "./tree-node.ts"
import type { PathStep } from "./tree-node.ts"
import type { TreePrivateState } from "./tree-private-state.ts"
import type { UpdatePath } from "./update-path.ts"

/** What a committer brings to its own path. */
export interface PathParameters {
  /** The tree with all proposals applied. The path is merged into it: pass a fork. */
  readonly tree: RatchetTree
  /** The committer's own keys. They are replaced: pass a fork. */
  readonly keys: TreePrivateState
  readonly groupId: Uint8Array
  /** The committer's next leaf node, but for what the path itself decides. */
  readonly leaf: Omit<LeafNodeContent, "encryptionKey" | "leafNodeSource">
  /** The private half of `leaf.signatureKey`. */
  readonly signaturePrivateKey: Uint8Array
  /** Leaves that the same commit adds: they get their secret in a Welcome (RFC 9420 §7.5). */
  readonly added: ReadonlySet<number>
  /** The provisional group context (RFC 9420 §12.4.1) around the tree hash that it is called with. */
  readonly groupContext: (treeHash: Uint8Array) => Uint8Array
  readonly random: Random
}

/** A path that is ready to send. Dispose of it once the commit and its Welcome are made. */
export class CreatedPath implements Disposable {
  readonly updatePath: UpdatePath
  /** Zeroed with the path. */
  readonly commitSecret: Uint8Array
  readonly #leafIndex: number
  readonly #pathSecrets: ReadonlyMap<number, Uint8Array>

  /** Takes ownership of the secrets. */
  constructor(
    updatePath: UpdatePath,
    leafIndex: number,
    commitSecret: Uint8Array,
    pathSecrets: ReadonlyMap<number, Uint8Array>,
  ) {
    this.updatePath = updatePath
    this.commitSecret = commitSecret
    this.#leafIndex = leafIndex
    this.#pathSecrets = pathSecrets
  }

  /**
   * The secret of the lowest node above both the committer and a new member, for the Welcome (RFC 9420 §12.4.3.1).
   * Borrowed: zeroed with the path.
   */
  pathSecretFor(leafIndex: number): Uint8Array {
    const secret = this.#pathSecrets.get(commonAncestor(this.#leafIndex, leafIndex))
    if (secret === undefined) throw new RangeError(`leaf ${leafIndex} is not a member besides the committer`)
    return secret
  }

  [Symbol.dispose](): void {
    this.commitSecret.fill(0)
    for (const secret of this.#pathSecrets.values()) secret.fill(0)
  }
}

/**
 * Gives the committer's leaf and the nodes above it fresh keys (RFC 9420 §7.4, §7.5) and seals their secrets to everyone
 * who was a member before.
 *
 * `tree` and `keys` are then those of the new epoch. Works for an external commit too (RFC 9420 §12.4.2), the leaf being
 * one that the tree reserved.
 */
export function createPath(parameters: PathParameters): CreatedPath {
  const { tree, keys, random } = parameters
  const { suite } = tree
  const steps = tree.filteredDirectPath(keys.leafIndex)

  const pathSecrets: Uint8Array[] = []
  let next = random(suite.sizes.hashBytes)
  for (let at = 0; at < steps.length; at++) {
    pathSecrets.push(next)
    next = nextPathSecret(suite, next)
  }
  const commitSecret = next
  const nodeKeys = pathSecrets.map((secret) => nodeKeyPair(suite, secret))
  const { parents, leafParentHash } = chainParents(
    suite,
    steps,
    nodeKeys.map((pair) => pair.publicKey),
  )

  const leafSeed = random(suite.sizes.kemSeedBytes)
  const leafKeys = suite.kemKeyPair(leafSeed)
  leafSeed.fill(0)
  const leafNode = signLeafNode(
    suite,
    parameters.signaturePrivateKey,
    {
      ...parameters.leaf,
      encryptionKey: leafKeys.publicKey,
      leafNodeSource: { kind: "commit", parentHash: leafParentHash },
    },
    { groupId: parameters.groupId, leafIndex: keys.leafIndex },
  )
  tree.setPath(keys.leafIndex, leafNode, parents)

  const info = encryptionInfo(suite, "UpdatePathNode", parameters.groupContext(tree.treeHash()))
  const nodes = steps.map((step, at) => ({
    encryptionKey: nodeKeys[at]!.publicKey,
    encryptedPathSecret: sealPathSecret(suite, step, parameters.added, info, pathSecrets[at]!, random),
  }))
  keys.set(2 * keys.leafIndex, leafKeys.privateKey)
  for (const [at, step] of steps.entries()) keys.set(step.nodeIndex, nodeKeys[at]!.privateKey)
  keys.forgetBlank(tree)
  const secretByNode = new Map(steps.map((step, at) => [step.nodeIndex, pathSecrets[at]!]))
  return new CreatedPath({ leafNode, nodes }, keys.leafIndex, commitSecret, secretByNode)
}

function sealPathSecret(
  suite: CipherSuite,
  step: PathStep,
  added: ReadonlySet<number>,
  info: HpkeInfo,
  pathSecret: Uint8Array,
  random: Random,
): HpkeSealed[] {
  return resolve(step.copath, added).map((node) => {
    const publicKey = node.value?.encryptionKey
    if (publicKey === undefined) throw new Error("unreachable: a resolution holds no blank node")
    const seed = random(suite.sizes.kemSeedBytes)
    const sealed = encryptWithInfo(suite, publicKey, info, pathSecret, seed)
    seed.fill(0)
    if (sealed === undefined) throw new Error("unreachable: a key entered the tree that was not checked to be usable")
    return sealed
  })
}
