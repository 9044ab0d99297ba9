import { existsSync, readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { parse as parseToml, TomlError } from "smol-toml"
import { StartError } from "../exit-code.ts"
import type { OptionTexts } from "./configuration.ts"
import { fileKeyOf, optionRows, variableOf } from "./options.ts"

/** What the command line asked for. */
export interface CommandLine {
  readonly help: boolean
  readonly version: boolean
  readonly json: boolean
  readonly printConfig: boolean
  readonly texts: OptionTexts
}

/** Read where nothing else is said, if it is there. */
const DEFAULT_FILE = "qpc-server.toml"

/**
 * Gathers the texts of all options: flags before variables before the file.
 *
 * @throws StartError `usage` for an option nobody knows, `disk` for a file that cannot be read
 */
export function gatherOptions(args: readonly string[], environment: NodeJS.ProcessEnv): CommandLine {
  const flags = parseFlags(args)
  const file = flags["config"] ?? environment["QPC_CONFIG"]
  const fromFile = file === undefined && !existsSync(DEFAULT_FILE) ? {} : readFile(String(file ?? DEFAULT_FILE))
  const texts: Record<string, string> = { ...fromFile }
  for (const { name } of optionRows) {
    const text = flags[name] ?? environment[variableOf(name)]
    if (text !== undefined) texts[name] = String(text)
  }
  return {
    help: flags["help"] === true,
    version: flags["version"] === true,
    json: flags["json"] === true,
    printConfig: flags["print-config"] === true,
    texts,
  }
}

function parseFlags(args: readonly string[]): Readonly<Record<string, string | boolean | undefined>> {
  const options: Record<string, { type: "string" | "boolean"; short?: string }> = {
    help: { type: "boolean", short: "h" },
    version: { type: "boolean" },
    json: { type: "boolean" },
    "print-config": { type: "boolean" },
    config: { type: "string" },
  }
  for (const { name, kind, isSecret } of optionRows) {
    if (isSecret !== true) options[name] = { type: kind === "flag" ? "boolean" : "string" }
  }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false, allowNegative: true }).values
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new StartError("usage", `${firstSentence(error.message)} ("qpc-server --help" lists the options)`)
  }
}

function readFile(path: string): Record<string, string> {
  const names = new Map<string, string>(optionRows.map(({ name }) => [fileKeyOf(name), name]))
  const texts: Record<string, string> = {}
  for (const [key, value] of Object.entries(parseFile(path))) {
    const name = names.get(key)
    if (name === undefined) throw new StartError("usage", `${path}: unknown option "${key}"`)
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
      throw new StartError("usage", `${path}: "${key}" must be a text, a number, true or false`)
    }
    texts[name] = String(value)
  }
  return texts
}

function parseFile(path: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(path, "utf8")
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown"
    throw new StartError("disk", `cannot read ${path} (${code}): check the path given with --config`, { cause: error })
  }
  try {
    return parseToml(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    // The message of the parser quotes the file, which may hold the database key.
    throw new StartError("usage", `${path}, line ${error.line}, column ${error.column}: not TOML`)
  }
}

const firstSentence = (text: string): string => text.split(/[.\n]/, 1)[0] ?? text
