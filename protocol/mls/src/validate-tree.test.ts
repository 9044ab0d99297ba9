import { suite0001 as suite } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { signLeafNode } from "./leaf-node.ts"
import type { LeafNode } from "./leaf-node.ts"
import { chainParents } from "./parent-hash.ts"
import { makeParentNode } from "./parent-node.ts"
import type { ParentNode } from "./parent-node.ts"
import { RatchetTree } from "./ratchet-tree.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { testMember, withBrokenSignature } from "./testing/test-member.ts"
import { TEST_GROUP_ID, threeMembers } from "./testing/three-members.ts"
import { validateTree } from "./validate-tree.ts"

const random = countedRandom(suite, "newcomers")

const alone = testMember(suite, random).leafNode

function verdict(tree: RatchetTree, treeHash: Uint8Array = tree.treeHash()): string {
  const outcome = validateTree(tree, { groupId: TEST_GROUP_ID, treeHash, extensions: [], lifetime: undefined })
  return outcome.kind === "valid" ? "valid" : outcome.reason
}

describe("validating a tree", () => {
  const { after, people } = threeMembers(suite, "validate trees")
  const changed = (nodeIndex: number, change: { parentHash?: Uint8Array; unmerged?: number[]; key?: Uint8Array }) =>
    RatchetTree.build(suite, 4, {
      leafAt: (leafIndex) => after.leaf(leafIndex),
      parentAt: (at) => {
        const parent = after.parent(at)
        if (parent === undefined || at !== nodeIndex) return parent
        const { key = parent.encryptionKey, parentHash = parent.parentHash, unmerged = [] } = change
        return makeParentNode(key, parentHash, unmerged)
      },
    })

  it("accepts the tree after an honest commit", () => {
    expect(verdict(after)).toBe("valid")
  })

  it("accepts the tree of somebody who is alone", () => {
    expect(verdict(RatchetTree.ofCreator(suite, alone))).toBe("valid")
  })

  it.each([
    ["tree_hash_mismatch", () => verdict(after, new Uint8Array(32))],
    ["parent_hash_invalid", () => verdict(changed(1, { parentHash: new Uint8Array(32) }))],
    ["parent_hash_invalid", () => verdict(changed(3, { key: suite.kemKeyPair(random(32)).publicKey }))],
    ["parent_hash_invalid", () => verdict(changed(3, { unmerged: [2] }))],
    ["parent_key_unusable", () => verdict(changed(3, { key: new Uint8Array(32) }))],
    ["unmerged_leaf_invalid", () => verdict(changed(3, { unmerged: [3] }))],
    ["unmerged_leaf_invalid", () => verdict(changed(1, { unmerged: [2] }))],
    ["unmerged_leaf_invalid", () => verdict(changed(3, { unmerged: [1] }))],
    ["unmerged_leaf_invalid", () => verdict(changed(3, { unmerged: [2 ** 31] }))],
  ])("refuses with %s", (reason, outcome) => {
    expect(outcome()).toBe(reason)
  })

  it("refuses a tree whose right half is empty", () => {
    expect(verdict(RatchetTree.build(suite, 2, onlyLeftHalf))).toBe("tree_not_truncated")
  })

  it("refuses a member whose signature does not verify", () => {
    const tree = RatchetTree.ofCreator(suite, people[0].leafNode)
    tree.addLeaf(withBrokenSignature(people[1].leafNode))
    expect(verdict(tree)).toBe("leaf_signature_invalid")
  })

  it("accepts several unmerged leaves in several nodes", () => {
    expect(verdict(grownTree())).toBe("valid")
  })

  it.each([1, 2, 3, 5, 6])("refuses an unmerged leaf that a node between does not list: %d", (missing) => {
    const unmerged = LATECOMERS.filter((leafIndex) => leafIndex !== missing)
    expect(verdict(withUnmerged(grownTree(), new Map([[7, unmerged]])))).toBe("unmerged_leaf_invalid")
  })

  it("refuses an unmerged leaf that a node far below does not list, under nodes without a key", () => {
    const parents = new Map([
      [1, []],
      [15, [1]],
    ])
    expect(verdict(withUnmerged(grownTree(), parents, [1, 15]))).toBe("unmerged_leaf_invalid")
    // Listed, it passes; the parent hashes are another matter.
    expect(verdict(withUnmerged(grownTree(), new Map([...parents, [1, [1]]]), [1, 15]))).toBe("parent_hash_invalid")
  })

  it("accepts unmerged leaves that every node between lists", () => {
    const tree = after.fork()
    tree.addLeaf(testMember(suite, random).leafNode)
    expect(tree.parent(3)?.unmergedLeaves).toEqual([3])
    expect(verdict(tree)).toBe("valid")
  })
})

/** Who joins after the commit in {@link grownTree}. */
const LATECOMERS: readonly number[] = [1, 2, 3, 5, 6]

/** Leaves 0, 4 and 8, the first of whom committed, so that nodes 7 and 15 have keys; then others came. */
function grownTree(): RatchetTree {
  const people = new Map([0, 4, 8].map((leafIndex) => [leafIndex, testMember(suite, random)]))
  const tree = RatchetTree.build(suite, 9, {
    leafAt: (leafIndex) => people.get(leafIndex)?.leafNode,
    parentAt: () => undefined,
  })
  const { signatureKeys, leafNode } = people.get(0)!
  const keys = [1, 2].map(() => suite.kemKeyPair(random(32)).publicKey)
  const { parents, leafParentHash } = chainParents(suite, tree.filteredDirectPath(0), keys)
  const content = { ...leafNode, leafNodeSource: { kind: "commit", parentHash: leafParentHash } } as const
  const place = { groupId: TEST_GROUP_ID, leafIndex: 0 }
  tree.setPath(0, signLeafNode(suite, signatureKeys.privateKey, content, place), parents)
  for (const leafIndex of LATECOMERS) expect(tree.addLeaf(testMember(suite, random).leafNode)).toBe(leafIndex)
  return tree
}

/** The same leaves under parents with other unmerged leaves; `taken` are those that have a key. */
function withUnmerged(
  tree: RatchetTree,
  unmerged: ReadonlyMap<number, readonly number[]>,
  taken: readonly number[] = [7, 15],
): RatchetTree {
  return RatchetTree.build(suite, 9, {
    leafAt: (leafIndex) => tree.leaf(leafIndex),
    parentAt: (nodeIndex) => {
      if (!taken.includes(nodeIndex)) return undefined
      const { encryptionKey, parentHash } = tree.parent(nodeIndex) ?? {
        encryptionKey: suite.kemKeyPair(random(32)).publicKey,
        parentHash: new Uint8Array(0),
      }
      return makeParentNode(encryptionKey, parentHash, unmerged.get(nodeIndex) ?? LATECOMERS)
    },
  })
}

const onlyLeftHalf = {
  leafAt: (leafIndex: number): LeafNode | undefined => (leafIndex === 0 ? alone : undefined),
  parentAt: (): ParentNode => makeParentNode(random(32), new Uint8Array(0), []),
}
