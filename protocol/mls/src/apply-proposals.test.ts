import { suite0001 as suite } from "@qpc/crypto/node"
import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { applyProposals, memberAt } from "./apply-proposals.ts"
import type { AppliedProposals, LeafJudgement } from "./apply-proposals.ts"
import type { CredentialReason, PresentedCredential } from "./credential-validator.ts"
import { EXTENSION_TYPES } from "./extension.ts"
import { makeGroupContext } from "./group-context.ts"
import { signKeyPackage } from "./key-package.ts"
import type { KeyPackage } from "./key-package.ts"
import { signLeafNode } from "./leaf-node.ts"
import type { LeafNode, LeafNodeContent } from "./leaf-node.ts"
import { makeParentNode } from "./parent-node.ts"
import { RatchetTree } from "./ratchet-tree.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { TEST_NOW_MS, testMember, withBrokenSignature } from "./testing/test-member.ts"
import type { SortedProposals } from "./validate-proposals.ts"

const random = countedRandom(suite, "apply proposals")
const NO_DATA = new Uint8Array(0)
const groupId = toUtf8("group")
const TYPE = 0xf001
const understood = { versions: [1], cipherSuites: [1], extensions: [TYPE], proposals: [TYPE], credentials: [1] }
const ignored = { ...understood, extensions: [], proposals: [] }
const people = Array.from({ length: 3 }, () => testMember(suite, random, { capabilities: understood }))
const [alice, bob, carol] = people.map(({ leafNode }) => leafNode) as [LeafNode, LeafNode, LeafNode]
const extensions = [{ extensionType: EXTENSION_TYPES.applicationId, extensionData: toUtf8("id") }]
const context = makeGroupContext({
  cipherSuite: suite.id,
  groupId,
  epoch: 5n,
  treeHash: NO_DATA,
  confirmedTranscriptHash: NO_DATA,
  extensions,
})
const NOTHING: SortedProposals = {
  extensions: undefined,
  updates: [],
  removes: [],
  adds: [],
  psks: [],
  externalInit: undefined,
  reinit: undefined,
  custom: [],
  requiresPath: false,
}

/** Alice, bob and carol, with keys above all of them. */
function threeLeaves(leavesLimit = 4): RatchetTree {
  const parents = [1, 3].map((nodeIndex) => [nodeIndex, makeParentNode(random(32), NO_DATA, [])] as const)
  const leaves = [alice, bob, carol]
  const content = {
    leafAt: (leafIndex: number) => leaves[leafIndex],
    parentAt: (nodeIndex: number) => new Map(parents).get(nodeIndex),
  }
  return RatchetTree.build(suite, 3, content, leavesLimit)
}

/** Puts questions to nobody, or notes them and refuses with a reason. */
function judging(
  reason?: CredentialReason,
): LeafJudgement & { readonly questions: Omit<PresentedCredential, "nowMs">[] } {
  const questions: Omit<PresentedCredential, "nowMs">[] = []
  const judge = (presented: Omit<PresentedCredential, "nowMs">): CredentialReason | undefined => {
    questions.push(presented)
    return reason
  }
  return { lifetime: { nowMs: TEST_NOW_MS }, judge, questions }
}

function outcomeOf(
  sorted: Partial<SortedProposals>,
  {
    tree = threeLeaves(),
    judgement = judging(),
  }: { readonly tree?: RatchetTree; readonly judgement?: LeafJudgement } = {},
): AppliedProposals | string {
  const before = tree.treeHash()
  const outcome = applyProposals({ tree, context }, { ...NOTHING, ...sorted }, judgement)
  expect(tree.treeHash()).toEqual(before)
  return outcome
}

function applied(...about: Parameters<typeof outcomeOf>): AppliedProposals {
  const outcome = outcomeOf(...about)
  if (typeof outcome === "string") throw new Error(outcome)
  return outcome
}

