import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../../", import.meta.url))

function textsIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))
  return Object.fromEntries(names.toSorted().map((name) => [name, readFileSync(join(folder, name), "utf8")]))
}

describe("the schemas of payloads", () => {
  it("are what the code was generated from", { timeout: 60_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), "qpc-generate-"))
    try {
      execFileSync(process.execPath, [join(root, "tools/payload-codecs/generate.ts"), folder], { stdio: "pipe" })
      for (const protocol of ["gtp", "gap", "gsp"]) {
        const path = join("protocol", protocol, "src/gen")
        const generated = textsIn(join(folder, path))
        expect(Object.keys(generated)).toHaveLength(2)
        expect(textsIn(join(root, path))).toEqual(generated)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it("keep to the rules of buf lint", () => {
    const bin = join(root, "node_modules", ".bin")
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}` }
    const cwd = join(root, "schemas/stack/proto")
    expect(execFileSync(join(bin, "buf"), ["lint"], { cwd, env, encoding: "utf8", stdio: "pipe" })).toBe("")
  })
})
