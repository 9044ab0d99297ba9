import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { findPassword } from "./password.ts"

const folder = mkdtempSync(join(tmpdir(), "qpc-password-"))
afterAll(() => rmSync(folder, { recursive: true }))

function file(content: string): string {
  const path = join(folder, `${Math.abs(content.length)}-${content.charCodeAt(0)}`)
  writeFileSync(path, content)
  return path
}

describe("finding the password", () => {
  it("reads a file and drops one line break at its end", async () => {
    const sources = { file: file("with spaces \r\n"), environment: {}, canAsk: false }
    expect(await findPassword(sources)).toBe("with spaces ")
  })

  it("prefers the option over the variables, and a file over the value", async () => {
    const environment = { QPC_PASSWORD_FILE: file("second\n"), QPC_PASSWORD: "third" }
    expect(await findPassword({ file: file("first!\n"), environment, canAsk: false })).toBe("first!")
    expect(await findPassword({ file: undefined, environment, canAsk: false })).toBe("second")
    expect(await findPassword({ file: undefined, environment: { QPC_PASSWORD: "third" }, canAsk: false })).toBe("third")
  })

  it.each([
    ["an empty file", file("\n"), /is empty/],
    ["a missing file", join(folder, "nowhere"), /ENOENT/],
    ["a huge file", file("x".repeat(5000)), /more than 1024 bytes/],
    ["a device without an end", "/dev/zero", /more than 1024 bytes/],
  ])("refuses %s", async (_title, path, message) => {
    await expect(findPassword({ file: path, environment: {}, canAsk: false })).rejects.toThrow(message)
  })

  it("says how to give one where nobody can be asked", async () => {
    await expect(findPassword({ file: undefined, environment: {}, canAsk: false })).rejects.toMatchObject({
      nextStep: expect.stringContaining("--password-file") as string,
    })
  })
})
