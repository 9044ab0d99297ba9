/** The `gbp-node` program: reads the process's arguments, runs one command, sets the exit code. */
import { createInterface } from "node:readline"
import { EXIT_CODES } from "./exit-code.ts"
import { run } from "./run.ts"

// A reader such as `head` may leave early; that is its right, and no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT_CODES.ok)
  throw error
})

const interrupt = new AbortController()
const stop = (): void => {
  if (interrupt.signal.aborted) process.exit(EXIT_CODES.interrupted)
  interrupt.abort()
}
process.on("SIGINT", stop).on("SIGTERM", stop)

process.exitCode = await run(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  environment: process.env,
  input: { [Symbol.asyncIterator]: () => createInterface({ input: process.stdin })[Symbol.asyncIterator]() },
  signal: interrupt.signal,
})
process.off("SIGINT", stop).off("SIGTERM", stop)
// A person, or a pipe, that still could type something must not keep a node alive that is done.
process.stdin.destroy()
