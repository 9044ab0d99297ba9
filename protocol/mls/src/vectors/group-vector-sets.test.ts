import { suites } from "@qpc/crypto/node"
import { vectorFolder } from "@qpc/wire/node"
import { describe, expect, it } from "vitest"
import { groupVectorSets } from "./group-vector-sets.ts"

const vectorsDir = process.env["VECTORS_DIR"] ?? new URL("../../../../../shared/vectors", import.meta.url).pathname

describe("published vectors of messages and groups", () => {
  it.each(groupVectorSets(vectorFolder(vectorsDir), [...suites.values()]))("pass: $name", (set) => {
    const { cases, passed, failed, skipped, why, failures, missing } = set.run()
    if (skipped > 0) console.log(`${set.name}: ${skipped} of ${cases} cases not run, ${why}`)
    expect(failures).toEqual([])
    expect(failed).toBe(0)
    expect(passed + skipped).toBe(cases)
    expect(passed > 0 || missing !== undefined).toBe(true)
  })

  it("say how many cases were not run where the vectors are missing", () => {
    const results = groupVectorSets(vectorFolder("/nowhere"), [...suites.values()]).map((set) => set.run())
    expect(results.map(({ skipped }) => skipped)).toEqual([14, 300, 7, 77, 21, 7, 7, 7, 56, 91, 1])
    expect(results[0]).toMatchObject({
      missing: "mls-wg/test-vectors/deserialization.json",
      why: "there is no /nowhere/mls-wg/test-vectors/deserialization.json",
    })
  })
})