function updateOf(leafIndex: 0 | 1 | 2, changes: Partial<LeafNodeContent> = {}): LeafNode {
  const { leafNode, signatureKeys } = people[leafIndex]!
  const encryptionKey = suite.kemKeyPair(random(32)).publicKey
  const content = { ...leafNode, encryptionKey, leafNodeSource: { kind: "update" } as const, ...changes }
  return signLeafNode(suite, signatureKeys.privateKey, content, { groupId, leafIndex })
}

function newcomer(changes: Partial<LeafNodeContent> = {}): KeyPackage {
  const { leafNode, signatureKeys } = testMember(suite, random, { capabilities: understood, ...changes })
  const initKey = suite.kemKeyPair(random(32)).publicKey
  return signKeyPackage(suite, signatureKeys.privateKey, { initKey, leafNode, extensions: [] })
}

const refusedBy = (reason: CredentialReason): { readonly judgement: LeafJudgement } => ({
  judgement: judging(reason),
})

describe("applying proposals", () => {
  it("changes nothing where there are none", () => {
    const tree = threeLeaves()
    const { tree: after, ...rest } = applied({}, { tree })
    expect(after).not.toBe(tree)
    expect(after.treeHash()).toEqual(tree.treeHash())
    expect(rest).toEqual({ extensions, added: [], removed: [], updatedLeaves: [] })
  })

  it("replaces the leaf of an Update and blanks the nodes above it (RFC 9420 §12.1.2)", () => {
    const leafNode = updateOf(2)
    const judgement = judging()
    const { tree, updatedLeaves } = applied({ updates: [{ leafIndex: 2, leafNode }] }, { judgement })
    expect(tree.leaf(2)).toEqual(leafNode)
    expect([tree.parent(1), tree.parent(3)].map((node) => node !== undefined)).toEqual([true, false])
    expect(updatedLeaves).toEqual([2])
    const { credential, signatureKey } = leafNode
    expect(judgement.questions).toEqual([{ credential, signatureKey, place: "update", predecessor: carol }])
  })

  it("removes members, and tells who they were (RFC 9420 §12.1.3)", () => {
    const { tree, removed } = applied({ removes: [1] })
    expect([0, 1, 2].map((leafIndex) => tree.leaf(leafIndex))).toEqual([alice, undefined, carol])
    expect([tree.parent(1), tree.parent(3)]).toEqual([undefined, undefined])
    const { credential, signatureKey } = bob
    expect(removed).toEqual([{ leafIndex: 1, credential, signatureKey, extensions: [] }])
  })

  it("adds members after others were removed, at the leftmost free leaves (RFC 9420 §12.3)", () => {
    const adds = [newcomer(), newcomer()]
    const judgement = judging()
    const { tree, added } = applied({ removes: [1], adds }, { judgement })
    expect([1, 3].map((leafIndex) => tree.leaf(leafIndex))).toEqual(adds.map(({ leafNode }) => leafNode))
    expect(added).toEqual([
      { leafIndex: 1, keyPackage: adds[0] },
      { leafIndex: 3, keyPackage: adds[1] },
    ])
    const asked = adds.map(({ leafNode: { credential, signatureKey } }) => {
      return { credential, signatureKey, place: "add", predecessor: undefined }
    })
    expect(judgement.questions).toEqual(asked)
  })

  it("takes new extensions in place of the old ones", () => {
    expect(applied({ extensions: [] }).extensions).toEqual([])
  })

  it("needs a custom proposal to be understood by those who stay, and not by those who come or go", () => {
    const custom = [{ type: TYPE, body: NO_DATA, sender: { kind: "member", leafIndex: 0 } as const }]
    const tree = threeLeaves()
    tree.updateLeaf(1, testMember(suite, random, { capabilities: ignored }).leafNode)
    expect(outcomeOf({ custom }, { tree })).toBe("proposal_not_supported_by_all")
    const adds = [newcomer({ capabilities: ignored })]
    expect(applied({ custom, removes: [1], adds }, { tree }).added).toHaveLength(1)
  })
})

