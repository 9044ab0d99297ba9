import { parseArgs } from "node:util"
import type { ParseArgsOptionDescriptor } from "node:util"

/** One flag of a program and what it does, for `--help`. */
export interface Flag extends ParseArgsOptionDescriptor {
  readonly says: string
}

/** What a program is called and for, and its flags. */
export interface Usage<Flags extends Readonly<Record<string, Flag>>> {
  readonly command: string
  readonly purpose: string
  readonly flags: Flags
}

interface ReadOptions<Flags extends Readonly<Record<string, Flag>>> {
  args: string[]
  options: Flags
}
type Values<Flags extends Readonly<Record<string, Flag>>> = ReturnType<typeof parseArgs<ReadOptions<Flags>>>["values"]

/** What came of a command line. */
export type Read<Flags extends Readonly<Record<string, Flag>>> =
  | { readonly kind: "values"; readonly values: Values<Flags> }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "mistake"; readonly text: string }

/** Reads a command line; answers `--help`, and every flag that there is not with what there is. */
export function readCommandLine<const Flags extends Readonly<Record<string, Flag>>>(
  usage: Usage<Flags>,
  words: readonly string[],
): Read<Flags> {
  if (words.includes("--help") || words.includes("-h")) return { kind: "help", text: helpOf(usage) }
  try {
    const options: ReadOptions<Flags> = { args: [...words], options: usage.flags }
    return { kind: "values", values: parseArgs(options).values }
  } catch (error) {
    if (!isMistake(error)) throw error
    return { kind: "mistake", text: `${error.message}\n\n${helpOf(usage)}` }
  }
}

/** The flags of this process. Prints the help and ends the process where that was asked for, or where a flag is wrong. */
export function flagsOf<const Flags extends Readonly<Record<string, Flag>>>(usage: Usage<Flags>): Values<Flags> {
  const read = readCommandLine(usage, process.argv.slice(2))
  if (read.kind === "values") return read.values
  if (read.kind === "mistake") return refuse(read.text)
  console.log(read.text)
  process.exit(0)
}

/** Ends a program that was asked for something it cannot do: exit code 2. */
export function refuse(message: string): never {
  console.error(message)
  process.exit(2)
}

function helpOf({ command, purpose, flags }: Usage<Readonly<Record<string, Flag>>>): string {
  const rows = Object.entries(flags).map(([name, { type, default: preset, says }]) => {
    const word = type === "string" ? `--${name} ${name.toUpperCase()}` : `--${name}`
    const shown = typeof preset === "string" && preset !== "" ? ` (default ${preset})` : ""
    return `  ${word.padEnd(26)} ${says}${shown}`
  })
  return [`npm run ${command} -- [flags]`, "", purpose, "", ...rows].join("\n")
}

function isMistake(error: unknown): error is Error {
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS_")
}
