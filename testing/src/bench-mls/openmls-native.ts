import { spawn } from "node:child_process"
import type { ChildProcessWithoutNullStreams } from "node:child_process"
import { existsSync } from "node:fs"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type { Implementation, MessageBytes, Player } from "./implementation.ts"
import type { ImplementationId } from "./library.ts"
import type { OperationName } from "./operations.ts"

const PROGRAM = new URL("../../peers/openmls/target/release/openmls-bench", import.meta.url)
/** It keeps its state up to date in a store with each step, so that there is nothing to be saved. */
const CANNOT: ReadonlySet<OperationName> = new Set(["save"])

/** OpenMLS built from its crate, in both suites, or why it is not there. */
export function openMlsNative(): readonly Implementation[] | string {
  if (!existsSync(PROGRAM)) return "not built (it needs cargo), run npm run bench:mls:peers"
  return [nativeIn(1, "openmls_native"), nativeIn(3, "openmls_native_chacha")]
}

function nativeIn(suiteId: number, id: ImplementationId): Implementation {
  const program = new Program(fileURLToPath(PROGRAM))
  return {
    id,
    name: "OpenMLS 0.9.2 (native, RustCrypto)",
    suiteId,
    membersLimit: 1000,
    remarks: [
      "OpenMLS writes each step into a store in memory; its memory is told without the store, its state is all that is in it.",
    ],
    at: (memberCount) => new NativePlayer(program, id, suiteId, memberCount),
    async memoryBytes(memberCount) {
      const { bytes } = await program.ask(`memory ${suiteId} ${memberCount}`)
      await program.ask(`free ${suiteId} ${memberCount}`)
      return Number(bytes)
    },
    close: async () => await program.close(),
  }
}

class NativePlayer implements Player {
  readonly #program: Program
  readonly #id: ImplementationId
  readonly #group: string

  constructor(program: Program, id: ImplementationId, suiteId: number, memberCount: number) {
    this.#program = program
    this.#id = id
    this.#group = `${suiteId} ${memberCount}`
  }

  async contender(operation: OperationName): ReturnType<Player["contender"]> {
    if (CANNOT.has(operation)) return undefined
    const ask = async (command: string, count: number): Promise<void> => {
      await this.#program.ask(`${command} ${this.#group} ${operation} ${count}`)
    }
    return {
      name: this.#id,
      prepare: async (count) => await ask("prepare", count),
      run: async (count) => await ask("run", count),
    }
  }

  async messageBytes(): Promise<MessageBytes> {
    return (await this.#program.ask(`bytes ${this.#group}`)) as unknown as MessageBytes
  }

  async free(): Promise<void> {
    await this.#program.ask(`free ${this.#group}`)
  }
}

/** The program, which answers each line with one line of JSON. It takes its turn only while it is asked for something. */
class Program {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #answers: AsyncIterator<string>

  constructor(path: string) {
    this.#process = spawn(path, { stdio: "pipe" })
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
  }

  /** @throws Error with what the program said where it could not */
  async ask(line: string): Promise<Readonly<Record<string, unknown>>> {
    this.#process.stdin.write(`${line}\n`)
    const { value, done } = await this.#answers.next()
    if (done === true) throw new Error(`the program ended at "${line}"`)
    const answer = JSON.parse(value) as Record<string, unknown>
    if (typeof answer["error"] === "string") throw new Error(`${line}: ${answer["error"]}`)
    return answer
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("close", resolve))
    this.#process.stdin.end()
    await ended
  }
}
