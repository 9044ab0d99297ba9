import type { Output } from "./output.ts"

/** The world as a command sees it; tests make their own. */
export interface CommandContext {
  readonly output: Output
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What a person types, line by line. */
  readonly input: AsyncIterable<string>
  /** Aborts when the person presses Ctrl-C; a command then tidies up and returns. */
  readonly signal: AbortSignal
}

/** One row of the table from which parsing and `--help` are made. */
export interface Command {
  readonly name: string
  readonly summary: string
  readonly argument?: { readonly name: string; readonly description: string; readonly isOptional?: boolean }
  /** In commander's notation: `--wait <seconds>`; `choices` are the only values allowed, the first is the default. */
  readonly options: readonly {
    readonly flags: string
    readonly description: string
    readonly choices?: readonly string[]
  }[]
  readonly examples: readonly string[]
  /** @param values - the argument and options by their long names in camel case; absent ones are absent. @returns the exit code */
  run(context: CommandContext, values: Readonly<Record<string, unknown>>): Promise<number>
}

/** A value of the command line that is text, if it is there. */
export function textOf(values: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = values[name]
  return typeof value === "string" ? value : undefined
}
