import { suite0001 as suite } from "@qpc/crypto/node"
import { encode } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { writeRequiredCapabilities } from "./capabilities.ts"
import { signLeafNode } from "./leaf-node.ts"
import type { Extension } from "./extension.ts"
import type { LeafNode } from "./leaf-node.ts"
import { makeParentNode } from "./parent-node.ts"
import { RatchetTree } from "./ratchet-tree.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { testMember } from "./testing/test-member.ts"
import { validateMembers } from "./validate-members.ts"

const random = countedRandom(suite, "validate members")
const capabilities = { versions: [1], cipherSuites: [1], extensions: [], proposals: [], credentials: [1] }

function treeOf(first: LeafNode, ...others: readonly LeafNode[]): RatchetTree {
  const tree = RatchetTree.ofCreator(suite, first)
  for (const leafNode of others) tree.addLeaf(leafNode)
  return tree
}

function requirement(types: {
  extensionTypes?: number[]
  proposalTypes?: number[]
  credentialTypes?: number[]
}): Extension[] {
  const required = { extensionTypes: [], proposalTypes: [], credentialTypes: [], ...types }
  return [{ extensionType: 3, extensionData: encode((w) => writeRequiredCapabilities(w, required)) }]
}

describe("validating members together", () => {
  const plain = testMember(suite, random).leafNode
  const able = testMember(suite, random, {
    capabilities: { ...capabilities, extensions: [0xf001], proposals: [0xf002], credentials: [1, 2] },
  }).leafNode

  it("refuses two members with one signature key", () => {
    const { signatureKeys, leafNode } = testMember(suite, random)
    const other = { ...leafNode, encryptionKey: suite.kemKeyPair(random(32)).publicKey }
    const twin = signLeafNode(suite, signatureKeys.privateKey, other)
    expect(validateMembers(treeOf(leafNode, twin), [])).toBe("duplicate_signature_key")
  })

  it("refuses two members with one encryption key", () => {
    const twin = testMember(suite, random, { encryptionKey: plain.encryptionKey }).leafNode
    expect(validateMembers(treeOf(plain, twin), [])).toBe("duplicate_encryption_key")
  })

  it("refuses a parent with the key of a member", () => {
    const tree = treeOf(plain, able)
    tree.setPath(0, plain, new Map([[1, makeParentNode(able.encryptionKey, new Uint8Array(0), [])]]))
    expect(validateMembers(tree, [])).toBe("duplicate_encryption_key")
  })

  it("refuses a credential type that somebody does not list, whoever came first", () => {
    const certified = testMember(suite, random, {
      credential: { kind: "x509", certificates: [] },
      capabilities: { ...capabilities, credentials: [2, 1] },
    }).leafNode
    expect(validateMembers(treeOf(plain, certified), [])).toBe("credential_not_supported_by_all")
    expect(validateMembers(treeOf(certified, plain), [])).toBe("credential_not_supported_by_all")
    expect(validateMembers(treeOf(certified, able), [])).toBeUndefined()
  })

  it("refuses a group extension that somebody does not list", () => {
    const extensions = [{ extensionType: 0xf001, extensionData: new Uint8Array(0) }]
    expect(validateMembers(treeOf(able, plain), extensions)).toBe("extension_not_supported_by_all")
    expect(validateMembers(treeOf(able), extensions)).toBeUndefined()
  })

  it.each([{ extensionTypes: [0xf001] }, { proposalTypes: [0xf002] }, { credentialTypes: [2] }])(
    "refuses members without what the group requires: %o",
    (types) => {
      expect(validateMembers(treeOf(able, plain), requirement(types))).toBe("required_capability_missing")
      expect(validateMembers(treeOf(able), requirement(types))).toBeUndefined()
    },
  )

  it("takes default types as supported by all", () => {
    const types = { extensionTypes: [1, 2, 3, 4, 5], proposalTypes: [1, 7], credentialTypes: [1] }
    expect(validateMembers(treeOf(able, plain), requirement(types))).toBeUndefined()
  })

  it("refuses requirements that do not decode", () => {
    const extensions = [{ extensionType: 3, extensionData: Uint8Array.of(1) }]
    expect(validateMembers(treeOf(plain), extensions)).toBe("required_capabilities_malformed")
  })
})
