import { suite0001 as suite } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { signLeafNode } from "./leaf-node.ts"
import type { LeafNode } from "./leaf-node.ts"
import { chainParents, parentHash } from "./parent-hash.ts"
import { makeParentNode } from "./parent-node.ts"
import type { ParentNode } from "./parent-node.ts"
import { RatchetTree } from "./ratchet-tree.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { testMember } from "./testing/test-member.ts"

const random = countedRandom(suite, "parent hashes")
const groupId = Uint8Array.of(1)
const EMPTY = new Uint8Array(0)
const members = Array.from({ length: 8 }, () => testMember(suite, random))

/**
 * Five leaves in a tree of eight. Nodes 1 and 5 both claim node 7 as their parent, and leaves 0 and 2 vouch for them;
 * node 3 between them is blank.
 */
function twoClaimants(unmergedInRoot: readonly number[]): RatchetTree {
  const leaves: LeafNode[] = members.slice(0, 5).map((member) => member.leafNode)
  const rightHalf = RatchetTree.build(suite, 5, {
    leafAt: (leafIndex) => leaves[leafIndex],
    parentAt: () => undefined,
  })
  const root = makeParentNode(random(32), EMPTY, unmergedInRoot)
  const claim = parentHash(suite, root, rightHalf.nodeHash(11))
  const parents = new Map<number, ParentNode>([[7, root]])
  for (const [nodeIndex, committer] of [
    [1, 0],
    [5, 2],
  ] as const) {
    const parent = makeParentNode(random(32), claim, [])
    parents.set(nodeIndex, parent)
    const hash = parentHash(suite, parent, rightHalf.nodeHash(2 * committer + 2))
    const { signatureKeys, leafNode } = members.at(committer)!
    const content = { ...leafNode, leafNodeSource: { kind: "commit", parentHash: hash } } as const
    leaves[committer] = signLeafNode(suite, signatureKeys.privateKey, content, { groupId, leafIndex: committer })
  }
  return RatchetTree.build(suite, 5, {
    leafAt: (leafIndex) => leaves[leafIndex],
    parentAt: (nodeIndex) => parents.get(nodeIndex),
  })
}

/** Puts fresh keys above a leaf, vouched for by that leaf, as a commit of it does. */
function commitBy(tree: RatchetTree, committer: number): void {
  const { signatureKeys, leafNode } = members.at(committer)!
  const steps = tree.filteredDirectPath(committer)
  const keys = steps.map(() => suite.kemKeyPair(random(32)).publicKey)
  const { parents, leafParentHash } = chainParents(suite, steps, keys)
  const content = { ...leafNode, leafNodeSource: { kind: "commit", parentHash: leafParentHash } } as const
  tree.setPath(
    committer,
    signLeafNode(suite, signatureKeys.privateKey, content, { groupId, leafIndex: committer }),
    parents,
  )
}

/** Leaf 4 committed, leaf 5 was added, leaf 0 committed, leaf 7 was added: both unmerged in node 11, one in the root. */
function grownAfterCommits(): RatchetTree {
  const tree = RatchetTree.build(suite, 7, {
    leafAt: (leafIndex) => ([5, 7].includes(leafIndex) ? undefined : members[leafIndex]?.leafNode),
    parentAt: () => undefined,
  })
  commitBy(tree, 4)
  tree.addLeaf(members.at(5)!.leafNode)
  commitBy(tree, 0)
  tree.addLeaf(members.at(7)!.leafNode)
  return tree
}

describe("parent hashes", () => {
  it("are of the other subtree as it was before others joined it", () => {
    const tree = grownAfterCommits()
    expect([tree.parent(11)?.unmergedLeaves, tree.parent(7)?.unmergedLeaves]).toEqual([[5, 7], [7]])
    expect(tree.findInvalidParentHash()).toBeUndefined()
  })

  it("do not vouch for a parent with an unmerged leaf that the node below does not have unmerged", () => {
    const tree = RatchetTree.build(suite, 4, {
      leafAt: (leafIndex) => members[leafIndex]?.leafNode,
      parentAt: () => undefined,
    })
    commitBy(tree, 0)
    expect(tree.findInvalidParentHash()).toBeUndefined()
    const { encryptionKey, parentHash: above } = tree.parent(3)!
    const changed = RatchetTree.build(suite, 4, {
      leafAt: (leafIndex) => tree.leaf(leafIndex),
      parentAt: (nodeIndex) => (nodeIndex === 3 ? makeParentNode(encryptionKey, above, [1]) : tree.parent(nodeIndex)),
    })
    expect(changed.findInvalidParentHash()).toBe(3)
  })

  it("do not vouch for a parent that two subtrees claim", () => {
    expect(twoClaimants([]).findInvalidParentHash()).toBe(7)
  })

  it("do not take an unmerged leaf for the other claimant", () => {
    expect(twoClaimants([0]).findInvalidParentHash()).toBe(7)
  })
})
