import { suite0001 as suite } from "@qpc/crypto/node"
import { encode, equalBytes, toHex } from "@qpc/wire"
import type { Random } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { createPath } from "./create-path.ts"
import { makeGroupContext } from "./group-context.ts"
import { decodeLeafNode, signLeafNode } from "./leaf-node.ts"
import type { LeafNode } from "./leaf-node.ts"
import { mergePath } from "./merge-path.ts"
import { keysOfJoiner, openPath } from "./open-path.ts"
import { makeParentNode } from "./parent-node.ts"
import { RatchetTree } from "./ratchet-tree.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { ModelTree } from "./testing/model-tree.ts"
import type { ModelNode } from "./testing/model-tree.ts"
import { testMember } from "./testing/test-member.ts"
import type { TestMember } from "./testing/test-member.ts"
import { decodeRatchetTree, encodeRatchetTree } from "./tree-codec.ts"
import type { TreePrivateState } from "./tree-private-state.ts"
import { decodeUpdatePath, writeUpdatePath } from "./update-path.ts"
import { validateLeafNode } from "./validate-leaf-node.ts"
import { validateTree } from "./validate-tree.ts"

const groupId = Uint8Array.of(7, 7)

/** One step of a history; numbers pick members, modulo how many there are. */
interface Step {
  readonly committer: number
  readonly addCount: number
  readonly removes: readonly number[]
  readonly updates: readonly number[]
  readonly hasPath: boolean
}

interface Participant {
  readonly member: TestMember
  state: TreePrivateState
}

const contextAround = (treeHash: Uint8Array): Uint8Array =>
  makeGroupContext({
    cipherSuite: suite.id,
    groupId,
    epoch: 1n,
    treeHash,
    confirmedTranscriptHash: new Uint8Array(32),
    extensions: [],
  }).encoded

/** A group without messages: the tree, its model, and everyone's private keys. */
class History {
  readonly random: Random
  tree: RatchetTree
  readonly model: ModelTree
  readonly participants = new Map<number, Participant>()

  constructor(seed: string) {
    this.random = countedRandom(suite, seed)
    const creator = testMember(suite, this.random)
    this.tree = RatchetTree.ofCreator(suite, creator.leafNode)
    this.model = new ModelTree(suite, [modelLeaf(creator.leafNode)])
    this.#welcome(0, creator, 0, undefined)
  }

