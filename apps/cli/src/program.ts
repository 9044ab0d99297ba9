import { Command as Parser, Option } from "commander"
import { type Command, CommandValues, type GlobalOptions } from "./command.ts"
import { EXIT_CODE_HELP } from "./exit-code.ts"

/** What the command line asked for. */
export interface Parsed {
  readonly command: Command
  readonly values: CommandValues
  readonly options: GlobalOptions
}

/** How parsing ended when there is nothing to run: help was printed, or the line was wrong and the reason was printed. */
export interface NothingToRun {
  readonly exitCode: number
}

/** Where the parser prints help and complaints. */
export interface ParserStreams {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

const GLOBAL_OPTIONS: readonly Option[] = [
  new Option("--profile <name-or-folder>", "whose identity to use (QPC_PROFILE)"),
  new Option("--server <address>", "qpc://host:port, best with its fingerprint: qpc://host:port#sha256-… (QPC_SERVER)"),
  new Option("--password-file <file>", "read the password from a file (QPC_PASSWORD_FILE, QPC_PASSWORD)"),
  new Option("--transport <kind>", "how to reach the server").choices(["auto", "quic", "tls"]).default("auto"),
  new Option("--json", "print one JSON object per result"),
  new Option("--trace", "print one line for each layer that a message crosses"),
]

/**
 * Parses a command line against the table of commands.
 *
 * @param words - what follows the program's name
 */
export function parseCommandLine(
  commands: readonly Command[],
  version: string,
  words: readonly string[],
  streams: ParserStreams,
): Parsed | NothingToRun {
  let parsed: Parsed | undefined
  const parser = new Parser("qpc")
    .description("End-to-end encrypted group messages over a server that cannot read them.")
    .version(version, "--version", "print the version")
    .helpCommand(false)
    .configureOutput({ writeOut: streams.out, writeErr: streams.err })
    .showHelpAfterError("Run `qpc --help` to see what there is.")
    .addHelpText("after", exitCodeHelp)
    .exitOverride()
  for (const option of GLOBAL_OPTIONS) parser.addOption(option)
  for (const command of commands) addCommand(parser, command, (found) => (parsed = found))
  try {
    parser.parse([...words], { from: "user" })
  } catch (error) {
    if (!isParserExit(error)) throw error
    return { exitCode: error.exitCode === 0 ? 0 : 2 }
  }
  return parsed ?? { exitCode: 2 }
}

function addCommand(parser: Parser, command: Command, found: (parsed: Parsed) => void): void {
  const sub = parser.command(command.name).description(command.summary)
  for (const argument of command.arguments) {
    const dots = argument.isVariadic === true ? "..." : ""
    const name = `${argument.name}${dots}`
    sub.argument(argument.isOptional === true ? `[${name}]` : `<${name}>`, argument.description)
  }
  for (const option of command.options) sub.option(option.flags, option.description)
  if (command.examples.length > 0) sub.addHelpText("after", `\nExamples:\n  ${command.examples.join("\n  ")}`)
  sub.action((...given: unknown[]) => {
    const values: Record<string, unknown> = { ...sub.opts() }
    for (const [index, argument] of command.arguments.entries()) values[argument.name] = given[index]
    found({ command, values: new CommandValues(values), options: globalOptions(parser) })
  })
}

function globalOptions(parser: Parser): GlobalOptions {
  const options: Record<string, unknown> = parser.opts()
  const text = (name: string): string | undefined => {
    const value = options[name]
    return typeof value === "string" ? value : undefined
  }
  return {
    json: options["json"] === true,
    trace: options["trace"] === true,
    profile: text("profile"),
    passwordFile: text("passwordFile"),
    server: text("server"),
    transport: options["transport"] as GlobalOptions["transport"],
  }
}

function exitCodeHelp(): string {
  const lines = EXIT_CODE_HELP.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`)
  return `\nExit codes:\n${lines.join("\n")}`
}

function isParserExit(error: unknown): error is Error & { readonly exitCode: number } {
  return error instanceof Error && "exitCode" in error && typeof error.exitCode === "number"
}
