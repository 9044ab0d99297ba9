import type { Output } from "./output.ts"
import type { Profile } from "./profile.ts"

/** What every command may be told. */
export interface GlobalOptions {
  readonly json: boolean
  readonly trace: boolean
  readonly profile: string | undefined
  readonly passwordFile: string | undefined
  readonly server: string | undefined
  readonly transport: "auto" | "quic" | "tls"
}

/** The world as a command sees it; tests make their own. */
export interface CommandContext {
  readonly output: Output
  readonly options: GlobalOptions
  readonly profile: Profile
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Aborts when the person presses Ctrl-C; a command then tidies up and returns. */
  readonly signal: AbortSignal
  /** The profile's password, asked for at most once. */
  password(): Promise<string>
}

/** A word behind the command. */
interface CommandArgument {
  readonly name: string
  readonly description: string
  readonly isOptional?: boolean
  readonly isVariadic?: boolean
}

/** A flag of one command, in commander's notation: `--wait <seconds>`. */
interface CommandOption {
  readonly flags: string
  readonly description: string
}

/** One row of the table from which parsing, `--help` and the documentation are made. */
export interface Command {
  readonly name: string
  readonly summary: string
  readonly arguments: readonly CommandArgument[]
  readonly options: readonly CommandOption[]
  readonly examples: readonly string[]
  /** @param values - arguments and options by their long names in camel case; absent ones are absent */
  run(context: CommandContext, values: CommandValues): Promise<void>
}

/** What was typed behind a command. */
export class CommandValues {
  readonly #values: Readonly<Record<string, unknown>>

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values
  }

  /** A word that the table says is required: commander has refused the command line without it. */
  text(name: string): string {
    const value = this.#values[name]
    if (typeof value !== "string") throw new Error(`unreachable: ${name} was not parsed`)
    return value
  }

  optionalText(name: string): string | undefined {
    const value = this.#values[name]
    return typeof value === "string" ? value : undefined
  }

  words(name: string): readonly string[] {
    const value = this.#values[name]
    return Array.isArray(value) ? value.map(String) : []
  }

  flag(name: string): boolean {
    return this.#values[name] === true
  }
}
