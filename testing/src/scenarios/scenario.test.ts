import { cpSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { readScenario } from "./scenario.ts"

const vectorsDir = process.env["VECTORS_DIR"] ?? new URL("../../../../shared/vectors", import.meta.url).pathname
const SCENARIO = { name: "one", spec_version: "2", clients: ["alice"], steps: [{ type: "deliver_all" }] }

/** Reads a file of this content beside the published schemas. */
function read(content: unknown) {
  const folder = mkdtempSync(join(tmpdir(), "scenarios-"))
  mkdirSync(join(folder, "marmot-scenarios"))
  cpSync(join(vectorsDir, "marmot-scenarios", "schemas"), join(folder, "marmot-scenarios", "schemas"), {
    recursive: true,
  })
  const file = join(folder, "one.json")
  writeFileSync(file, JSON.stringify(content))
  return () => readScenario(folder, file)
}

describe.runIf(existsSync(vectorsDir))("a scenario file", () => {
  it("is read if it fits its schema", () => {
    expect(read({ scenario: SCENARIO, expected_outcomes: [] })()).toMatchObject({ name: "one", clients: ["alice"] })
  })

  it("is refused with a step that there is not", () => {
    const steps = [{ type: "teleport" }]
    expect(read({ scenario: { ...SCENARIO, steps }, expected_outcomes: [] })).toThrow("teleport")
  })

  it("is refused with a version that there is not, with fields that nobody checks, and without expectations", () => {
    expect(read({ scenario: { ...SCENARIO, spec_version: "9" }, expected_outcomes: [] })).toThrow("no version 9")
    expect(read({ scenario: SCENARIO, expected_outcomes: [], expected_magic: 1 })).toThrow("expected_magic")
    expect(read({ scenario: SCENARIO })).toThrow("expects nothing")
  })
})
