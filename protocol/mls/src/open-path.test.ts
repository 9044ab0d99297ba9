import type { CipherSuite } from "@qpc/crypto"
import { suite0001 as suite } from "@qpc/crypto/node"
import { equalBytes } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { mergePath } from "./merge-path.ts"
import { keysOfJoiner, openPath } from "./open-path.ts"
import type { JoinerParameters } from "./open-path.ts"
import { makeParentNode } from "./parent-node.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { threeMembers } from "./testing/three-members.ts"

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
})

describe("joining with a path secret", () => {
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
