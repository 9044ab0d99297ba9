import { suite0001 } from "@qpc/crypto/node"
import type { CipherSuite } from "@qpc/crypto"
import { concatBytes, toUtf8 } from "@qpc/wire"
import type { Random } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { createPath } from "./create-path.ts"
import type { CreatedPath, PathParameters } from "./create-path.ts"
import { decryptWithLabel } from "./labels.ts"
import { leafNodeSignatureIsValid } from "./leaf-node.ts"
import { nextPathSecret, nodeKeyPair } from "./path-secrets.ts"
import { RatchetTree } from "./ratchet-tree.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { testMember } from "./testing/test-member.ts"
import type { TestMember } from "./testing/test-member.ts"
import { watchSecrets } from "./testing/watched-suite.ts"
import { TreePrivateState } from "./tree-private-state.ts"

const groupId = toUtf8("group")
const contextOf = (treeHash: Uint8Array): Uint8Array => concatBytes(groupId, treeHash)

const isLeft = (bytes: Uint8Array): boolean => bytes.some((byte) => byte !== 0)

interface Setting {
  readonly people: readonly TestMember[]
  readonly parameters: PathParameters
}

/** Members at the leaves 0 to 3, of whom the third is about to commit. Nodes 5 and 3 are above it. */
function fourMembers(suite: CipherSuite = suite0001): Setting {
  const random = countedRandom(suite0001, "create paths")
  const people = Array.from({ length: 4 }, () => testMember(suite, random))
  const tree = RatchetTree.ofCreator(suite, people[0]!.leafNode)
  for (const { leafNode } of people.slice(1)) tree.addLeaf(leafNode)
  const { leafNode, leafKeys, signatureKeys } = people[2]!
  const parameters = {
    tree,
    keys: new TreePrivateState(2, leafKeys.privateKey.slice()),
    groupId,
    leaf: leafNode,
    signaturePrivateKey: signatureKeys.privateKey,
    added: new Set<number>(),
    groupContext: contextOf,
    random,
  }
  return { people, parameters }
}

/** What the path says to each member, which opens the ciphertext at `at` of a node's with its leaf key. */
function openedBy(
  { people, parameters }: Setting,
  path: CreatedPath,
  leafIndex: number,
  node: number,
  at: number,
): Uint8Array | undefined {
  const { privateKey } = people[leafIndex]!.leafKeys
  const sealed = path.updatePath.nodes[node]!.encryptedPathSecret[at]!
  const context = contextOf(parameters.tree.treeHash())
  return decryptWithLabel(suite0001, privateKey, "UpdatePathNode", context, sealed)
}

