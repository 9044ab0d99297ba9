import { readFileSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { describe, expect, it } from "vitest"

/** Packages that are loaded together with a file: its own imports and those of files beside it, but no `import()`. */
function packagesWith(path: string, seen: Set<string>): string[] {
  if (seen.has(path)) return []
  seen.add(path)
  const imports = readFileSync(path, "utf8").matchAll(/^(?:import|export) (?!type )[^"=]* from "([^"]+)"/gm)
  const names = [...imports].map((match) => String(match[1]))
  return names.flatMap((name) => (name.startsWith(".") ? packagesWith(resolve(dirname(path), name), seen) : [name]))
}

describe("the entry for browsers", () => {
  it("loads libsodium and what suite 0x0001 needs, and leaves the other curves for those who ask", () => {
    const packages = new Set(packagesWith(resolve(import.meta.dirname, "index.ts"), new Set()))
    expect([...packages].toSorted()).toEqual([
      "@noble/ciphers/aes.js",
      "@noble/ciphers/chacha.js",
      "@noble/hashes/hmac.js",
      "@noble/hashes/sha2.js",
      "@noble/hashes/sha3.js",
      "@qpc/wire",
      "libsodium",
    ])
  })
})
