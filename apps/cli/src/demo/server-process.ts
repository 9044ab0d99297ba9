import { type ChildProcess, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"
import { UsageError } from "../usage-error.ts"

/** How long a server may take to say that it is ready: a slow disk makes certificates and tables slowly. */
const START_LIMIT_MS = 30_000
/** How long it may take to stop before it is ended. */
const STOP_LIMIT_MS = 10_000

/** One line of the server's log about an envelope it accepted: all that it knows of it. */
export interface SeenByServer {
  readonly label: string
  readonly bytes: number
  readonly epoch: number
  readonly recipients: number
  /** The last sealed bytes, in hexadecimal. */
  readonly tail: string
}

/** A `qpc-server` of our own, in a process of its own, as a user would have it. */
export class ServerProcess implements AsyncDisposable {
  /** Where it listens, with its fingerprint. */
  readonly address: string
  /** What it has logged about messages, oldest first. */
  readonly seen: readonly SeenByServer[]
  readonly #process: ChildProcess

  private constructor(process: ChildProcess, address: string, seen: readonly SeenByServer[]) {
    this.#process = process
    this.address = address
    this.seen = seen
  }

  /** @throws UsageError where no server is installed beside the client, or it does not start */
  static async start(dataFolder: string): Promise<ServerProcess> {
    const [program, ...first] = serverCommand()
    const args = [...first, "--listen", "127.0.0.1:0", "--data-dir", dataFolder, "--json", "--log-level", "debug"]
    const child = spawn(program!, args, { stdio: ["ignore", "pipe", "pipe"], env: withoutOurs(process.env) })
    const seen: SeenByServer[] = []
    const complaints: string[] = []
    createInterface({ input: child.stderr }).on("line", (line) => readLog(line, seen, complaints))
    try {
      return new ServerProcess(child, await readAddress(child), seen)
    } catch {
      child.kill("SIGKILL")
      throw new UsageError(`The demo's server did not start. ${complaints.at(-1) ?? "It said nothing."}`)
    }
  }

  /** Resolves when the process has ended, whoever ended it. */
  async ended(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    await new Promise<void>((resolve) => this.#process.once("exit", () => resolve()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM")
    const late = setTimeout(() => this.#process.kill("SIGKILL"), STOP_LIMIT_MS)
    await this.ended()
    clearTimeout(late)
  }
}

/** What a person set for `qpc` or for a server of their own, passwords above all, is none of the demo's server's business. */
function withoutOurs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("QPC_")))
}

/** The server beside us: from sources where we run from sources, as an installed package otherwise. */
function serverCommand(): string[] {
  let folder: string
  try {
    folder = dirname(createRequire(import.meta.url).resolve("@qpc/server/package.json"))
  } catch {
    throw new UsageError("The demo needs the server beside the client.", "Install the package @qpc/server.")
  }
  const source = join(folder, "src", "main.ts")
  if (import.meta.url.endsWith(".ts") && existsSync(source)) {
    return [process.execPath, "--conditions=@qpc/source", source]
  }
  return [process.execPath, join(folder, "bin", "qpc-server.mjs")]
}

function readAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("not ready in time")), START_LIMIT_MS)
    child.once("exit", () => reject(new Error("ended")))
    child.once("error", reject)
    createInterface({ input: child.stdout! }).once("line", (line) => {
      clearTimeout(late)
      const { address } = JSON.parse(line) as { readonly address?: unknown }
      if (typeof address === "string") resolve(address)
      else reject(new Error("no address"))
    })
  })
}

function readLog(line: string, seen: SeenByServer[], complaints: string[]): void {
  let entry: Record<string, unknown>
  try {
    entry = JSON.parse(line) as Record<string, unknown>
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    complaints.push(line)
    return
  }
  if (entry["msg"] === "envelope") seen.push(toSeen(entry))
}

function toSeen(entry: Readonly<Record<string, unknown>>): SeenByServer {
  const { label, bytes, epoch, recipients, tail } = entry
  return {
    label: String(label),
    bytes: Number(bytes),
    epoch: Number(epoch),
    recipients: Number(recipients),
    tail: String(tail),
  }
}
