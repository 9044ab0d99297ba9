import type { CipherSuite } from "@qpc/crypto"
import { suite0001 as suite } from "@qpc/crypto/node"
import { equalBytes } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { encryptWithLabel } from "./labels.ts"
import { mergePath } from "./merge-path.ts"
import type { MergedPath } from "./merge-path.ts"
import { keysOfJoiner, openPath } from "./open-path.ts"
import type { JoinerParameters } from "./open-path.ts"
import { makeParentNode } from "./parent-node.ts"
import { nodeKeyPair } from "./path-secrets.ts"
import { RatchetTree } from "./ratchet-tree.ts"
import { Party } from "./testing/party.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { threeMembers } from "./testing/three-members.ts"
import type { ThreeMembers } from "./testing/three-members.ts"
import { watchSecrets } from "./testing/watched-suite.ts"
import type { UpdatePath } from "./update-path.ts"

const random = countedRandom(suite, "open paths")

function joiner(): JoinerParameters {
  const { after, people, created } = threeMembers(suite, "join")
  const leafPrivateKey = people[2].leafKeys.privateKey.slice()
  return { tree: after, leafIndex: 2, signerLeafIndex: 0, leafPrivateKey, pathSecret: created.pathSecretFor(2) }
}

function reasonOf(parameters: JoinerParameters): string {
  const outcome = keysOfJoiner(parameters)
  return outcome.kind === "joined" ? "joined" : outcome.reason
}

/** The path of the first member, merged into the tree of the others. */
function mergedPath({ before, path }: Pick<ThreeMembers, "before" | "path">): MergedPath {
  const outcome = mergePath(before, 0, path, new Set())
  if (outcome.kind === "rejected") throw new Error(outcome.reason)
  return outcome.merged
}

function withNodes({ path, steps, added, tree }: MergedPath, nodes: UpdatePath["nodes"]): MergedPath {
  return { path: { ...path, nodes }, steps, added, tree }
}

/** Puts the key of a path secret into the root of a tree, as a committer could who derives from whatever bytes it likes. */
function showKeyOf({ tree, path }: MergedPath, pathSecret: Uint8Array): void {
  const root = makeParentNode(nodeKeyPair(suite, pathSecret).publicKey, new Uint8Array(0), [])
  const nodes = [[1, tree.parent(1)!] as const, [3, root] as const]
  tree.setPath(0, path.leafNode, new Map(nodes))
}

