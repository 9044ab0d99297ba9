import { nodeRandom, suite0001 } from "@qpc/crypto/node"
import { MemoryStore, newMemoryDisk, openClient } from "@qpc/sdk"
import type { Client, ClientOptions, MemoryDisk } from "@qpc/sdk"
import { MemoryStorage, Server, toConfiguration } from "@qpc/server"
import type { OptionTexts } from "@qpc/server"
import { memoryPair } from "@qpc/transport"
import { enrol } from "../simulate/enrol.ts"
import { VirtualClock } from "./virtual-clock.ts"

/** Somebody with a disk, who is there only while their client is open. */
export interface Person {
  readonly username: string
  readonly disk: MemoryDisk
}

const noOpaque: ClientOptions["opaque"] = {
  startRegistration: () => Promise.reject(new Error("unreachable: nobody signs up here")),
  finishRegistration: () => Promise.reject(new Error("unreachable: nobody signs up here")),
  startLogin: () => Promise.reject(new Error("unreachable: nobody logs in here")),
  finishLogin: () => Promise.reject(new Error("unreachable: nobody logs in here")),
  [Symbol.asyncDispose]: async () => {},
}

/** The real server and real clients in one process and in virtual time. */
export class Service {
  readonly clock: VirtualClock
  readonly storage: MemoryStorage
  readonly #server: Server

  private constructor(clock: VirtualClock, storage: MemoryStorage, server: Server) {
    this.clock = clock
    this.storage = storage
    this.#server = server
  }

  /** @param options - as on the server's command line */
  static async open(options: OptionTexts = {}): Promise<Service> {
    const clock = new VirtualClock()
    const storage = new MemoryStorage()
    // Virtual time stands still while anything happens, so that nothing would ever be slow enough.
    const { limits } = toConfiguration({ "request-rate": "1000000/1s", ...options })
    const server = await Server.open({
      storage,
      suite: suite0001,
      clock,
      random: nodeRandom,
      limits,
      rpcLimits: {},
      isRegistrationOpen: false,
      version: "virtual",
      observe: () => undefined,
      onFault: ({ during, error }) => {
        throw new Error(`a fault of the server, ${during}`, { cause: error })
      },
    })
    return new Service(clock, storage, server)
  }

  /** Somebody with an account and a session. */
  async enrol(username: string): Promise<Person> {
    const disk = newMemoryDisk()
    const nowMs = this.clock.unixMs()
    await enrol({ suite: suite0001, random: nodeRandom, username, disk, storage: this.storage, nowMs })
    return { username, disk }
  }

  /** The caller's to close. */
  client({ disk }: Person, options: Partial<ClientOptions> = {}): Promise<Client> {
    const dial: ClientOptions["dial"] = async () => {
      const cable = memoryPair()
      this.#server.accept(cable.far)
      return cable.near
    }
    const store = new MemoryStore(disk)
    const own = { store, dial, suite: suite0001, random: nodeRandom, clock: this.clock, opaque: noOpaque }
    return openClient({ ...own, ...options })
  }
}
