import { spawnSync } from "node:child_process"
import { createRequire } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const vitest = join(createRequire(import.meta.url).resolve("vitest/package.json"), "../vitest.mjs")

/** A test run of its own, of one file in `fixture/`; not watched by the monitor of this run. */
function testRun(fixture: string): { readonly code: number | null; readonly output: string } {
  const config = "testing/src/monitor/fixture/vitest.config.ts"
  const env = { PATH: process.env["PATH"], NO_COLOR: "1" }
  const run = spawnSync(process.execPath, [vitest, "run", "--config", config, "--root", root, fixture], {
    cwd: root,
    env,
    encoding: "utf8",
  })
  return { code: run.status, output: run.stdout + run.stderr }
}

describe("a test run in which a nonce is used twice", () => {
  it("fails in the test that does it, and in no other", () => {
    const { code, output } = testRun("in-process.fixture.ts")
    expect(output).toContain("a key and nonce encrypted two messages (nonce_reused)")
    expect(output).toMatch(/first: seal \(protocol\/crypto\/src\/node\/aead.ts\) < .*in-process.fixture.ts/)
    expect(output).toContain("1 failed | 1 passed")
    expect(code).toBe(1)
  })

  it("fails at its end when two programs did it, one after the other", () => {
    const { code, output } = testRun("programs.fixture.ts")
    expect(output).toContain("2 passed")
    expect(output).toContain("nonce_reused")
    expect(code).toBe(1)
  })
})
