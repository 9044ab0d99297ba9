import { execFileSync } from "node:child_process"
import { versions } from "node:process"
import { describe, expect, it } from "vitest"

/** Signs in a program of its own, and tells with whose code. */
const PROGRAM = `
  import { suite0001 as suite } from ${JSON.stringify(new URL("index.ts", import.meta.url).href)}
  const { publicKey, privateKey } = suite.signatureKeyPair(new Uint8Array(32))
  const message = new Uint8Array(3)
  console.log(suite.primitives(), suite.verify(publicKey, message, suite.sign(privateKey, message)))
`

function output(...flags: readonly string[]): string {
  const all = [...flags, "--conditions=@qpc/source", "--input-type=module", "--eval", PROGRAM]
  return execFileSync(process.execPath, all, { encoding: "utf8" }).trim()
}

describe("libsodium on Node", () => {
  it("is loaded where addons are allowed", () => {
    expect(output()).toBe(`sodium-native 5.1.0, OpenSSL ${versions.openssl} true`)
  })

  it.each([[["--no-addons"]], [["--permission", "--allow-fs-read=*"]]])(
    "is done without where the addon cannot be loaded (%j)",
    (flags) => {
      expect(output(...flags)).toBe(`OpenSSL ${versions.openssl} true`)
    },
  )
})
