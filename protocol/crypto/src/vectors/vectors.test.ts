import { existsSync } from "node:fs"
import { resolve } from "node:path"
import { vectorFolder } from "@qpc/wire/node"
import { describe, expect, it } from "vitest"
import { resetNonceMonitor } from "../conformance/nonce-monitor-scope.ts"
import { loadBrowserVectorProvider, nodeVectorProvider } from "./vector-provider.ts"
import { cryptoVectorSets } from "./vector-sets.ts"

const root = resolve(import.meta.dirname, "../../../..")
const vectorsDir = resolve(root, process.env["VECTORS_DIR"] ?? "../shared/vectors")
const areThere: boolean = existsSync(vectorsDir)

/** Cases that are left out for good reasons; any other number means that a case silently stopped running. */
const LEFT_OUT: ReadonlyMap<string, number> = new Map([
  ["node wycheproof/aes-gcm", 103],
  ["openssl wycheproof/aes-gcm", 103],
  ["browser wycheproof/aes-gcm", 103],
  ["node hpke-rfc9180", 18_920],
  ["openssl hpke-rfc9180", 18_920],
  ["browser hpke-rfc9180", 18_920],
  ["node ml-kem-cctv", 1],
  ["openssl ml-kem-cctv", 1],
  ["browser ml-kem-cctv", 1],
  ["browser argon2/argon2id", 1],
])

const providers = [nodeVectorProvider(), nodeVectorProvider("node:crypto"), await loadBrowserVectorProvider()]

describe.each(providers)("published vectors on $name", (provider) => {
  for (const set of cryptoVectorSets(vectorFolder(vectorsDir), { ...provider, beforeCase: resetNonceMonitor })) {
    it(areThere ? `pass: ${set.name}` : `NOT RUN: ${set.name}, ${set.expectedCases} cases, no ${vectorsDir}`, () => {
      const result = set.run()
      expect(result.failures).toEqual([])
      expect(result.cases).toBe(set.expectedCases)
      const leftOut = areThere ? (LEFT_OUT.get(`${provider.name} ${set.name}`) ?? 0) : set.expectedCases
      expect(result).toMatchObject({ passed: set.expectedCases - leftOut, skipped: leftOut })
    })
  }
})

describe("vector sets without their files", () => {
  it("are skipped with their number of cases and the reason", () => {
    const [ed25519] = cryptoVectorSets(vectorFolder("/nowhere"), nodeVectorProvider())
    expect(ed25519?.run()).toMatchObject({
      cases: 151,
      passed: 0,
      failed: 0,
      skipped: 151,
      why: expect.stringContaining("ed25519"),
    })
  })
})