describe("a path", () => {
  it("tells each member the secret of the lowest node above it and the committer", () => {
    const setting = fourMembers()
    using path = createPath(setting.parameters)
    expect(path.updatePath.nodes.map(({ encryptedPathSecret }) => encryptedPathSecret.length)).toEqual([1, 2])
    const places = [
      [3, 0, 0],
      [0, 1, 0],
      [1, 1, 1],
    ] as const
    for (const [leafIndex, node, at] of places) {
      expect(openedBy(setting, path, leafIndex, node, at)).toEqual(path.pathSecretFor(leafIndex))
    }
  })

  it("derives each secret from the one below, and the commit secret from the last (RFC 9420 §7.4)", () => {
    const { parameters } = fourMembers()
    using path = createPath(parameters)
    const secrets = [path.pathSecretFor(3), path.pathSecretFor(0)] as const
    expect(secrets[1]).toEqual(nextPathSecret(suite0001, secrets[0]))
    expect(path.commitSecret).toEqual(nextPathSecret(suite0001, secrets[1]))
    const pairs = secrets.map((secret) => nodeKeyPair(suite0001, secret))
    const publicKeys = pairs.map(({ publicKey }) => publicKey)
    expect(path.updatePath.nodes.map(({ encryptionKey }) => encryptionKey)).toEqual(publicKeys)
    expect([5, 3].map((nodeIndex) => parameters.tree.encryptionKey(nodeIndex))).toEqual(publicKeys)
    expect([5, 3].map((nodeIndex) => parameters.keys.key(nodeIndex))).toEqual(pairs.map(({ privateKey }) => privateKey))
  })

  it("gives the committer a leaf with a fresh key, which signs for its place and for the nodes above", () => {
    const { people, parameters } = fourMembers()
    const { tree, keys } = parameters
    using path = createPath(parameters)
    const { leafNode } = path.updatePath
    const { credential, signatureKey, capabilities, extensions } = people[2]!.leafNode
    expect(leafNode).toMatchObject({ credential, signatureKey, capabilities, extensions })
    expect(leafNode.encryptionKey).not.toEqual(people[2]!.leafNode.encryptionKey)
    expect(leafNode.leafNodeSource.kind).toBe("commit")
    expect(leafNodeSignatureIsValid(suite0001, leafNode, { groupId, leafIndex: 2 })).toBe(true)
    expect(tree.leaf(2)).toEqual(leafNode)
    expect(tree.findInvalidParentHash()).toBeUndefined()
    expect(keys.matches(suite0001, tree)).toBe(true)
  })

  it("is sealed to nobody whom the same commit adds, who gets the secret in a Welcome (RFC 9420 §7.5)", () => {
    const setting = fourMembers()
    using path = createPath({ ...setting.parameters, added: new Set([3, 0]) })
    expect(path.updatePath.nodes.map(({ encryptedPathSecret }) => encryptedPathSecret.length)).toEqual([0, 1])
    expect(openedBy(setting, path, 1, 1, 0)).toEqual(path.pathSecretFor(1))
    expect(path.pathSecretFor(0)).toEqual(path.pathSecretFor(1))
    expect(path.pathSecretFor(0)).toEqual(nextPathSecret(suite0001, path.pathSecretFor(3)))
  })

  it("of a member alone has no nodes, and a commit secret all the same", () => {
    const { people, parameters } = fourMembers()
    const tree = RatchetTree.ofCreator(suite0001, people[0]!.leafNode)
    const keys = new TreePrivateState(0, people[0]!.leafKeys.privateKey.slice())
    const { privateKey: signaturePrivateKey } = people[0]!.signatureKeys
    const drawn: Uint8Array[] = []
    const random: Random = (lengthBytes) => {
      drawn.push(parameters.random(lengthBytes))
      return drawn.at(-1)!
    }
    using path = createPath({ ...parameters, tree, keys, signaturePrivateKey, leaf: people[0]!.leafNode, random })
    expect(path.updatePath.nodes).toEqual([])
    expect(path.commitSecret).toBe(drawn[0])
    expect(keys.matches(suite0001, tree)).toBe(true)
  })

  it("has no secret for the committer itself, nor for whoever is not in the tree", () => {
    const { parameters } = fourMembers()
    parameters.tree.removeLeaf(3)
    using path = createPath(parameters)
    for (const leafIndex of [3, 4]) {
      const reason = new RangeError(`leaf ${leafIndex} is not a member besides the committer`)
      expect(() => path.pathSecretFor(leafIndex)).toThrow(reason)
    }
    expect(() => path.pathSecretFor(2)).toThrow(new RangeError("a leaf has no common ancestor with itself"))
  })

  it("is not made to a key that got into the tree without being checked", () => {
    const { people, parameters } = fourMembers()
    const mallory = testMember(suite0001, parameters.random, { encryptionKey: new Uint8Array(32) })
    const tree = RatchetTree.build(suite0001, 4, {
      leafAt: (leafIndex) => (leafIndex === 0 ? mallory : people[leafIndex])?.leafNode,
      parentAt: () => undefined,
    })
    const reason = "unreachable: a key entered the tree that was not checked to be usable"
    expect(() => createPath({ ...parameters, tree })).toThrow(reason)
  })
})

describe("the secrets of a path", () => {
  it("are zeroed with it, and what was drawn on the way at once", () => {
    const watched = watchSecrets(suite0001)
    const { parameters } = fourMembers(watched.suite)
    const before = watched.secretsLeft()
    const drawn: Uint8Array[] = []
    const random: Random = (lengthBytes) => {
      drawn.push(parameters.random(lengthBytes))
      return drawn.at(-1)!
    }
    const path = createPath({ ...parameters, random })
    expect(drawn.filter(isLeft)).toEqual([path.pathSecretFor(3)])
    path[Symbol.dispose]()
    const { keys } = parameters
    expect(drawn.filter(isLeft)).toEqual([])
    expect(new Set(watched.secretsLeft().filter((secret) => !before.includes(secret)))).toEqual(
      new Set([keys.key(5)!, keys.key(3)!, keys.leafKey]),
    )
  })

  it("leave no key in use of a node that has none any more", () => {
    const { parameters } = fourMembers()
    const { tree, keys } = parameters
    const above = new Uint8Array(32).fill(1)
    keys.set(3, above)
    for (const leafIndex of [0, 1]) tree.removeLeaf(leafIndex)
    using path = createPath(parameters)
    expect(path.updatePath.nodes).toHaveLength(1)
    expect([keys.key(3), above]).toEqual([undefined, new Uint8Array(32)])
  })
})
