import { sframeCiphers as browserCiphers } from "@qpc/crypto/browser"
import { sframeCiphers as nodeCiphers } from "@qpc/crypto/node"
import { vectorFolder } from "@qpc/wire/node"
import { existsSync } from "node:fs"
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { sframeVectorSets } from "./vector-sets.ts"

const root = fileURLToPath(new URL("../../../../", import.meta.url))
const vectorsDir = resolve(root, process.env["VECTORS_DIR"] ?? "../shared/vectors")
const arePresent = existsSync(vectorsDir)

describe.each([
  ["node", nodeCiphers],
  ["browser", browserCiphers],
] as const)("published vectors of SFrame, computed by %s", (_, ciphers) => {
  it.each(sframeVectorSets(vectorFolder(vectorsDir), ciphers))("pass: $name", (set) => {
    const result = set.run()
    expect(result.failures).toEqual([])
    expect(result.passed).toBe(arePresent ? result.cases : 0)
    expect(result.cases).toBeGreaterThan(2)
  })

  it("say how many cases were not run where the vectors are missing", () => {
    const skipped = sframeVectorSets(vectorFolder("/nowhere"), ciphers).map((set) => set.run().skipped)
    expect(skipped).toEqual([289, 3, 3, 5, 3])
  })
})