describe("proposals are not applied", () => {
  it("where an Update is of a blank leaf", () => {
    const tree = threeLeaves()
    tree.removeLeaf(1)
    expect(outcomeOf({ updates: [{ leafIndex: 1, leafNode: updateOf(1) }] }, { tree })).toBe("update_of_blank_leaf")
  })

  it("where an Update is for another place, or none", () => {
    const outcomes = [updateOf(1), carol].map((leafNode) => outcomeOf({ updates: [{ leafIndex: 2, leafNode }] }))
    expect(outcomes).toEqual(["leaf_signature_invalid", "leaf_source_mismatch"])
  })

  it.each([
    ["the leaf's own", carol.encryptionKey],
    ["another member's", alice.encryptionKey],
    ["that of a node above", undefined],
  ])("where an Update takes a key that is in the tree: %s", (_, key) => {
    const tree = threeLeaves()
    const leafNode = updateOf(2, { encryptionKey: key ?? tree.parent(3)!.encryptionKey })
    expect(outcomeOf({ updates: [{ leafIndex: 2, leafNode }] }, { tree })).toBe("update_key_not_fresh")
  })

  it("where a new credential is refused: in an Update, in a key package, of an external sender", () => {
    const updates = [{ leafIndex: 2, leafNode: updateOf(2) }]
    const senders = [
      { extensionType: EXTENSION_TYPES.externalSenders, extensionData: Uint8Array.of(6, 1, 1, 0, 1, 1, 1) },
    ]
    const reason = "credential_revoked"
    expect(outcomeOf({ updates }, refusedBy(reason))).toBe(reason)
    expect(outcomeOf({ adds: [newcomer()] }, refusedBy(reason))).toBe(reason)
    expect(outcomeOf({ extensions: senders }, refusedBy(reason))).toBe(reason)
    expect(applied({ extensions: senders }).extensions).toBe(senders)
  })

  it("where a key package is invalid, also by the clock that was passed", () => {
    const { signatureKeys } = testMember(suite, random)
    const initKey = suite.kemKeyPair(random(32)).publicKey
    const leafNode = withBrokenSignature(alice)
    const broken = signKeyPackage(suite, signatureKeys.privateKey, { initKey, leafNode, extensions: [] })
    expect(outcomeOf({ adds: [broken] })).toBe("leaf_signature_invalid")
    const late = { ...judging(), lifetime: { nowMs: 2 * TEST_NOW_MS } }
    expect(outcomeOf({ adds: [newcomer()] }, { judgement: late })).toBe("leaf_lifetime_expired")
  })

  it("where the group is full, until somebody goes", () => {
    const tree = threeLeaves(3)
    expect(outcomeOf({ adds: [newcomer()] }, { tree })).toBe("group_full")
    expect(applied({ removes: [0], adds: [newcomer()] }, { tree }).added).toHaveLength(1)
  })

  it("where the members would not make up a group together", () => {
    const again = newcomer()
    expect(outcomeOf({ adds: [again, again] }, { tree: threeLeaves(5) })).toBe("duplicate_encryption_key")
    const extension = { extensionType: TYPE, extensionData: NO_DATA }
    expect(applied({ extensions: [extension] }).extensions).toEqual([extension])
    const adds = [newcomer({ capabilities: ignored })]
    expect(outcomeOf({ extensions: [extension], adds })).toBe("extension_not_supported_by_all")
  })

  it("where new external senders do not decode", () => {
    const extension = { extensionType: EXTENSION_TYPES.externalSenders, extensionData: Uint8Array.of(1) }
    expect(outcomeOf({ extensions: [extension] })).toBe("external_senders_malformed")
  })
})

describe("a member at a leaf", () => {
  it("is whoever is there", () => {
    const { credential, signatureKey } = bob
    expect(memberAt(threeLeaves(), 1)).toEqual({ leafIndex: 1, credential, signatureKey, extensions: [] })
    expect(() => memberAt(threeLeaves(), 3)).toThrow("unreachable: leaf 3 is blank")
  })
})
