import { existsSync } from "node:fs"
import { resolve } from "node:path"
import { describe, expect, it } from "vitest"
import { loadBrowserVectorProvider, nodeVectorProvider } from "./vector-provider.ts"
import { cryptoVectorSets } from "./vector-sets.ts"

const root = resolve(import.meta.dirname, "../../../..")
const vectorsDir = resolve(root, process.env["VECTORS_DIR"] ?? "../shared/vectors")
const areThere: boolean = existsSync(vectorsDir)

describe.each([nodeVectorProvider(), await loadBrowserVectorProvider()])("published vectors on $name", (provider) => {
  for (const set of cryptoVectorSets(vectorsDir, provider)) {
    it(areThere ? `pass: ${set.name}` : `NOT RUN: ${set.name}, ${set.expectedCases} cases, no ${vectorsDir}`, () => {
      const result = set.run()
      expect(result.failures).toEqual([])
      expect(result.cases).toBe(set.expectedCases)
      expect(result.passed + result.failed + result.skipped).toBe(result.cases)
    })
  }
})

describe("vector sets without their files", () => {
  it("are skipped with their number of cases and the reason", () => {
    const [ed25519] = cryptoVectorSets("/nowhere")
    expect(ed25519?.run()).toMatchObject({
      cases: 151,
      passed: 0,
      failed: 0,
      skipped: 151,
      why: expect.stringContaining("ed25519"),
    })
  })
})
