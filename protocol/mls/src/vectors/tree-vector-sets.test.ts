import { suites } from "@qpc/crypto/node"
import { vectorFolder } from "@qpc/wire/node"
import type { VectorSet } from "@qpc/wire/vectors"
import { describe, expect, it } from "vitest"
import { treeVectorSets } from "./tree-vector-sets.ts"

const vectorsDir = process.env["VECTORS_DIR"] ?? new URL("../../../../../shared/vectors", import.meta.url).pathname

const files = vectorFolder(vectorsDir)
const all = [...suites.values()]
const isTreeKem = ({ name }: VectorSet): boolean => name === "mls-wg/treekem"
// Takes as long as all the rest together, most of it with P-521. Case by case, no test comes near the time that it has.
const treeKem = files.text("mls-wg/test-vectors/treekem.json")
if (treeKem === undefined) console.log("mls-wg/treekem: not run, the file is missing")
const treeKemCases = JSON.parse(treeKem ?? "[]") as { readonly cipher_suite: number }[]

describe("published vectors of the ratchet tree", () => {
  it.each(treeVectorSets(files, all).filter((set) => !isTreeKem(set)))("pass: $name", (set) => {
    const { cases, passed, failed, skipped, why, failures, missing } = set.run()
    if (skipped > 0) console.log(`${set.name}: ${skipped} of ${cases} cases not run, ${why}`)
    expect(failures).toEqual([])
    expect(failed).toBe(0)
    expect(passed + skipped).toBe(cases)
    expect(passed > 0 || missing !== undefined).toBe(true)
  })

  it.each(treeKemCases.map((vector, at) => [at, vector.cipher_suite, vector] as const))(
    "pass: mls-wg/treekem, case %i, suite %i",
    (_at, _suite, vector) => {
      const alone = { ...files, text: () => JSON.stringify([vector]) }
      const { passed, failures } = treeVectorSets(alone, all).find(isTreeKem)!.run()
      expect({ passed, failures }).toEqual({ passed: 1, failures: [] })
    },
  )

  it("say how many cases were not run where the vectors are missing", () => {
    const results = treeVectorSets(vectorFolder("/nowhere"), all).map((set) => set.run())
    expect(results.map(({ skipped }) => skipped)).toEqual([10, 7, 5, 98, 77])
    expect(results.map(({ missing }) => missing)).toContain("mls-wg/test-vectors/treekem.json")
  })
})
