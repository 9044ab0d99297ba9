import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { vectorFolder } from "./vector-folder.ts"

let folder = ""

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vectors-"))
})

afterEach(() => rmSync(folder, { recursive: true }))

describe("a folder of vectors", () => {
  it("gives the text of a file, and nothing for one that is not there", () => {
    writeFileSync(join(folder, "there"), "text")
    expect(vectorFolder(folder).text("there")).toBe("text")
    expect(vectorFolder(folder).text("not-there")).toBeUndefined()
    expect(vectorFolder(folder).text("there/below")).toBeUndefined()
  })

  it("does not take one for missing that cannot be reached", () => {
    symlinkSync("circle", join(folder, "circle"))
    expect(() => vectorFolder(folder).text("circle")).toThrow("ELOOP")
  })

  it("reads nothing but files: what else there is may never end", () => {
    mkdirSync(join(folder, "below"))
    symlinkSync("/dev/zero", join(folder, "endless"))
    for (const name of ["below", "endless"]) expect(() => vectorFolder(folder).text(name)).toThrow("is no file")
  })

  it("reads nothing of a file that is too large", () => {
    const path = join(folder, "large")
    writeFileSync(path, "")
    truncateSync(path, 64 * 1024 * 1024 + 1)
    expect(() => vectorFolder(folder).text("large")).toThrow(RangeError)
  })
})