  commit(step: Step): void {
    const present = [...this.participants.keys()].toSorted((a, b) => a - b)
    const pick = (number: number): number => present.at(number % present.length)!
    const committer = pick(step.committer)
    const removed = new Set(step.removes.map(pick).filter((leafIndex) => leafIndex !== committer))
    const updated = new Set(
      step.updates.map(pick).filter((leafIndex) => leafIndex !== committer && !removed.has(leafIndex)),
    )
    const next = this.tree.fork()

    for (const leafIndex of updated) this.#update(next, leafIndex)
    for (const leafIndex of removed) {
      next.removeLeaf(leafIndex)
      this.model.remove(leafIndex)
      this.participants.get(leafIndex)!.state[Symbol.dispose]()
      this.participants.delete(leafIndex)
    }
    const newcomers = Array.from({ length: step.addCount }, () => testMember(suite, this.random))
    const added = new Map(newcomers.map((newcomer) => [this.#add(next, newcomer), newcomer]))
    if (step.hasPath) {
      this.#path(next, committer, added)
    } else {
      for (const { state } of this.participants.values()) state.forgetBlank(next)
      this.tree = next
      for (const [leafIndex, newcomer] of added) this.#welcome(leafIndex, newcomer, committer, undefined)
    }
  }

  #update(next: RatchetTree, leafIndex: number): void {
    const { member, state } = this.participants.get(leafIndex)!
    const leafKeys = suite.kemKeyPair(this.random(32))
    const content = {
      ...member.leafNode,
      encryptionKey: leafKeys.publicKey,
      leafNodeSource: { kind: "update" } as const,
    }
    const leafNode = signLeafNode(suite, member.signatureKeys.privateKey, content, { groupId, leafIndex })
    next.updateLeaf(leafIndex, leafNode)
    this.model.update(leafIndex, modelLeaf(leafNode))
    state.set(2 * leafIndex, leafKeys.privateKey)
  }

  #add(next: RatchetTree, newcomer: TestMember): number {
    const leafIndex = next.addLeaf(newcomer.leafNode)
    expect(this.model.add(modelLeaf(newcomer.leafNode))).toBe(leafIndex)
    return leafIndex
  }

  #path(next: RatchetTree, committer: number, added: ReadonlyMap<number, TestMember>): void {
    const { member, state } = this.participants.get(committer)!
    const addedLeaves = new Set(added.keys())
    const receiversTree = next.fork()
    using created = createPath({
      tree: next,
      keys: state,
      groupId,
      leaf: member.leafNode,
      signaturePrivateKey: member.signatureKeys.privateKey,
      added: addedLeaves,
      groupContext: contextAround,
      random: this.random,
    })
    const path = decodeUpdatePath(encode((writer) => writeUpdatePath(writer, created.updatePath)))
    const copaths = this.model
      .filteredDirectPath(committer)
      .map((above) => this.model.childBeside(above, 2 * committer))
    const recipients = copaths.map((copath) => this.model.resolution(copath).filter((at) => !addedLeaves.has(at / 2)))
    expect(path.nodes.map((node) => node.encryptedPathSecret.length)).toEqual(recipients.map((nodes) => nodes.length))
    this.model.setPath(
      committer,
      modelLeaf(path.leafNode),
      path.nodes.map((node) => node.encryptionKey),
    )

    const expectation = { source: "commit", place: { groupId, leafIndex: committer }, lifetime: undefined } as const
    const leaf = validateLeafNode(suite, path.leafNode, expectation)
    if (leaf.kind === "rejected") throw new Error(leaf.reason)
    const outcome = mergePath(receiversTree, committer, { ...path, leafNode: leaf.leafNode }, addedLeaves)
    if (outcome.kind === "rejected") throw new Error(outcome.reason)
    for (const [leafIndex, receiver] of this.participants) {
      if (leafIndex === committer) continue
      const opened = openPath(outcome.merged, receiver.state, contextAround(receiversTree.treeHash()))
      expect(opened).toEqual({ kind: "opened", commitSecret: created.commitSecret })
    }
    this.tree = receiversTree
    expect(toHex(next.treeHash())).toBe(toHex(receiversTree.treeHash()))
    for (const [leafIndex, newcomer] of added) {
      this.#welcome(leafIndex, newcomer, committer, created.pathSecretFor(leafIndex))
    }
  }

  #welcome(leafIndex: number, member: TestMember, signerLeafIndex: number, pathSecret: Uint8Array | undefined): void {
    const leafPrivateKey = member.leafKeys.privateKey.slice()
    const joined = keysOfJoiner({ tree: this.tree, leafIndex, leafPrivateKey, signerLeafIndex, pathSecret })
    if (joined.kind === "rejected") throw new Error(joined.reason)
    this.participants.set(leafIndex, { member, state: joined.keys })
  }
}

function modelLeaf({ encoded, leafNodeSource }: LeafNode): ModelNode {
  return { kind: "leaf", encoded, parentHash: leafNodeSource.kind === "commit" ? leafNodeSource.parentHash : undefined }
}

