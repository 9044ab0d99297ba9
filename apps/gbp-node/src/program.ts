import { Command as Parser, Option } from "commander"
import type { Command } from "./command.ts"
import { EXIT_CODE_HELP, EXIT_CODES } from "./exit-code.ts"
import type { Streams } from "./output.ts"

/** What the command line asked for. */
export interface Parsed {
  readonly command: Command
  readonly values: Readonly<Record<string, unknown>>
  readonly isJson: boolean
}

/** Parses a command line against the table of commands. @returns an exit code where help or a complaint was all there is */
export function parseCommandLine(
  commands: readonly Command[],
  version: string,
  words: readonly string[],
  streams: Streams,
): Parsed | number {
  let parsed: Parsed | undefined
  const parser = new Parser("gbp-node")
    .description("A node of the Group Protocol Stack: groups of processes, frames explained, conformance.")
    .version(version, "--version", "print the version")
    .option("--json", "print one JSON object per result")
    .helpCommand(false)
    .configureOutput({ writeOut: streams.out, writeErr: streams.err, getOutHelpWidth: () => 100 })
    .showHelpAfterError("Run `gbp-node --help` to see what there is.")
    .addHelpText("after", exitCodeHelp)
    .exitOverride()
  for (const command of commands) addCommand(parser, command, (found) => (parsed = found))
  try {
    parser.parse([...words], { from: "user" })
  } catch (error) {
    if (!isParserExit(error)) throw error
    return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage
  }
  return parsed ?? EXIT_CODES.usage
}

function addCommand(parser: Parser, command: Command, found: (parsed: Parsed) => void): void {
  const sub = parser.command(command.name).description(command.summary)
  const { argument } = command
  if (argument)
    sub.argument(argument.isOptional === true ? `[${argument.name}]` : `<${argument.name}>`, argument.description)
  for (const { flags, description, choices } of command.options) {
    const option = new Option(flags, description)
    sub.addOption(choices === undefined ? option : option.choices(choices).default(choices[0]))
  }
  sub.addHelpText("after", `\nExamples:\n  ${command.examples.join("\n  ")}`)
  sub.action((...given: unknown[]) => {
    const values: Record<string, unknown> = { ...sub.opts() }
    if (argument) values[argument.name] = given[0]
    found({ command, values, isJson: parser.opts()["json"] === true })
  })
}

function exitCodeHelp(): string {
  const lines = EXIT_CODE_HELP.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`)
  return `\nExit codes:\n${lines.join("\n")}`
}

function isParserExit(error: unknown): error is Error & { readonly exitCode: number } {
  return error instanceof Error && "exitCode" in error && typeof error.exitCode === "number"
}
