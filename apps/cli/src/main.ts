/** The `qpc` program: reads the process's arguments and environment, runs one command, sets the exit code. */
import { hasSqliteStore } from "@qpc/sdk/node"
import type { CommandContext } from "./command.ts"
import { commands } from "./commands/index.ts"
import { EXIT_CODES } from "./exit-code.ts"
import { reportFailure } from "./failure.ts"
import { Output, type Streams } from "./output.ts"
import { findPassword } from "./password.ts"
import { findProfile, type Profile } from "./profile.ts"
import { parseCommandLine } from "./program.ts"
import { version } from "./version.ts"

const streams: Streams = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isTerminal: process.stdout.isTTY,
}

// A reader such as `head` may leave early; that is its right, and no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT_CODES.ok)
  throw error
})

process.exitCode = await main(process.argv.slice(2))

async function main(words: readonly string[]): Promise<number> {
  const parsed = parseCommandLine(commands, version(), words, streams)
  if ("exitCode" in parsed) return parsed.exitCode
  const output = new Output(streams, parsed.options.json)
  const interrupt = new AbortController()
  const stop = (): void => {
    if (interrupt.signal.aborted) process.exit(EXIT_CODES.interrupted)
    interrupt.abort()
  }
  process.on("SIGINT", stop).on("SIGTERM", stop)
  try {
    const profile = findProfile(parsed.options.profile, process.env)
    const context: CommandContext = {
      output,
      options: parsed.options,
      profile,
      environment: process.env,
      signal: interrupt.signal,
      password: askOnce(parsed.options.passwordFile, profile),
    }
    await parsed.command.run(context, parsed.values)
    return Number(process.exitCode ?? EXIT_CODES.ok)
  } catch (error) {
    return reportFailure(output, error)
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop)
  }
}

/** One question, however often the password is needed. */
function askOnce(file: string | undefined, { name, folder }: Profile): () => Promise<string> {
  let asked: Promise<string> | undefined
  return () => {
    asked ??= findPassword(
      { file, environment: process.env, canAsk: process.stdin.isTTY, isNew: !hasSqliteStore(folder) },
      `Password of profile ${name}: `,
    )
    return asked
  }
}
