import process, { argv, env, exit, stderr, stdout } from "node:process"
import { gatherOptions } from "./config/sources.ts"
import type { CommandLine } from "./config/sources.ts"
import { toConfiguration } from "./config/configuration.ts"
import { printConfiguration, usage } from "./config/usage.ts"
import { exitCodes, StartError } from "./exit-code.ts"
import { startServer } from "./start-server.ts"
import { serverVersion } from "./version.ts"

/** Runs `qpc-server` until it is told to stop. Its exit code is in `exitCodes`. */
async function main(): Promise<void> {
  const line = gatherOptions(argv.slice(2), env)
  const text = informationOf(line)
  if (text !== undefined) {
    stdout.write(text)
    return
  }
  const server = await startServer({ options: line.texts, onWarning: say })
  const stopped = new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) {
        process.removeListener(signal, stop)
        process.once(signal, () => exit(exitCodes.failed.code))
      }
      server.close().then(resolve, reject)
    }
    process.once("SIGTERM", stop)
    process.once("SIGINT", stop)
  })
  const { address, port } = server
  stdout.write(line.json ? `${JSON.stringify({ address, port })}\n` : `qpc-server is ready at ${address}\n`)
  await stopped
}

/** One line for the operator. */
function say(line: string): void {
  stderr.write(`qpc-server: ${line}\n`)
}

/** What was asked for instead of a running server. */
function informationOf(line: CommandLine): string | undefined {
  if (line.help) return usage()
  if (line.version) return `${serverVersion()}\n`
  if (!line.printConfig) return undefined
  toConfiguration(line.texts)
  return printConfiguration(line.texts)
}

try {
  await main()
} catch (error) {
  if (!(error instanceof StartError)) throw error
  say(error.message)
  exit(exitCodes[error.exit].code)
}
exit(exitCodes.ok.code)
