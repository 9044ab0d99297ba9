import type { CommandContext } from "./command.ts"
import { commands } from "./commands/index.ts"
import { reportFailure } from "./failure.ts"
import { Output } from "./output.ts"
import type { Streams } from "./output.ts"
import { parseCommandLine } from "./program.ts"
import { version } from "./version.ts"

/** The world of one run. */
export interface World extends Omit<CommandContext, "output">, Streams {}

/** Runs one command line. @returns the exit code */
export async function run(words: readonly string[], world: World): Promise<number> {
  const parsed = parseCommandLine(commands, version(), words, world)
  if (typeof parsed === "number") return parsed
  const output = new Output(world, parsed.isJson)
  try {
    return await parsed.command.run({ ...world, output }, parsed.values)
  } catch (error) {
    return reportFailure(output, error)
  }
}
