import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { resolve } from "node:path"
import { describe, expect, it } from "vitest"
import { wireVectorSets } from "./vector-sets.ts"

const root = fileURLToPath(new URL("../../../../", import.meta.url))
const vectorsDir = resolve(root, process.env["VECTORS_DIR"] ?? "../shared/vectors")

describe.runIf(existsSync(vectorsDir))("published vectors of CBOR", () => {
  it.each(wireVectorSets(vectorsDir))("$name pass, all of them", ({ run }) => {
    expect(run()).toMatchObject({ cases: 82, passed: 82, failed: 0, skipped: 0, failures: [] })
  })
})

describe.runIf(!existsSync(vectorsDir))("published vectors of CBOR", () => {
  it("are not run: VECTORS_DIR holds no vectors, cbor/appendix-a with 82 cases is missing", () => {
    expect(existsSync(vectorsDir)).toBe(false)
  })
})
