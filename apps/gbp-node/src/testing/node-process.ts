import { spawn } from "node:child_process"
import type { ChildProcessWithoutNullStreams } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const PROGRAM = fileURLToPath(new URL("../main.ts", import.meta.url))

/** One `gbp-node --json` in a process of its own. */
export class NodeProcess implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #events: Record<string, unknown>[] = []
  readonly #exited: Promise<number | null>
  #waiting: (() => void)[] = []
  #complaints = ""

  constructor(...words: readonly string[]) {
    this.#child = spawn(process.execPath, ["--conditions=@qpc/source", PROGRAM, "--json", ...words])
    this.#child.stderr.on("data", (bytes: Buffer) => (this.#complaints += String(bytes)))
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.#events.push(JSON.parse(line) as Record<string, unknown>)
      this.#wake()
    })
    this.#exited = new Promise((resolve) => {
      this.#child.on("close", (code) => {
        resolve(code)
        this.#wake()
      })
    })
  }

  /** Resolves with the first event like `wanted`, past or future. Rejects when the process has ended without one. */
  async saw(wanted: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    const entries = Object.entries(wanted).map(([key, value]) => [key, JSON.stringify(value)] as const)
    let isOver = false
    void this.#exited.then(() => (isOver = true))
    for (;;) {
      const found = this.#events.find((event) => entries.every(([key, value]) => JSON.stringify(event[key]) === value))
      if (found) return found
      if (isOver)
        throw new Error(`ended without ${JSON.stringify(wanted)}: ${JSON.stringify(this.#events)} ${this.#complaints}`)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** What it printed so far. */
  get events(): readonly Record<string, unknown>[] {
    return this.#events
  }

  type(line: string): void {
    this.#child.stdin.write(`${line}\n`)
  }

  /** No more is typed. */
  endInput(): void {
    this.#child.stdin.end()
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** The exit code, and what was printed on standard error. */
  async ended(): Promise<{ readonly exitCode: number | null; readonly err: string }> {
    return { exitCode: await this.#exited, err: this.#complaints }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL")
    await this.#exited
  }
}
