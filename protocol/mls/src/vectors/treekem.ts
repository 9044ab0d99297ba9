import type { CipherSuite } from "@qpc/crypto"
import { fromHex, toHex } from "@qpc/wire"
import { createPath } from "../create-path.ts"
import { makeGroupContext } from "../group-context.ts"
import { leafNodeSignatureIsValid } from "../leaf-node.ts"
import { mergePath } from "../merge-path.ts"
import type { MergedPath } from "../merge-path.ts"
import { openPath } from "../open-path.ts"
import { nodeKeyPair } from "../path-secrets.ts"
import type { RatchetTree } from "../ratchet-tree.ts"
import { countedRandom } from "./counted-random.ts"
import { decodeRatchetTree } from "../tree-codec.ts"
import { commonAncestor } from "../tree-math.ts"
import { TreePrivateState } from "../tree-private-state.ts"
import { decodeUpdatePath } from "../update-path.ts"
import type { UpdatePath } from "../update-path.ts"
import type { ValidLeafNode } from "../validate-leaf-node.ts"
import { expectHex, expectTrue } from "./expect.ts"

/** A case of treekem.json. */
export interface TreeKemCase {
  readonly cipher_suite: number
  readonly group_id: string
  readonly epoch: number
  readonly confirmed_transcript_hash: string
  readonly ratchet_tree: string
  readonly leaves_private: readonly {
    readonly index: number
    readonly encryption_priv: string
    readonly signature_priv: string
    readonly path_secrets: readonly { readonly node: number; readonly path_secret: string }[]
  }[]
  readonly update_paths: readonly {
    readonly sender: number
    readonly update_path: string
    readonly path_secrets: readonly (string | null)[]
    readonly commit_secret: string
    readonly tree_hash_after: string
  }[]
}

/** RFC 9420 §7.4–7.6, §7.9: members follow each other's paths, and ours. */
export function checkTreeKem(vector: TreeKemCase, suite: CipherSuite): void {
  const tree = decodeRatchetTree(fromHex(vector.ratchet_tree), suite)
  const members = vector.leaves_private.map((leaf) => {
    const keys = new TreePrivateState(leaf.index, fromHex(leaf.encryption_priv))
    for (const { node, path_secret } of leaf.path_secrets) {
      keys.set(node, nodeKeyPair(suite, fromHex(path_secret)).privateKey)
    }
    expectTrue(`the private keys of leaf ${leaf.index} match the tree`, keys.matches(suite, tree))
    return { keys, signaturePrivateKey: fromHex(leaf.signature_priv) }
  })
  for (const update of vector.update_paths) {
    const others = members.filter(({ keys }) => keys.leafIndex !== update.sender).map(({ keys }) => keys)
    const theirs = merge(vector, tree.fork(), update.sender, decodeUpdatePath(fromHex(update.update_path)))
    expectHex("tree hash after", theirs.tree.treeHash(), update.tree_hash_after)
    for (const keys of others) {
      const after = keys.fork()
      expectHex("commit secret", open(vector, theirs, after), update.commit_secret)
      const pathSecret = fromHex(update.path_secrets[keys.leafIndex] ?? "")
      const ancestor = after.key(commonAncestor(keys.leafIndex, update.sender))
      expectHex("key of the path secret", nodeKeyPair(suite, pathSecret).privateKey, toHex(ancestor!))
    }

    const sender = members.find(({ keys }) => keys.leafIndex === update.sender)
    if (sender === undefined) throw new Error(`no private keys of the sender ${update.sender}`)
    checkOwnPath(vector, tree, sender, others)
  }
}

function checkOwnPath(
  vector: TreeKemCase,
  tree: RatchetTree,
  sender: { readonly keys: TreePrivateState; readonly signaturePrivateKey: Uint8Array },
  others: readonly TreePrivateState[],
): void {
  const senderTree = tree.fork()
  const senderKeys = sender.keys.fork()
  const { encryptionKey: _, leafNodeSource: __, ...leaf } = tree.leaf(senderKeys.leafIndex)!
  const created = createPath({
    tree: senderTree,
    keys: senderKeys,
    groupId: fromHex(vector.group_id),
    leaf,
    signaturePrivateKey: sender.signaturePrivateKey,
    added: new Set(),
    groupContext: (treeHash) => contextOf(vector, tree.suite, treeHash),
    random: countedRandom(tree.suite, "treekem"),
  })
  expectTrue("the sender's new keys match its tree", senderKeys.matches(tree.suite, senderTree))
  const merged = merge(vector, tree.fork(), senderKeys.leafIndex, created.updatePath)
  expectSameHash(merged.tree, senderTree)
  const commitSecret = toHex(created.commitSecret)
  for (const keys of others) expectHex("commit secret of our own path", open(vector, merged, keys.fork()), commitSecret)
}

function merge(vector: TreeKemCase, tree: RatchetTree, sender: number, path: UpdatePath): MergedPath {
  const place = { groupId: fromHex(vector.group_id), leafIndex: sender }
  expectTrue("the leaf's signature is valid", leafNodeSignatureIsValid(tree.suite, path.leafNode, place))
  // Not validated as a whole: no leaf of the file lists suite 7 among its capabilities, not even in groups of suite 7.
  const leafNode = path.leafNode as ValidLeafNode
  const outcome = mergePath(tree, sender, { ...path, leafNode }, new Set())
  if (outcome.kind === "rejected") throw new Error(outcome.reason)
  expectTrue("all parent hashes are valid after merging", tree.findInvalidParentHash() === undefined)
  return outcome.merged
}

function open(vector: TreeKemCase, merged: MergedPath, keys: TreePrivateState): Uint8Array {
  const opened = openPath(merged, keys, contextOf(vector, merged.tree.suite, merged.tree.treeHash()))
  if (opened.kind === "rejected") throw new Error(`leaf ${keys.leafIndex}: ${opened.reason}`)
  expectTrue(`the new private keys of leaf ${keys.leafIndex} match`, keys.matches(merged.tree.suite, merged.tree))
  return opened.commitSecret
}

function contextOf(vector: TreeKemCase, suite: CipherSuite, treeHash: Uint8Array): Uint8Array {
  return makeGroupContext({
    cipherSuite: suite.id,
    groupId: fromHex(vector.group_id),
    epoch: BigInt(vector.epoch),
    treeHash,
    confirmedTranscriptHash: fromHex(vector.confirmed_transcript_hash),
    extensions: [],
  }).encoded
}

function expectSameHash(theirs: RatchetTree, ours: RatchetTree): void {
  expectHex("tree hash of our own path", theirs.treeHash(), toHex(ours.treeHash()))
}
