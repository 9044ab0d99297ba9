import { suite0001 as suite } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { mergePath } from "./merge-path.ts"
import type { PathWithValidLeaf } from "./merge-path.ts"
import type { RatchetTree } from "./ratchet-tree.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { threeMembers } from "./testing/three-members.ts"

const random = countedRandom(suite, "merge paths")

function reasonOf(before: RatchetTree, path: PathWithValidLeaf, added: ReadonlySet<number> = new Set()): string {
  const hash = before.treeHash()
  const outcome = mergePath(before, 0, path, added)
  if (outcome.kind === "merged") return "merged"
  expect(before.treeHash()).toEqual(hash)
  expect(outcome).toEqual({ kind: "rejected", reason: outcome.reason })
  return outcome.reason
}

describe("merging a path", () => {
  it("gives the committer's tree to everyone else", () => {
    const { before, path, after } = threeMembers(suite, "merge paths")
    expect(reasonOf(before, path)).toBe("merged")
    expect(before.treeHash()).toEqual(after.treeHash())
  })

  it("keeps keys of its own: the bytes of the path may be used for something else", () => {
    const { before, path, after } = threeMembers(suite, "merge paths")
    const nodes = path.nodes.map((node) => ({ ...node, encryptionKey: node.encryptionKey.slice() }))
    expect(reasonOf(before, { ...path, nodes })).toBe("merged")
    for (const { encryptionKey } of nodes) encryptionKey.fill(0)
    expect(before.treeHash()).toEqual(after.treeHash())
    expect([1, 3].map((nodeIndex) => before.encryptionKey(nodeIndex))).toEqual(
      path.nodes.map(({ encryptionKey }) => encryptionKey),
    )
  })

  it("refuses a path that is too short or too long", () => {
    const { before, path } = threeMembers(suite, "merge paths")
    expect(reasonOf(before, { ...path, nodes: path.nodes.slice(1) })).toBe("path_length_mismatch")
    expect(reasonOf(before, { ...path, nodes: [...path.nodes, path.nodes[0]] })).toBe("path_length_mismatch")
  })

  it("refuses a ciphertext too few or too many", () => {
    const { before, path } = threeMembers(suite, "merge paths")
    const [first, second] = path.nodes
    const missing = { ...path, nodes: [first, { ...second, encryptedPathSecret: [] }] }
    expect(reasonOf(before, missing)).toBe("path_ciphertext_count_mismatch")
    expect(reasonOf(before, path, new Set([2]))).toBe("path_ciphertext_count_mismatch")
  })

  it("refuses a key that is in the tree, twice in the path, or no key at all", () => {
    const { before, path, people } = threeMembers(suite, "merge paths")
    const withKey = (encryptionKey: Uint8Array): PathWithValidLeaf => {
      return { ...path, nodes: [{ ...path.nodes[0], encryptionKey }, path.nodes[1]] }
    }
    expect(reasonOf(before, withKey(people[2].leafNode.encryptionKey))).toBe("path_key_repeated")
    expect(reasonOf(before, withKey(path.nodes[1].encryptionKey))).toBe("path_key_repeated")
    expect(reasonOf(before, withKey(path.leafNode.encryptionKey))).toBe("path_key_repeated")
    expect(reasonOf(before, withKey(new Uint8Array(32)))).toBe("path_key_unusable")
  })

  it("refuses a committer who keeps the key of its leaf", () => {
    const { before, path, people } = threeMembers(suite, "merge paths")
    const leafNode = { ...path.leafNode, encryptionKey: people[0].leafNode.encryptionKey } as typeof path.leafNode
    expect(reasonOf(before, { ...path, leafNode })).toBe("path_key_repeated")
  })

  it("refuses a leaf that does not commit to the path", () => {
    const { before, path } = threeMembers(suite, "merge paths")
    const encryptionKey = suite.kemKeyPair(random(32)).publicKey
    const nodes = [path.nodes[0], { ...path.nodes[1], encryptionKey }]
    expect(reasonOf(before, { ...path, nodes })).toBe("path_parent_hash_mismatch")
  })
})