describe("opening a path", () => {
  it("gives the committer's secret and zeroes what it replaced", () => {
    const { before, path, states, created, after } = threeMembers(suite, "open paths")
    const outcome = mergePath(before, 0, path, new Set())
    if (outcome.kind === "rejected") throw new Error(outcome.reason)
    const opened = openPath(outcome.merged, states[1], after.treeHash())
    expect(opened).toEqual({ kind: "opened", commitSecret: created.commitSecret })
    expect(states[1].matches(suite, after)).toBe(true)
    const replaced = states[1].key(3)!
    states[1].set(3, new Uint8Array(32).fill(1))
    expect(replaced.every((byte) => byte === 0)).toBe(true)
  })

  it("refuses another group context and leaves the keys alone", () => {
    const { before, path, states } = threeMembers(suite, "open paths")
    const outcome = mergePath(before, 0, path, new Set())
    if (outcome.kind === "rejected") throw new Error(outcome.reason)
    const opened = openPath(outcome.merged, states[2], new Uint8Array(32))
    expect(opened).toEqual({ kind: "rejected", reason: "path_secret_not_decrypted" })
    expect([states[2].key(3), states[2].key(1)]).toEqual([undefined, undefined])
  })

  it("refuses a secret that does not give the keys in the tree", () => {
    const privateKeys: Uint8Array[] = []
    const spying: CipherSuite = {
      ...suite,
      kemKeyPair(seed) {
        const pair = suite.kemKeyPair(seed)
        privateKeys.push(pair.privateKey)
        return pair
      },
    }
    const { before, path, states, after } = threeMembers(spying, "open paths")
    const outcome = mergePath(before, 0, path, new Set())
    if (outcome.kind === "rejected") throw new Error(outcome.reason)
    const { tree } = outcome.merged
    const stranger = makeParentNode(suite.kemKeyPair(random(32)).publicKey, new Uint8Array(0), [])
    tree.setPath(
      0,
      path.leafNode,
      new Map([
        [1, tree.parent(1)!],
        [3, stranger],
      ]),
    )
    privateKeys.length = 0
    const opened = openPath(outcome.merged, states[2], after.treeHash())
    expect(opened).toEqual({ kind: "rejected", reason: "path_secret_mismatch" })
    expect(states[2].key(3)).toBeUndefined()
    expect(privateKeys.map((key) => key.every((byte) => byte === 0))).toEqual([true])
  })

  it("leaves no secret behind but the commit secret and the keys above the own leaf", () => {
    const { suite: watched, secretsLeft } = watchSecrets(suite)
    const members = threeMembers(watched, "open paths")
    const merged = mergedPath(members)
    const before = secretsLeft()
    const opened = openPath(merged, members.states[1], members.after.treeHash())
    if (opened.kind === "rejected") throw new Error(opened.reason)
    const left = secretsLeft().filter((secret) => !before.includes(secret))
    expect(left.toSorted(byFirstByte)).toEqual(
      [opened.commitSecret, members.states[1].key(1)!, members.states[1].key(3)!].toSorted(byFirstByte),
    )
  })

  it("is not for the committer, who is below no node beside its path", () => {
    const members = threeMembers(suite, "open paths")
    const open = (): unknown => openPath(mergedPath(members), members.states[0], members.after.treeHash())
    expect(open).toThrow(new RangeError("the own leaf is not a member besides the committer"))
  })

  it("needs a key that the path was sealed to", () => {
    const members = threeMembers(suite, "open paths")
    const merged = mergedPath(members)
    const nodes = merged.path.nodes.map((node) => ({ ...node, encryptedPathSecret: [] }))
    const unsealed = withNodes(merged, nodes)
    const refused = { kind: "rejected", reason: "path_secret_not_decrypted" }
    expect(openPath(unsealed, members.states[2], members.after.treeHash())).toEqual(refused)
  })

  it("needs a key of ours below the path, which whoever was welcomed without one may lack", () => {
    const { before, path, states } = threeMembers(suite, "open paths")
    const stranger = makeParentNode(suite.kemKeyPair(random(32)).publicKey, new Uint8Array(0), [])
    const tree = RatchetTree.build(suite, 4, {
      leafAt: (leafIndex) => before.leaf(leafIndex),
      parentAt: (nodeIndex) => (nodeIndex === 5 ? stranger : undefined),
    })
    const merged = { path, steps: tree.filteredDirectPath(0), added: new Set<number>(), tree }
    const refused = { kind: "rejected", reason: "path_secret_not_decrypted" }
    expect(openPath(merged, states[2], Uint8Array.of(1))).toEqual(refused)
  })

  it("finds our key among others that the path was sealed to", () => {
    const party = Party.of("among others", ["alice", "bob", "carol", "dave"])
    party.commit("alice")
    expect(party.group("dave").epochAuthenticator()).toEqual(party.group("carol").epochAuthenticator())
  })

  it("refuses a path secret of another length, although the tree shows its key", () => {
    const members = threeMembers(suite, "open paths")
    const reasonFor = (pathSecret: Uint8Array): string => {
      const merged = mergedPath({ ...members, before: members.before.fork() })
      showKeyOf(merged, pathSecret)
      const recipient = members.people[2].leafKeys.publicKey
      const sealed = encryptWithLabel(suite, recipient, "UpdatePathNode", Uint8Array.of(1), pathSecret, random(32))!
      const nodes = merged.path.nodes.with(1, { ...merged.path.nodes[1]!, encryptedPathSecret: [sealed] })
      const crafted = withNodes(merged, nodes)
      const opened = openPath(crafted, members.states[2].fork(), Uint8Array.of(1))
      return opened.kind === "opened" ? "opened" : opened.reason
    }
    expect([32, 31].map((lengthBytes) => reasonFor(random(lengthBytes)))).toEqual([
      "opened",
      "path_secret_not_decrypted",
    ])
  })

  it("forgets keys of nodes that are blank by then", () => {
    const members = threeMembers(suite, "open paths")
    const [, , state] = members.states
    state.set(5, random(32))
    expect(openPath(mergedPath(members), state, members.after.treeHash()).kind).toBe("opened")
    expect(state.key(5)).toBeUndefined()
  })
})

