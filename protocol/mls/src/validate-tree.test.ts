import { suite0001 as suite } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import type { LeafNode } from "./leaf-node.ts"
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

  it("accepts unmerged leaves that every node between lists", () => {
    const tree = after.fork()
    tree.addLeaf(testMember(suite, random).leafNode)
    expect(tree.parent(3)?.unmergedLeaves).toEqual([3])
    expect(verdict(tree)).toBe("valid")
  })
})

const onlyLeftHalf = {
  leafAt: (leafIndex: number): LeafNode | undefined => (leafIndex === 0 ? alone : undefined),
  parentAt: (): ParentNode => makeParentNode(random(32), new Uint8Array(0), []),
}