function expectToAgree({ tree, model, participants }: History): void {
  expect(toHex(encodeRatchetTree(tree))).toBe(toHex(model.encode()))
  expect(toHex(tree.treeHash())).toBe(toHex(model.hash()))
  const nodes = Array.from({ length: tree.nodeWidth }, (_, nodeIndex) => nodeIndex)
  expect(nodes.map((node) => tree.resolution(node))).toEqual(nodes.map((node) => model.resolution(node)))
  expect([...tree.members()].map(({ leafIndex }) => leafIndex)).toEqual(
    [...participants.keys()].toSorted((a, b) => a - b),
  )
  for (const leafIndex of participants.keys()) {
    const path = tree.filteredDirectPath(leafIndex).map((step) => step.nodeIndex)
    expect(path).toEqual(model.filteredDirectPath(leafIndex))
  }
  const fromScratch = decodeRatchetTree(model.encode(), suite)
  expect(toHex(fromScratch.treeHash())).toBe(toHex(tree.treeHash()))
  const expectation = { groupId, treeHash: model.hash(), extensions: [], lifetime: undefined }
  expect(validateTree(fromScratch, expectation).kind).toBe("valid")
  expect(model.isParentHashValid()).toBe(true)
}

function expectKeysToMatch({ tree, model, participants }: History): void {
  for (const [leafIndex, { state }] of participants) {
    expect(state.matches(suite, tree)).toBe(true)
    for (const above of model.ancestors(2 * leafIndex)) {
      const node = model.nodes[above]
      const isKnown = node?.kind === "parent" && !node.unmerged.includes(leafIndex)
      // The tree invariant (RFC 9420 §4.2): a member knows the keys above it, but for those it is unmerged in.
      expect(state.key(above) !== undefined).toBe(isKnown)
    }
  }
}

const picks = fc.array(fc.nat(1000), { maxLength: 2 })
const step: fc.Arbitrary<Step> = fc.record({
  committer: fc.nat(1000),
  addCount: fc.integer({ min: 0, max: 3 }),
  removes: picks,
  updates: picks,
  hasPath: fc.boolean(),
})

