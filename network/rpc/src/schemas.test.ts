import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../../../", import.meta.url))

/** Runs buf from the installed packages; it needs no network for local plugins. */
function buf(folder: string, ...options: string[]): string {
  const bin = join(root, "node_modules", ".bin")
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}` }
  return execFileSync(join(bin, "buf"), options, { cwd: join(root, folder), env, encoding: "utf8", stdio: "pipe" })
}

function textsIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))
  return Object.fromEntries(names.toSorted().map((name) => [name, readFileSync(join(folder, name), "utf8")]))
}

describe("schemas", () => {
  it("are what the code was generated from", () => {
    const folder = mkdtempSync(join(tmpdir(), "qpc-generate-"))
    try {
      buf("network/rpc", "generate", "-o", folder)
      const generated = textsIn(join(folder, "src/gen"))
      expect(Object.keys(generated)).toHaveLength(6)
      expect(textsIn(join(root, "network/rpc/src/gen"))).toEqual(generated)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it("keep to the rules of buf lint", () => {
    expect(buf("schemas/proto", "lint")).toBe("")
  })
})
