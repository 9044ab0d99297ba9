import type { CipherSuite } from "@qpc/crypto"
import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { RatchetTree } from "./ratchet-tree.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { testMember } from "./testing/test-member.ts"

const random = countedRandom(suite0001, "tree hashes")
const members = Array.from({ length: 8 }, () => testMember(suite0001, random))

describe("a tree hash", () => {
  it("costs a full tree the first time, then the way from a changed leaf to the root, and nothing asked again", () => {
    let hashCount = 0
    const suite: CipherSuite = {
      ...suite0001,
      hash(bytes) {
        hashCount++
        return suite0001.hash(bytes)
      },
    }
    const tree = RatchetTree.build(suite, 8, {
      leafAt: (leafIndex) => members[leafIndex]?.leafNode,
      parentAt: () => undefined,
    })
    const costOf = (change: () => void): number => {
      change()
      hashCount = 0
      tree.treeHash()
      return hashCount
    }
    expect(costOf(() => undefined)).toBe(15)
    // Three branches; the lowest of them asks both its leaves.
    expect(costOf(() => tree.updateLeaf(3, testMember(suite0001, random).leafNode))).toBe(5)
    expect(costOf(() => undefined)).toBe(0)
  })

  it("of a new tree lies in one buffer with those of all nodes below", () => {
    const tree = RatchetTree.build(suite0001, 8, {
      leafAt: (leafIndex) => members[leafIndex]?.leafNode,
      parentAt: () => undefined,
    })
    const { buffer } = tree.nodeHash(7)
    expect([1, 3, 5, 9, 11, 13].map((nodeIndex) => tree.nodeHash(nodeIndex).buffer === buffer)).not.toContain(false)
  })
})
