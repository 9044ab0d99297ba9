import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:net"
import { createInterface } from "node:readline"

const root = new URL("../../../", import.meta.url).pathname
const sources = ["--conditions=@qpc/source"]

/** How a program ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

/** What to run a program with. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  /** Ended by force after this. Default 60 s. */
  readonly limitMs?: number
}

/** Runs `qpc` as a person would, in a process of its own. */
export function qpc(words: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return run([`${root}apps/cli/src/main.ts`, ...words], options)
}

/** A `qpc` that goes on while a test types into it and reads what it prints. */
export class LiveQpc implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #out: () => string

  constructor(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = start([`${root}apps/cli/src/main.ts`, ...words], env)
    this.#out = collect(this.#child.stdout!)
  }

  type(line: string): void {
    this.#child.stdin!.write(`${line}\n`)
  }

  /** Resolves with everything printed so far, once it matches. @throws Error if the program ends before */
  async printed(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#out())) {
      const [end] = await Promise.race([once(this.#child.stdout!, "data"), once(this.#child, "close")])
      if (!(end instanceof Uint8Array)) throw new Error(`ended without printing ${pattern}: ${this.#out()}`)
    }
    return this.#out()
  }

  /** Ends its input, as Ctrl-D does. Resolves with the exit code. */
  async leave(): Promise<number | null> {
    this.#child.stdin!.end()
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "close")
    return this.#child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL")
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "close")
  }
}

/** Runs `qpc-server` until it ends by itself: for starts that must fail, and for `--help`. */
export function serverToItsEnd(words: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return run([`${root}server/src/main.ts`, ...words], options)
}

function run(words: readonly string[], options: RunOptions): Promise<Ended> {
  const child = start(words, options.env ?? {})
  const out = collect(child.stdout!)
  const err = collect(child.stderr!)
  child.stdin!.on("error", () => {}) // A program that ends early does not read its input.
  child.stdin!.end(options.input ?? "")
  const late = setTimeout(() => child.kill("SIGKILL"), options.limitMs ?? 60_000)
  return new Promise((resolve) => {
    child.once("close", (code, signal) => {
      clearTimeout(late)
      resolve({ code, signal, out: out(), err: err() })
    })
  })
}

function start(words: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const { PATH, NODE_OPTIONS } = process.env // The options bring the nonce monitor along.
  const environment: NodeJS.ProcessEnv = { PATH, NODE_OPTIONS, HOME: "/nonexistent", NO_COLOR: "1", ...env }
  return spawn(process.execPath, [...sources, ...words], { cwd: root, env: environment, stdio: "pipe" })
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = []
  stream.on("data", (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString("utf8")
}

/** A `qpc-server` in a process of its own, which a test may kill and start again on the same data and port. */
export class TestServer implements AsyncDisposable {
  readonly address: string
  readonly #child: ChildProcess
  readonly #log: () => string

  private constructor(child: ChildProcess, address: string, log: () => string) {
    this.#child = child
    this.address = address
    this.#log = log
  }

  /** @param words - further options of the command line */
  static async start(dataFolder: string, port: number, words: readonly string[] = []): Promise<TestServer> {
    const listen = ["--listen", `127.0.0.1:${port}`, "--data-dir", dataFolder, "--json", ...words]
    const child = start([`${root}server/src/main.ts`, ...listen], {})
    child.stdin!.end()
    const log = collect(child.stderr!)
    return new TestServer(child, await ready(child, log), log)
  }

  get processId(): number {
    return this.#child.pid!
  }

  /** Everything it has written to its log so far. */
  get log(): string {
    return this.#log()
  }

  /** SIGKILL: no handler runs, nothing is flushed. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL")
    await this.#ended()
  }

  /** SIGTERM, and how it ended. */
  async stop(): Promise<number | null> {
    this.#child.kill("SIGTERM")
    await this.#ended()
    return this.#child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }

  async #ended(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    await new Promise<void>((resolve) => this.#child.once("exit", () => resolve()))
  }
}

function ready(child: ChildProcess, log: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${log()}`)))
    createInterface({ input: child.stdout! }).once("line", (line) => {
      resolve((JSON.parse(line) as { readonly address: string }).address)
    })
  })
}

/** A port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once("error", reject)
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { readonly port: number }
      probe.close(() => resolve(port))
    })
  })
}