describe("ratchet tree", () => {
  it("agrees with a slow model and gives all members the same secrets, whatever the history", () => {
    const steps = fc.array(step, { minLength: 6, maxLength: 14, size: "max" })
    fc.assert(
      fc.property(steps, fc.nat(), (history, seed) => {
        const group = new History(String(seed))
        for (const { removes, ...rest } of history) {
          // Removing needs a path (RFC 9420 §12.4), and so does updating, or a removed member could follow.
          const hasPath = rest.hasPath || removes.length > 0 || rest.updates.length > 0
          const before = group.tree
          const encodedBefore = encodeRatchetTree(before)
          const indexBefore = before.index.hasEncryptionKey(before.leaf(0)?.encryptionKey ?? groupId)
          group.commit({ ...rest, removes, hasPath })
          expectToAgree(group)
          expectKeysToMatch(group)
          expect(equalBytes(encodeRatchetTree(before), encodedBefore)).toBe(true)
          expect(before.index.hasEncryptionKey(before.leaf(0)?.encryptionKey ?? groupId)).toBe(indexBefore)
        }
      }),
      { numRuns: 25 },
    )
  })

  it("keeps parent hashes valid when somebody is unmerged in a parent and in its child", () => {
    const group = new History("unmerged")
    const quiet = { removes: [], updates: [], hasPath: true }
    group.commit({ ...quiet, committer: 0, addCount: 6 })
    group.commit({ ...quiet, committer: 4, addCount: 0 })
    group.commit({ ...quiet, committer: 0, addCount: 0 })
    group.commit({ ...quiet, committer: 0, addCount: 1, hasPath: false })
    expect([group.tree.parent(7)?.unmergedLeaves, group.tree.parent(11)?.unmergedLeaves]).toEqual([[7], [7]])
    expectToAgree(group)
    group.commit({ ...quiet, committer: 0, addCount: 0 })
    expectToAgree(group)
    expectKeysToMatch(group)
  })

  it("lists unmerged leaves in order wherever the newcomer finds room", () => {
    const parent = makeParentNode(groupId, groupId, [3])
    const tree = RatchetTree.build(suite, 4, {
      leafAt: (leafIndex) => (leafIndex === 1 ? undefined : POOL[leafIndex]),
      parentAt: (nodeIndex) => (nodeIndex === 3 ? parent : undefined),
    })
    expect(tree.addLeaf(POOL.at(1)!)).toBe(1)
    expect(tree.parent(3)?.unmergedLeaves).toEqual([1, 3])
  })

  it("knows after any history exactly the keys that are in it", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 60, maxLength: 60 }), (numbers) => {
        const random = countedRandom(suite, "index")
        const pool = POOL
        const present = new Map<number, LeafNode>([[0, pool.at(0)!]])
        let tree = RatchetTree.ofCreator(suite, pool.at(0)!)
        for (const number of numbers) {
          tree = tree.fork()
          const leaves = [...present.keys()]
          if (number >= 0) {
            const leafNode = pool.at((random(1).at(0) ?? 0) % pool.length)!
            present.set(tree.addLeaf(leafNode), leafNode)
          } else if (leaves.length > 1) {
            const leafIndex = leaves.at(-number % leaves.length)!
            tree.removeLeaf(leafIndex)
            present.delete(leafIndex)
          }
          const names = [...present.values()].map((leafNode) => toHex(leafNode.signatureKey))
          expect(tree.index.repeatsSignatureKey).toBe(new Set(names).size < names.length)
          expect(tree.index.repeatsEncryptionKey).toBe(new Set(names).size < names.length)
          const known = pool.filter(({ signatureKey }) => tree.index.hasSignatureKey(signatureKey))
          expect(new Set(known.map(({ signatureKey }) => toHex(signatureKey)))).toEqual(new Set(names))
          const everyone = [...present.values()].every(({ capabilities }) => capabilities.extensions.includes(0xf001))
          expect(tree.index.everyoneSupportsExtension(0xf001)).toBe(everyone)
        }
      }),
      { numRuns: 25 },
    )
  })

  it("refuses to grow beyond its limit", () => {
    const tree = RatchetTree.ofCreator(suite, POOL.at(0)!, 2)
    tree.addLeaf(POOL.at(1)!)
    expect(tree.hasRoomFor(1)).toBe(false)
    expect(() => tree.addLeaf(POOL.at(2)!)).toThrow(RangeError)
    expect(tree.memberCount).toBe(2)
  })

  it("does not change or remove a leaf that is blank", () => {
    const tree = RatchetTree.ofCreator(suite, POOL.at(0)!)
    expect(() => tree.updateLeaf(1, POOL.at(1)!)).toThrow(RangeError)
    expect(() => tree.removeLeaf(1)).toThrow(RangeError)
  })

  it("keeps a leaf node apart from the message it came in", () => {
    const message = Uint8Array.of(0, ...POOL.at(1)!.encoded, 0)
    const tree = RatchetTree.ofCreator(suite, POOL.at(0)!)
    tree.addLeaf(leafIn(message))
    const hash = toHex(tree.treeHash())
    message.fill(0)
    const again = decodeRatchetTree(encodeRatchetTree(tree), suite)
    expect(toHex(again.treeHash())).toBe(hash)
  })

  it("hashes only what changed", () => {
    let hashes = 0
    const counting = { ...suite, hash: (data: Uint8Array) => (hashes++, suite.hash(data)) }
    const tree = RatchetTree.build(counting, 64, { leafAt: (at) => POOL[at % POOL.length], parentAt: () => undefined })
    tree.treeHash()
    const fork = tree.fork()
    fork.updateLeaf(5, POOL.at(0)!)
    hashes = 0
    fork.treeHash()
    tree.treeHash()
    // Seven nodes from the leaf to the root, and the leaf beside it, whose hash is not kept.
    expect(hashes).toBe(8)
  })
})

const POOL: readonly LeafNode[] = Array.from({ length: 8 }, (_, at) => {
  const capabilities = {
    versions: [1],
    cipherSuites: [1],
    extensions: at % 4 === 3 ? [] : [0xf001],
    proposals: [],
    credentials: [1],
  }
  return testMember(suite, countedRandom(suite, `pool ${at}`), { capabilities }).leafNode
})

function leafIn(message: Uint8Array): LeafNode {
  return decodeLeafNode(message.subarray(1, -1))
}
