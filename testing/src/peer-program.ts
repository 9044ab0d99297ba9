import { spawn } from "node:child_process"
import type { ChildProcessWithoutNullStreams } from "node:child_process"
import { createInterface } from "node:readline"

/**
 * A peer in a process of its own, which answers each line with one line of JSON, an object. It does something only while it is asked: a
 * benchmark can let it take turns with others.
 */
export class PeerProgram {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #answers: AsyncIterator<string>

  constructor(path: string) {
    this.#process = spawn(path, { stdio: "pipe" })
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
  }

  /** @throws PeerError with what the program said where it could not */
  async ask(line: string): Promise<Readonly<Record<string, unknown>>> {
    this.#process.stdin.write(`${line}\n`)
    const { value, done } = await this.#answers.next()
    if (done === true) throw new Error(`the program ended at "${line}"`)
    const answer = JSON.parse(value) as Record<string, unknown>
    if (typeof answer["error"] === "string") throw new PeerError(answer["error"], line)
    return answer
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("close", resolve))
    this.#process.stdin.end()
    await ended
  }
}

/** A peer says that it cannot do what it was asked for. */
export class PeerError extends Error {
  override readonly name = "PeerError"
  /** In the peer's words. */
  readonly reason: string

  constructor(reason: string, line: string) {
    super(`${line}: ${reason}`)
    this.reason = reason
  }
}
