import { suite0001 as suite } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { decodeKeyPackage, keyPackageRef, signKeyPackage } from "./key-package.ts"
import { signLeafNode } from "./leaf-node.ts"
import type { LeafNode } from "./leaf-node.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { TEST_NOW_MS, testMember, withBrokenSignature } from "./testing/test-member.ts"
import { validateKeyPackage, verifyKeyPackage } from "./validate-key-package.ts"

const random = countedRandom(suite, "validate key packages")
const groupId = Uint8Array.of(1, 2, 3)
const DAY_MS = 86_400_000

function verdict(bytes: Uint8Array): string {
  const outcome = validateKeyPackage(suite, Uint8Array.of(0, 1, 0, 5, ...bytes), TEST_NOW_MS)
  return outcome.kind === "valid" ? "valid" : outcome.reason
}

describe("validating a key package", () => {
  const owner = testMember(suite, random)
  const initKey = suite.kemKeyPair(random(32)).publicKey
  const sign = (changes: { initKey?: Uint8Array; leafNode?: LeafNode } = {}): Uint8Array =>
    signKeyPackage(suite, owner.signatureKeys.privateKey, {
      initKey,
      leafNode: owner.leafNode,
      extensions: [],
      ...changes,
    }).encoded
  const patched = (at: number, value: number): Uint8Array => sign().with(at, value)

  it("accepts an honest one, in bytes of its own, with its reference", () => {
    const bytes = Uint8Array.of(0, 1, 0, 5, ...sign())
    const outcome = validateKeyPackage(suite, bytes, TEST_NOW_MS)
    bytes.fill(0)
    if (outcome.kind === "rejected") throw new Error(outcome.reason)
    expect(outcome.signatureKey).toEqual(owner.leafNode.signatureKey)
    expect(outcome.ref).toEqual(keyPackageRef(suite, decodeKeyPackage(sign())))
  })

  it.each([
    ["key_package_malformed", () => new Uint8Array(3)],
    ["key_package_malformed", () => Uint8Array.of(...sign(), 0)],
    ["key_package_version", () => patched(1, 2)],
    ["key_package_cipher_suite", () => patched(3, 2)],
    ["key_package_init_key_reused", () => sign({ initKey: owner.leafNode.encryptionKey })],
    ["key_package_init_key_unusable", () => sign({ initKey: new Uint8Array(32) })],
    ["leaf_source_mismatch", () => sign({ leafNode: updateLeaf() })],
    ["leaf_signature_invalid", () => sign({ leafNode: withBrokenSignature(owner.leafNode) })],
    ["key_package_signature_invalid", () => sign({ leafNode: testMember(suite, random).leafNode })],
  ])("refuses with %s", (reason, bytes) => {
    expect(verdict(bytes())).toBe(reason)
  })

  it("refuses an expired one, unless the lifetime is of no interest", () => {
    const keyPackage = decodeKeyPackage(sign())
    const later = { nowMs: TEST_NOW_MS + 2 * DAY_MS }
    expect(verifyKeyPackage(suite, keyPackage, later)).toEqual({ kind: "rejected", reason: "leaf_lifetime_expired" })
    expect(verifyKeyPackage(suite, keyPackage, undefined).kind).toBe("valid")
  })

  function updateLeaf(): LeafNode {
    const content = { ...owner.leafNode, leafNodeSource: { kind: "update" } } as const
    return signLeafNode(suite, owner.signatureKeys.privateKey, content, { groupId, leafIndex: 0 })
  }
})
