import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { vectorPlace } from "./vector-place.ts"

let around = ""

beforeEach(() => {
  around = mkdtempSync(join(tmpdir(), "checkout-"))
  mkdirSync(join(around, "project", "apps", "gbp-node"), { recursive: true })
})

afterEach(() => rmSync(around, { recursive: true }))

describe("the folder of vectors", () => {
  it("is the one that is named, else that of VECTORS_DIR", () => {
    const project = join(around, "project")
    expect(vectorPlace(around, { VECTORS_DIR: project }, project)).toBe(around)
    expect(vectorPlace(undefined, { VECTORS_DIR: around }, project)).toBe(around)
  })

  it.each([
    ["/nowhere", {}],
    [undefined, { VECTORS_DIR: "/nowhere" }],
  ])("is refused where it is not there: %s %o", (named, environment) => {
    expect(() => vectorPlace(named, environment, around)).toThrow("/nowhere")
  })

  it("is refused where it is a file", () => {
    const file = join(around, "vectors.json")
    writeFileSync(file, "{}")
    expect(() => vectorPlace(file, {}, around)).toThrow("There is no folder")
  })

  it("is found beside a checkout, and not beside what else has such a neighbour", () => {
    const [project, beside] = [join(around, "project"), join(around, "shared", "vectors")]
    mkdirSync(beside, { recursive: true })
    expect(vectorPlace(undefined, {}, project)).toBeUndefined()
    writeFileSync(join(project, "apps", "gbp-node", "package.json"), "{}")
    expect(vectorPlace(undefined, {}, project)).toBe(join(project, "..", "shared", "vectors"))
  })

  it("is none where a checkout has none beside it", () => {
    const project = join(around, "project")
    writeFileSync(join(project, "apps", "gbp-node", "package.json"), "{}")
    expect(vectorPlace(undefined, {}, project)).toBeUndefined()
  })
})
