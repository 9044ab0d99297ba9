import { describe, expect, it } from "vitest"
import { commands } from "./commands/index.ts"
import { EXIT_CODE_HELP } from "./exit-code.ts"
import { ran } from "./testing/world.ts"

describe("the command line of gbp-node", () => {
  it("explains itself, every command and every exit code", async () => {
    const { exitCode, out } = await ran(["--help"])
    expect(exitCode).toBe(0)
    const words = out.replaceAll(/\s+/g, " ")
    for (const command of commands) expect(words).toContain(command.summary)
    for (const [code, meaning] of EXIT_CODE_HELP) expect(words).toContain(`${code} ${meaning}`)
  })

  it.each(commands.map((command) => ({ command })))("explains $command.name and its options", async ({ command }) => {
    const { exitCode, out } = await ran([command.name, "--help"])
    expect(exitCode).toBe(0)
    for (const { flags } of command.options) expect(out).toContain(flags)
    for (const example of command.examples) expect(out).toContain(example)
  })

  it.each([[["inspekt"]], [[]], [["inspect", "a", "b"]], [["inspect", "--loud"]]])("refuses %j", async (words) => {
    expect((await ran(words)).exitCode).toBe(2)
  })

  it("knows its version", async () => {
    expect((await ran(["--version"])).out).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})
