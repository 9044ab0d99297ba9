import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { writeDurably } from "./data-directory.ts"

function place() {
  const directory = mkdtempSync(join(tmpdir(), "qpc-data-"))
  return { directory, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) }
}

const modeOf = (file: string): number => statSync(file).mode & 0o777

describe("writing a secret", () => {
  it("shows it to nobody else, even if others could read what an interrupted start left behind", () => {
    using here = place()
    const file = join(here.directory, "db.key")
    writeFileSync(`${file}.new`, "half a ke")
    chmodSync(`${file}.new`, 0o644)
    writeDurably(file, "a whole key", 0o600)
    expect(readFileSync(file, "utf8")).toBe("a whole key")
    expect(modeOf(file)).toBe(0o600)
    expect(readdirSync(here.directory)).toEqual(["db.key"])
  })

  it("follows no link to another place", () => {
    using here = place()
    const elsewhere = join(here.directory, "elsewhere")
    writeFileSync(elsewhere, "of another person")
    symlinkSync(elsewhere, join(here.directory, "db.key.new"))
    writeDurably(join(here.directory, "db.key"), "a whole key", 0o600)
    expect(readFileSync(elsewhere, "utf8")).toBe("of another person")
  })
})
