import { describe, expect, it } from "vitest"
import type { Command } from "./command.ts"
import { commands } from "./commands/index.ts"
import { parseCommandLine } from "./program.ts"

const silent = { out: () => {}, err: () => {} }
const parse = (...words: string[]) => parseCommandLine(commands, "1.2.3", words, silent)

describe("the command line", () => {
  it("hands a command its arguments and the options before it", () => {
    const parsed = parse("--json", "--profile", "work", "invite", "friends", "bob")
    if ("exitCode" in parsed) throw new Error("was not parsed")
    expect(parsed.command.name).toBe("invite")
    expect(parsed.values.text("group")).toBe("friends")
    expect(parsed.values.text("username")).toBe("bob")
    expect(parsed.options).toMatchObject({ json: true, profile: "work", transport: "auto" })
  })

  it("takes every word behind the group as the text", () => {
    const parsed = parse("send", "friends", "see", "you")
    if ("exitCode" in parsed) throw new Error("was not parsed")
    expect(parsed.values.words("text")).toEqual(["see", "you"])
  })

  it.each([
    ["an unknown command", ["sned"]],
    ["a missing argument", ["invite", "friends"]],
    ["one argument too many", ["whoami", "alice"]],
    ["an unknown option", ["whoami", "--loud"]],
    ["an unknown transport", ["--transport", "pigeon", "whoami"]],
    ["nothing at all", []],
  ])("refuses %s with exit code 2", (_title, words) => {
    expect(parse(...words)).toEqual({ exitCode: 2 })
  })

  it("prints help and version with exit code 0", () => {
    const printed: string[] = []
    const streams = { out: (text: string) => void printed.push(text), err: () => {} }
    expect(parseCommandLine(commands, "1.2.3", ["--help"], streams)).toEqual({ exitCode: 0 })
    expect(parseCommandLine(commands, "1.2.3", ["--version"], streams)).toEqual({ exitCode: 0 })
    const text = printed.join("")
    const words = text.replaceAll(/\s+/g, " ")
    for (const command of commands) expect(words).toContain(command.summary)
    expect(text).toContain("Exit codes:")
    expect(text).toContain("1.2.3")
  })

  it.each(commands.map((command): [string, Command] => [command.name, command]))(
    "explains %s and all of its options",
    (name, command) => {
      const printed: string[] = []
      const streams = { out: (text: string) => void printed.push(text), err: () => {} }
      parseCommandLine(commands, "1.2.3", [name, "--help"], streams)
      for (const option of command.options) expect(printed.join("")).toContain(option.flags)
    },
  )
})
