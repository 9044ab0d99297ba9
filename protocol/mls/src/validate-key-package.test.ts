import { suite0001 as suite } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { decodeKeyPackage, keyPackageRef, signKeyPackage } from "./key-package.ts"
import { signLeafNode } from "./leaf-node.ts"
import type { LeafNode } from "./leaf-node.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { Party } from "./testing/party.ts"
import { TEST_NOW_MS, testMember, withBrokenSignature } from "./testing/test-member.ts"
import { validateKeyPackage, verifyKeyPackage } from "./validate-key-package.ts"

const random = countedRandom(suite, "validate key packages")
const groupId = Uint8Array.of(1, 2, 3)
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/** An MLSMessage that holds a key package (RFC 9420 §6). */
const asMessage = (keyPackage: Uint8Array): Uint8Array => Uint8Array.of(0, 1, 0, 5, ...keyPackage)

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
    const bytes = asMessage(sign())
    const outcome = validateKeyPackage(suite, bytes, TEST_NOW_MS)
    bytes.fill(0)
    if (outcome.kind === "rejected") throw new Error(outcome.reason)
    expect(outcome.signatureKey).toEqual(owner.leafNode.signatureKey)
    expect(outcome.isLastResort).toBe(false)
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
    expect(validateKeyPackage(suite, asMessage(bytes()), TEST_NOW_MS)).toEqual({ kind: "rejected", reason })
  })

  it("refuses a message of another kind", () => {
    const { commit } = Party.of("not a key package", ["alice"]).stage("alice")
    const refused = { kind: "rejected", reason: "key_package_malformed" }
    expect(validateKeyPackage(suite, commit, TEST_NOW_MS)).toEqual(refused)
  })

  it("judges how long it may live by the limit of the caller, if there is one", () => {
    const bytes = asMessage(sign())
    // From an hour ago until a day from now.
    expect(validateKeyPackage(suite, bytes, TEST_NOW_MS, { lifetimeLimitMs: 25 * HOUR_MS }).kind).toBe("valid")
    expect(validateKeyPackage(suite, bytes, TEST_NOW_MS, { lifetimeLimitMs: 25 * HOUR_MS - 1 })).toEqual({
      kind: "rejected",
      reason: "leaf_lifetime_too_long",
    })
    expect(validateKeyPackage(suite, bytes, TEST_NOW_MS).kind).toBe("valid")
  })

  it("asks a validator about its credential and key, and refuses with what it says", () => {
    const asked: unknown[] = []
    const outcome = validateKeyPackage(suite, asMessage(sign()), TEST_NOW_MS, {
      credentialValidator(presented) {
        asked.push(presented)
        return "credential_untrusted"
      },
    })
    expect(outcome).toEqual({ kind: "rejected", reason: "credential_untrusted" })
    const { credential, signatureKey } = owner.leafNode
    const about = { place: "key_package", predecessor: undefined, nowMs: TEST_NOW_MS }
    expect(asked).toEqual([{ credential, signatureKey, ...about }])
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
