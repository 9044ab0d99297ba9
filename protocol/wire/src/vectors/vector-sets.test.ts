import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { resolve } from "node:path"
import { describe, expect, it } from "vitest"
import { vectorFolder } from "../node/vector-folder.ts"
import { wireVectorSets } from "./vector-sets.ts"

const root = fileURLToPath(new URL("../../../../", import.meta.url))
const vectorsDir = resolve(root, process.env["VECTORS_DIR"] ?? "../shared/vectors")

const arePresent: boolean = existsSync(vectorsDir)

describe("published vectors of CBOR", () => {
  if (arePresent) {
    it.each([...wireVectorSets(vectorFolder(vectorsDir))])("$name pass, all of them", (set) => {
      expect(set.run()).toMatchObject({ cases: 82, passed: 82, failed: 0, skipped: 0, failures: [] })
    })
  } else {
    it("are not run: no vectors at VECTORS_DIR, cbor/appendix-a with 82 cases is missing", () => {
      expect(arePresent).toBe(false)
    })
  }
})
