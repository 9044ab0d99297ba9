import { suite0001 as suite } from "@qpc/crypto/node"
import { DecodeError } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { decodeLeafNode, signLeafNode } from "./leaf-node.ts"
import type { LeafNodeContent } from "./leaf-node.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { TEST_NOW_MS, testMember } from "./testing/test-member.ts"
import { validateLeafNode } from "./validate-leaf-node.ts"
import type { LeafNodeExpectation } from "./validate-leaf-node.ts"

const random = countedRandom(suite, "validate leaf nodes")
const groupId = Uint8Array.of(1, 2, 3)
const DAY_MS = 86_400_000
const inPackage: LeafNodeExpectation = { source: "key_package", lifetime: { nowMs: TEST_NOW_MS } }
const capabilities = { versions: [1], cipherSuites: [1], extensions: [], proposals: [], credentials: [1] }
const seconds = (days: number): bigint => BigInt(TEST_NOW_MS / 1000 + days * 86_400)

function leafReason(changes: Partial<LeafNodeContent>, expectation: LeafNodeExpectation = inPackage): string {
  const outcome = validateLeafNode(suite, testMember(suite, random, changes).leafNode, expectation)
  return outcome.kind === "valid" ? "valid" : outcome.reason
}

function reasonOf(from: number, to: number): string {
  const lifetime = { notBefore: seconds(from), notAfter: seconds(to) }
  const policy = { source: "key_package", lifetime: { nowMs: undefined } } as const
  return leafReason({ leafNodeSource: { kind: "key_package", lifetime } }, policy)
}

describe("validating a leaf node", () => {
  it("accepts an honest one from a key package", () => {
    expect(leafReason({})).toBe("valid")
  })

  it.each<[string, Partial<LeafNodeContent>]>([
    ["leaf_version_unsupported", { capabilities: { ...capabilities, versions: [2] } }],
    ["leaf_cipher_suite_unsupported", { capabilities: { ...capabilities, cipherSuites: [2, 0x0a0a] } }],
    ["leaf_credential_unsupported", { capabilities: { ...capabilities, credentials: [2] } }],
    ["leaf_extension_unsupported", { extensions: [{ extensionType: 0xf001, extensionData: new Uint8Array(0) }] }],
    ["leaf_encryption_key_unusable", { encryptionKey: new Uint8Array(32) }],
    ["leaf_encryption_key_unusable", { encryptionKey: new Uint8Array(31) }],
    ["leaf_signature_invalid", { signatureKey: new Uint8Array(32) }],
    ["leaf_source_mismatch", { leafNodeSource: { kind: "key_package", lifetime: { notBefore: 0n, notAfter: 1n } } }],
  ])("refuses with %s", (reason, changes) => {
    const expectation = reason === "leaf_source_mismatch" ? ({ ...inPackage, source: "update" } as const) : inPackage
    expect(leafReason(changes, expectation)).toBe(reason)
  })

  it.each([
    ["leaf_lifetime_expired", 0, 1],
    ["leaf_lifetime_not_begun", 1, 3],
    ["leaf_lifetime_too_long", -1, 367],
    ["leaf_lifetime_reversed", 5, -5],
    ["valid", 0, 366],
  ])("says %s of a lifetime from day %d to day %d, two days in", (reason, from, to) => {
    const lifetime = { notBefore: seconds(from), notAfter: seconds(to) }
    const nowMs = TEST_NOW_MS + (reason === "leaf_lifetime_not_begun" ? 0 : 2 * DAY_MS)
    const policy = { source: "key_package", lifetime: { nowMs } } as const
    expect(leafReason({ leafNodeSource: { kind: "key_package", lifetime } }, policy)).toBe(reason)
  })

  it("judges without a clock how long a lifetime is, and not where it lies", () => {
    expect([reasonOf(-4000, -3900), reasonOf(1, 1), reasonOf(0, 366), reasonOf(0, 367), reasonOf(1, 0)]).toEqual([
      "valid",
      "valid",
      "valid",
      "leaf_lifetime_too_long",
      "leaf_lifetime_reversed",
    ])
  })

  it("refuses a leaf that was signed for another place or another group", () => {
    const { signatureKeys, leafNode } = testMember(suite, random)
    const content = { ...leafNode, leafNodeSource: { kind: "update" } } as const
    const signed = signLeafNode(suite, signatureKeys.privateKey, content, { groupId, leafIndex: 1 })
    const at = (place: { groupId: Uint8Array; leafIndex: number }): string =>
      validateLeafNode(suite, signed, { source: "update", place, lifetime: undefined }).kind
    expect(at({ groupId, leafIndex: 1 })).toBe("valid")
    expect(at({ groupId, leafIndex: 2 })).toBe("rejected")
    expect(at({ groupId: Uint8Array.of(9), leafIndex: 1 })).toBe("rejected")
  })

  it("refuses a leaf of which any byte was changed", () => {
    const { leafNode } = testMember(suite, random)
    for (let at = 0; at < leafNode.encoded.length; at++) {
      const bytes = leafNode.encoded.with(at, leafNode.encoded.at(at)! ^ 0x55)
      let outcome: { readonly kind: string }
      try {
        outcome = validateLeafNode(suite, decodeLeafNode(bytes), inPackage)
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError)
        continue
      }
      expect(outcome.kind).toBe("rejected")
    }
  })
})
