import { readFileSync } from "node:fs"
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
  if (sources.canAsk) return ask(question)
  throw new UsageError("A password is needed and nobody can be asked for it.", "Use --password-file FILE or QPC_PASSWORD.")
}

function fromFile(path: string): string {
  let content: string
  try {
    content = readFileSync(path, "utf8")
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

/** Asks on the terminal; what is typed is not shown. */
function ask(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true })
  process.stderr.write(question)
  return new Promise((resolve, reject) => {
    terminal.once("SIGINT", () => {
      terminal.close()
      reject(new UsageError("No password was given."))
    })
    terminal.once("line", (line) => {
      terminal.close()
      process.stderr.write("\n")
      if (line === "") reject(new UsageError("No password was given."))
      else resolve(line)
    })
  })
}