describe("joining with a path secret", () => {
  it("leaves no secret behind but the keys above the common ancestor, and borrows what it was given", () => {
    const { suite: watched, secretsLeft } = watchSecrets(suite)
    const { after, people, created } = threeMembers(watched, "join")
    const pathSecret = created.pathSecretFor(2)?.slice()
    const leafPrivateKey = people[2].leafKeys.privateKey.slice()
    const before = secretsLeft()
    const outcome = keysOfJoiner({ tree: after, leafIndex: 2, signerLeafIndex: 0, leafPrivateKey, pathSecret })
    if (outcome.kind === "rejected") throw new Error(outcome.reason)
    expect(secretsLeft().filter((secret) => !before.includes(secret))).toEqual([outcome.keys.key(3)])
    expect(pathSecret).toEqual(created.pathSecretFor(2))
  })

  it("refuses one of another length, although the tree shows its key", () => {
    const members = threeMembers(suite, "join")
    const reasonFor = (pathSecret: Uint8Array): string => {
      const merged = mergedPath({ ...members, before: members.before.fork() })
      showKeyOf(merged, pathSecret)
      return reasonOf({ ...joiner(), tree: merged.tree, pathSecret })
    }
    expect([32, 31].map((lengthBytes) => reasonFor(random(lengthBytes)))).toEqual(["joined", "path_secret_mismatch"])
  })

  it("gives the keys from the common ancestor to the root", () => {
    const { after, people, created } = threeMembers(suite, "join")
    const leafPrivateKey = people[1].leafKeys.privateKey.slice()
    const pathSecret = created.pathSecretFor(1)
    const outcome = keysOfJoiner({ tree: after, leafIndex: 1, signerLeafIndex: 0, leafPrivateKey, pathSecret })
    if (outcome.kind === "rejected") throw new Error(outcome.reason)
    expect([1, 3].map((nodeIndex) => outcome.keys.key(nodeIndex)?.length)).toEqual([32, 32])
    expect(outcome.keys.matches(suite, after)).toBe(true)
  })

  it("leaves no secret behind that does not give the keys in the tree, nor where there are none", () => {
    const { suite: watched, secretsLeft } = watchSecrets(suite)
    const { before, after, people } = threeMembers(watched, "join")
    const left = secretsLeft()
    for (const tree of [before, after]) {
      const leafPrivateKey = people[2].leafKeys.privateKey.slice()
      const about = { tree, leafIndex: 2, signerLeafIndex: 0, leafPrivateKey, pathSecret: random(32) }
      expect(keysOfJoiner(about)).toEqual({ kind: "rejected", reason: "path_secret_mismatch" })
    }
    expect(secretsLeft()).toEqual(left)
  })

  it("passes over nodes that the committer's path left out", () => {
    const party = Party.of("left out", ["alice", "bob", "carol", "dave", "erin"])
    party.commit("alice", { removes: [1, 2, 3] })
    // Frank's leaf is beside alice's; the node above theirs has nobody on its other side.
    party.add("alice", ["frank"], { forcePath: true })
    expect(party.group("frank").epochAuthenticator()).toEqual(party.group("erin").epochAuthenticator())
  })

  it("gives the keys above the common ancestor", () => {
    const parameters = joiner()
    const outcome = keysOfJoiner(parameters)
    if (outcome.kind === "rejected") throw new Error(outcome.reason)
    expect(outcome.keys.key(3)).toBeDefined()
    expect(outcome.keys.matches(suite, parameters.tree)).toBe(true)
  })

  it("refuses wrong secrets and keys, and zeroes the key it was given", () => {
    const parameters = joiner()
    expect(reasonOf({ ...parameters, pathSecret: new Uint8Array(32) })).toBe("path_secret_mismatch")
    expect(equalBytes(parameters.leafPrivateKey, new Uint8Array(32))).toBe(true)
    expect(reasonOf({ ...joiner(), pathSecret: new Uint8Array(0) })).toBe("path_secret_mismatch")
    expect(reasonOf({ ...joiner(), signerLeafIndex: 2 })).toBe("path_secret_mismatch")
    expect(reasonOf({ ...joiner(), leafPrivateKey: random(32) })).toBe("leaf_key_mismatch")
  })
})

function byFirstByte([a = 0]: Uint8Array, [b = 0]: Uint8Array): number {
  return a - b
}
