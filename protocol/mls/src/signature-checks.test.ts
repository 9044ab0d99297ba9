import type { CipherSuite, SignatureCheck } from "@qpc/crypto"
import { suite0001 as suite } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { decodeKeyPackage, signKeyPackage } from "./key-package.ts"
import type { KeyPackage } from "./key-package.ts"
import type { LeafNode } from "./leaf-node.ts"
import { RatchetTree } from "./ratchet-tree.ts"
import { SignatureChecks } from "./signature-checks.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { testMember, withBrokenSignature } from "./testing/test-member.ts"
import type { TestMember } from "./testing/test-member.ts"
import { verifyKeyPackages } from "./validate-key-package.ts"
import { validateTree } from "./validate-tree.ts"

const { publicKey, privateKey } = suite.signatureKeyPair(new Uint8Array(32).fill(1))
const message = Uint8Array.of(1, 2, 3)
const right = suite.sign(privateKey, message)
const wrong = new Uint8Array(64)

function withLastBitFlipped({ encoded }: KeyPackage): KeyPackage {
  const last = encoded.length - 1
  return decodeKeyPackage(encoded.with(last, encoded[last]! ^ 1))
}

/** Verifies many at once and keeps count. */
function suiteForMany(): { readonly many: CipherSuite; readonly counts: number[] } {
  const counts: number[] = []
  const verifyAll = (checks: readonly SignatureCheck[]): number => {
    counts.push(checks.length)
    return checks.findIndex((check) => !suite.verify(check.publicKey, check.message, check.signature))
  }
  return { many: { ...suite, verifyAll }, counts }
}

describe.each([
  ["one by one", suite],
  ["together", suiteForMany().many],
])("signatures verified %s", (_, verifying) => {
  it.each([
    [[right, right], true],
    [[right, wrong], false],
    [[wrong, right], false],
    [[], true],
  ])("are all valid or not: case %#", (signatures, expected) => {
    const checks = new SignatureChecks(verifying)
    for (const signature of signatures) checks.verify(publicKey, message, signature)
    expect(checks.allValid()).toBe(expected)
  })

  it("stay wrong once one was", () => {
    const checks = new SignatureChecks(verifying)
    checks.verify(publicKey, message, wrong)
    checks.allValid()
    checks.verify(publicKey, message, right)
    expect(checks.allValid()).toBe(false)
  })
})

describe("signatures that wait", () => {
  it("are verified when there are many, and at the end", () => {
    const { many, counts } = suiteForMany()
    const checks = new SignatureChecks(many)
    for (let at = 0; at < 4100; at++) checks.verify(publicKey, message, right)
    expect(counts).toEqual([4096])
    expect(checks.allValid()).toBe(true)
    expect(counts).toEqual([4096, 4])
  })

  it("are of the message as it was", () => {
    const checks = new SignatureChecks(suiteForMany().many)
    const lent = message.slice()
    checks.verify(publicKey, lent, right)
    lent.fill(0)
    expect(checks.allValid()).toBe(true)
  })
})

describe("a suite that verifies many at once", () => {
  const random = countedRandom(suite, "many signatures")
  const people = Array.from({ length: 5 }, () => testMember(suite, random))
  const { many } = suiteForMany()

  function keyPackageOf(owner: TestMember, leafNode: LeafNode = owner.leafNode): KeyPackage {
    const initKey = suite.kemKeyPair(random(32)).publicKey
    return signKeyPackage(suite, owner.signatureKeys.privateKey, { initKey, leafNode, extensions: [] })
  }
  const honest = people.map((owner) => keyPackageOf(owner))

  const verdict = (members: readonly LeafNode[]): unknown => {
    const content = { leafAt: (at: number) => members[at], parentAt: () => undefined }
    const tree = RatchetTree.build(many, members.length, content)
    const groupId = Uint8Array.of(1)
    return validateTree(tree, { groupId, treeHash: tree.treeHash(), extensions: [], lifetime: undefined })
  }

  it("lets through the key packages that are valid one by one", () => {
    expect(verifyKeyPackages(many, honest, undefined)).toEqual(honest)
  })

  it.each([
    ["leaf_signature_invalid", keyPackageOf(people[2]!, withBrokenSignature(people[2]!.leafNode))],
    ["key_package_signature_invalid", withLastBitFlipped(honest[2]!)],
  ])("refuses key packages with one that is wrong: %s", (reason, spoiled) => {
    expect(verifyKeyPackages(many, honest.with(2, spoiled), undefined)).toBe(reason)
    expect(verifyKeyPackages(suite, honest.with(2, spoiled), undefined)).toBe(reason)
  })

  it("refuses a tree with one leaf that nobody signed", () => {
    const leaves = people.map(({ leafNode }) => leafNode)
    expect(verdict(leaves)).toMatchObject({ kind: "valid" })
    expect(verdict(leaves.with(3, withBrokenSignature(people[3]!.leafNode)))).toEqual({
      kind: "rejected",
      reason: "leaf_signature_invalid",
    })
  })
})
