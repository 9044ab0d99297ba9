import { suite0001 as suite } from "@qpc/crypto/node"
import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { Group } from "./group.ts"
import { createKeyPackage, keyPackageBundleFromBytes } from "./key-package-bundle.ts"
import type { KeyPackageOptions } from "./key-package-bundle.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { Party } from "./testing/party.ts"
import { TEST_NOW_MS } from "./testing/test-member.ts"
import { validateKeyPackage } from "./validate-key-package.ts"

const NO_DATA = new Uint8Array(0)
const random = countedRandom(suite, "bundles")
const signatureKeys = suite.signatureKeyPair(random(32))
const options: KeyPackageOptions = {
  suite,
  credential: { kind: "basic", identity: toUtf8("alice") },
  signatureKeys,
  nowMs: TEST_NOW_MS,
  lifetimeMs: 86_400_000,
  random,
}

describe("a key package bundle", () => {
  it("publishes what others find valid", () => {
    const bundle = createKeyPackage(options)
    const verdict = validateKeyPackage(suite, bundle.keyPackage, TEST_NOW_MS)
    expect(verdict).toMatchObject({ kind: "valid", ref: bundle.ref, signatureKey: signatureKeys.publicKey })
  })

  it("lists in its capabilities the extensions of leaf and key package that are not default ones", () => {
    const bundle = createKeyPackage({
      ...options,
      grease: "none",
      lastResort: true,
      extensions: [{ extensionType: 0xf001, extensionData: new Uint8Array(0) }],
      leafExtensions: [1, 0xf002].map((extensionType) => ({ extensionType, extensionData: new Uint8Array(0) })),
      capabilities: { extensions: [0xf001, 0xf003] },
    })
    expect(new Set(bundle.decoded.leafNode.capabilities.extensions)).toEqual(new Set([10, 0xf001, 0xf002, 0xf003]))
    expect(bundle.isLastResort).toBe(true)
  })

  it("has an init key and a leaf key that no other of ours has", () => {
    const { decoded: one } = createKeyPackage(options)
    const { decoded: other } = createKeyPackage(options)
    const keys = [one.initKey, one.leafNode.encryptionKey, other.initKey, other.leafNode.encryptionKey].map(String)
    expect(new Set(keys).size).toBe(4)
  })

  it("leaves default types out of its capabilities, even if it is told to claim them", () => {
    const capabilities = { extensions: [1, 5, 0xf001], proposals: [1, 7, 0xf002] }
    const { leafNode } = createKeyPackage({ ...options, grease: "none", capabilities }).decoded
    expect(leafNode.capabilities).toMatchObject({ extensions: [0xf001], proposals: [0xf002] })
  })

  it("of last resort says so to whoever validates it, leads into several groups, and is disposed of by its owner alone", () => {
    const bundle = createKeyPackage({ ...options, lastResort: true })
    const verdict = validateKeyPackage(suite, bundle.keyPackage, TEST_NOW_MS)
    expect(verdict).toMatchObject({ kind: "valid", isLastResort: true })
    for (const name of ["first", "second"]) {
      const party = Party.of(`last resort, ${name}`, ["bob"])
      const { welcome = NO_DATA } = party.stage("bob", { adds: [bundle.keyPackage] })
      const joined = Group.join({ suite, welcome, bundles: [bundle], signatureKeys })
      expect(joined).toMatchObject({ kind: "joined", bundle: { isLastResort: true } })
      expect(bundle.privateKeys).toBeDefined()
    }
  })

  it("comes back from its bytes, and is zeroed when disposed of", () => {
    const bundle = createKeyPackage(options)
    const restored = keyPackageBundleFromBytes(suite, bundle.toBytes())
    expect(restored.privateKeys).toEqual(bundle.privateKeys)
    const keys = restored.privateKeys
    restored[Symbol.dispose]()
    expect(keys).toEqual({ initPrivateKey: new Uint8Array(32), encryptionPrivateKey: new Uint8Array(32) })
    expect(() => restored.toBytes()).toThrow(TypeError)
  })

  it("refuses stored bytes of which one was changed, or whose keys do not belong together", () => {
    const bytes = createKeyPackage(options).toBytes()
    for (const at of [0, 2, bytes.length - 1, bytes.length - 40]) {
      const changed = bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))
      expect(() => keyPackageBundleFromBytes(suite, changed)).toThrow(expect.objectContaining({ name: "DecodeError" }))
    }
  })
})

describe("the signature keys of a group", () => {
  it("must be a pair: a group that signs with another key would be deaf and dumb", () => {
    const { privateKey } = suite.signatureKeyPair(random(32))
    const mismatched = { publicKey: signatureKeys.publicKey, privateKey }
    const create = (): Group => Group.create({ ...options, groupId: random(16), signatureKeys: mismatched })
    expect(create).toThrow(RangeError)
  })
})
