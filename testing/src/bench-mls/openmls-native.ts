import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { PeerProgram } from "../peer-program.ts"
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
  const program = new PeerProgram(fileURLToPath(PROGRAM))
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
  readonly #program: PeerProgram
  readonly #id: ImplementationId
  readonly #group: string

  constructor(program: PeerProgram, id: ImplementationId, suiteId: number, memberCount: number) {
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
