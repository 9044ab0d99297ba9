import { execFileSync } from "node:child_process"
import { createRequire } from "node:module"
import { dirname } from "node:path"
import { versions } from "node:process"
import { describe, expect, it } from "vitest"
import { bringsBinaryFor } from "./sodium-native.ts"

/** Signs in a program of its own, and tells with whose code, and whether anybody looked for a binary. */
const PROGRAM = `
  import { createRequire } from "node:module"
  import { suite0001 as suite } from ${JSON.stringify(new URL("index.ts", import.meta.url).href)}
  const { publicKey, privateKey } = suite.signatureKeyPair(new Uint8Array(32))
  const message = new Uint8Array(3)
  console.log(suite.primitives(), suite.verify(publicKey, message, suite.sign(privateKey, message)))
  const loaded = Object.keys(createRequire(import.meta.url).cache)
  console.log("asked a loader:", loaded.some((path) => path.includes("require-addon")))
`

function output(...flags: readonly string[]): string {
  const all = [...flags, "--conditions=@qpc/source", "--input-type=module", "--eval", PROGRAM]
  return execFileSync(process.execPath, all, { encoding: "utf8" }).trim()
}

describe("libsodium on Node", () => {
  it("is loaded where addons are allowed", () => {
    expect(output()).toBe(`sodium-native 5.1.0, OpenSSL ${versions.openssl} true\nasked a loader: true`)
  })

  it.each([[["--no-addons"]], [["--permission", "--allow-fs-read=*"]]])(
    "is done without where the addon cannot be loaded (%j)",
    (flags) => {
      expect(output(...flags)).toBe(`OpenSSL ${versions.openssl} true\nasked a loader: true`)
    },
  )

  it.each([
    ["linux-x64", true],
    ["darwin-arm64", true],
    ["win32-x64", true],
    ["linux-x64-musl", false],
    ["linux-riscv64", false],
  ])("is asked for only where the package itself has a binary: %s", (platform, isThere) => {
    const folder = dirname(createRequire(import.meta.url).resolve("sodium-native/package.json"))
    expect(bringsBinaryFor(folder, platform)).toBe(isThere)
  })

  it("is not asked for on a platform that the package has no binary for", () => {
    const otherProcessor = `data:text/javascript,Object.defineProperty(process, "arch", { value: "riscv64" })`
    expect(output("--import", otherProcessor)).toBe(`OpenSSL ${versions.openssl} true\nasked a loader: false`)
  })
})
