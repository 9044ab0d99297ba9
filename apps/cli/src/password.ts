import { closeSync, openSync, readSync } from "node:fs"
import { createInterface } from "node:readline"
import { Writable } from "node:stream"
import { UsageError } from "./usage-error.ts"

/** Longest password that is read, in bytes: nobody types more, and a file named by mistake may be huge. */
const PASSWORD_LIMIT_BYTES = 1024

/** Where a password may come from, in the order in which it is looked for. */
export interface PasswordSources {
  readonly file: string | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Standard input is a terminal, so a person can be asked. */
  readonly canAsk: boolean
  /** The password is being chosen: whoever mistypes it now could never open the profile again, so it is asked twice. */
  readonly isNew?: boolean
}

/**
 * Finds the password without ever echoing it: `--password-file`, then `QPC_PASSWORD_FILE`, then `QPC_PASSWORD`, then a
 * prompt. There is no option that takes the password itself: other users of a machine can read command lines.
 *
 * @throws UsageError where there is none, or the file cannot be read
 */
export async function findPassword(sources: PasswordSources, question = "Password: "): Promise<string> {
  const file = sources.file ?? sources.environment["QPC_PASSWORD_FILE"]
  if (file !== undefined && file !== "") return fromFile(file)
  const given = sources.environment["QPC_PASSWORD"]
  if (given !== undefined && given !== "") return given
  if (sources.canAsk) return sources.isNew === true ? choose(question) : ask(question)
  throw new UsageError(
    "A password is needed and nobody can be asked for it.",
    "Use --password-file FILE or QPC_PASSWORD.",
  )
}

async function choose(question: string): Promise<string> {
  const chosen = await ask(question)
  if ((await ask("The same again: ")) !== chosen) throw new UsageError("The two passwords differ.", "Try again.")
  return chosen
}

function fromFile(path: string): string {
  let content: string
  try {
    content = readStart(path, PASSWORD_LIMIT_BYTES + 3)
  } catch (error) {
    throw new UsageError(`Cannot read the password file ${path}: ${(error as NodeJS.ErrnoException).code}.`)
  }
  const password = content.replace(/\r?\n$/, "")
  if (password === "") throw new UsageError(`The password file ${path} is empty.`)
  if (Buffer.byteLength(password) > PASSWORD_LIMIT_BYTES) {
    throw new UsageError(`The password file ${path} holds more than ${PASSWORD_LIMIT_BYTES} bytes.`)
  }
  return password
}

/** The beginning of a file, whatever its size: a device has no end. */
function readStart(path: string, limitBytes: number): string {
  const file = openSync(path, "r")
  try {
    const bytes = Buffer.alloc(limitBytes)
    let length = 0
    for (let read = -1; read !== 0; length += read) read = readSync(file, bytes, length, limitBytes - length, null)
    return bytes.toString("utf8", 0, length)
  } finally {
    closeSync(file)
  }
}

/** Asks on the terminal; what is typed is not shown. */
function ask(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true })
  process.stderr.write(question)
  return new Promise((resolve, reject) => {
    const refuse = (exit: "usage" | "interrupted"): void =>
      reject(new UsageError("No password was given.", undefined, exit))
    terminal.once("SIGINT", () => {
      refuse("interrupted")
      terminal.close()
    })
    terminal.once("line", (line) => {
      if (line === "") refuse("usage")
      else resolve(line)
      terminal.close()
    })
    // Also by Ctrl-D, and when the terminal goes away.
    terminal.once("close", () => {
      process.stderr.write("\n")
      refuse("usage")
    })
  })
}
