import { suites } from "@qpc/crypto/node"
import { vectorFolder } from "@qpc/wire/conformance"
import { describe, expect, it } from "vitest"
import { treeVectorSets } from "./tree-vector-sets.ts"

const vectorsDir = process.env["VECTORS_DIR"] ?? new URL("../../../../../shared/vectors", import.meta.url).pathname

describe("published vectors of the ratchet tree", () => {
  it.each(treeVectorSets(vectorFolder(vectorsDir), [...suites.values()]))("pass: $name", (set) => {
    const { cases, passed, failed, skipped, why, failures } = set.run()
    if (skipped > 0) console.log(`${set.name}: ${skipped} of ${cases} cases not run, ${why}`)
    expect(failures).toEqual([])
    expect(failed).toBe(0)
    expect(passed + skipped).toBe(cases)
    expect(passed > 0 || why === "the file is missing").toBe(true)
  })

  it("say how many cases were not run where the vectors are missing", () => {
    const results = treeVectorSets(vectorFolder("/nowhere"), [...suites.values()]).map((set) => set.run())
    expect(results.map(({ skipped, why }) => `${skipped}: ${why}`)).toEqual(
      [10, 7, 5, 98, 77].map((count) => `${count}: the file is missing`),
    )
  })
})
