import { suite0001 as suite } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import type { Capabilities } from "./capabilities.ts"
import { StoredLeafNode } from "./leaf-node.ts"
import type { LeafNodeContent } from "./leaf-node.ts"
import { MemberIndex } from "./member-index.ts"
import { makeParentNode } from "./parent-node.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { testMember } from "./testing/test-member.ts"

const random = countedRandom(suite, "member index")
const NO_DATA = new Uint8Array(0)
const capabilities: Capabilities = { versions: [1], cipherSuites: [1], extensions: [], proposals: [], credentials: [1] }

/** Somebody's leaf, and how to put it into an index and take it out again. */
function leaf(changes: Partial<LeafNodeContent> = {}): {
  readonly stored: StoredLeafNode
  readonly into: (index: MemberIndex) => void
} {
  const { leafNode } = testMember(suite, random, changes)
  const stored = new StoredLeafNode(leafNode.encoded)
  return { stored, into: (index) => index.addLeaf(stored, leafNode) }
}

const supporting = (supported: Partial<Capabilities>): ReturnType<typeof leaf> =>
  leaf({ capabilities: { ...capabilities, ...supported } })

function indexOf(...leaves: readonly ReturnType<typeof leaf>[]): MemberIndex {
  const index = MemberIndex.empty(suite)
  for (const { into } of leaves) into(index)
  return index
}

const support = (index: MemberIndex, type: number): boolean[] => [
  index.everyoneSupportsExtension(type),
  index.everyoneSupportsProposal(type),
  index.everyoneSupportsCredential(type),
]

describe("what members support", () => {
  const TYPE = 0xf001

  it.each([
    ["extensions", [true, false, false]],
    ["proposals", [false, true, false]],
    ["credentials", [false, false, true]],
  ] as const)("is counted for each kind of code points by itself: %s", (kind, expected) => {
    expect(support(indexOf(supporting({ [kind]: [TYPE] })), TYPE)).toEqual(expected)
  })

  it("is what all of them list, as long as they are there", () => {
    const [one, other] = [supporting({ extensions: [TYPE] }), supporting({ proposals: [TYPE] })]
    const index = indexOf(one, other)
    expect(support(index, TYPE)).toEqual([false, false, false])
    index.removeLeaf(other.stored)
    expect(support(index, TYPE)).toEqual([true, false, false])
  })

  it("is not more where one lists a type twice", () => {
    const index = indexOf(supporting({ extensions: [TYPE, TYPE] }), supporting({}))
    expect(index.everyoneSupportsExtension(TYPE)).toBe(false)
  })

  it("are the default types without being listed, but for credentials (RFC 9420 §7.2, §11.1)", () => {
    const index = indexOf(supporting({ credentials: [] }))
    expect([1, 5, 6].map((type) => index.everyoneSupportsExtension(type))).toEqual([true, true, false])
    expect([1, 7, 8].map((type) => index.everyoneSupportsProposal(type))).toEqual([true, true, false])
    expect(index.everyoneSupportsCredential(1)).toBe(false)
  })
})

describe("the credential types of members", () => {
  it("are in use as long as somebody presents one", () => {
    const unknown = leaf({ credential: { kind: "unknown", type: 0xf001, body: NO_DATA } })
    const index = indexOf(leaf(), unknown)
    expect(index.credentialTypesInUse()).toEqual([1, 0xf001])
    index.removeLeaf(unknown.stored)
    expect(index.credentialTypesInUse()).toEqual([1])
  })
})

describe("the keys of nodes", () => {
  it("are those of leaves and of parents, as long as they are there", () => {
    const member = leaf()
    const parent = makeParentNode(random(32), NO_DATA, [])
    const index = indexOf(member)
    index.addParent(parent)
    const { encryptionKey, signatureKey } = member.stored
    const known = (): boolean[] => [
      index.hasEncryptionKey(encryptionKey),
      index.hasEncryptionKey(parent.encryptionKey),
      index.hasSignatureKey(signatureKey),
    ]
    expect(known()).toEqual([true, true, true])
    expect([index.hasEncryptionKey(signatureKey), index.hasSignatureKey(encryptionKey)]).toEqual([false, false])
    index.removeParent(parent)
    expect(known()).toEqual([true, false, true])
    index.removeLeaf(member.stored)
    expect(known()).toEqual([false, false, false])
  })

  it.each([1, 32, 64, 65, 1216])("are told apart, and found twice, when they are %d bytes long", (lengthBytes) => {
    const keys = [random(lengthBytes), random(lengthBytes)] as const
    const [one, other] = keys.map((encryptionKey) => leaf({ encryptionKey }))
    const index = indexOf(one!, other!)
    expect(index.repeatsEncryptionKey).toBe(false)
    const again = makeParentNode(keys[1], NO_DATA, [])
    index.addParent(again)
    expect(index.repeatsEncryptionKey).toBe(true)
    index.removeParent(again)
    expect([index.repeatsEncryptionKey, ...keys.map((key) => index.hasEncryptionKey(key))]).toEqual([false, true, true])
  })

  it("are repeated where two members sign with one key", () => {
    const { signatureKey } = leaf().stored
    const again = leaf({ signatureKey })
    const index = indexOf(leaf({ signatureKey }), again)
    expect([index.repeatsSignatureKey, index.repeatsEncryptionKey]).toEqual([true, false])
    index.removeLeaf(again.stored)
    expect(index.repeatsSignatureKey).toBe(false)
  })
})

describe("a fork of an index", () => {
  it("is as its origin was, and changes nothing in it", () => {
    const [alice, bob] = [supporting({ extensions: [0xf001] }), supporting({ extensions: [0xf001] })]
    const origin = indexOf(alice)
    const fork = origin.fork()
    bob.into(fork)
    fork.removeLeaf(alice.stored)
    const keys = [alice, bob].map(({ stored }) => stored)
    const seen = (index: MemberIndex): unknown => ({
      encryption: keys.map(({ encryptionKey }) => index.hasEncryptionKey(encryptionKey)),
      signature: keys.map(({ signatureKey }) => index.hasSignatureKey(signatureKey)),
      credentials: index.credentialTypesInUse(),
      support: support(index, 0xf001),
    })
    const rest = { credentials: [1], support: [true, false, false] }
    expect(seen(origin)).toEqual({ ...rest, encryption: [true, false], signature: [true, false] })
    expect(seen(fork)).toEqual({ ...rest, encryption: [false, true], signature: [false, true] })
  })
})
