import type { Client, ClientOptions, MemoryDisk } from "@qpc/sdk"
import { TestClock } from "@qpc/sdk/testing"
import { MemoryStorage } from "@qpc/server"
import type { OptionTexts, Server } from "@qpc/server"
import type { MemoryPair } from "@qpc/transport"
import { enrolledDisk, openClientOf } from "../in-process/open-client.ts"
import { openServer, virtualLimits } from "../in-process/open-server.ts"
import type { ServerOddities } from "../in-process/open-server.ts"

/** Somebody with a disk, who is there only while their client is open. */
export interface Person {
  readonly username: string
  readonly disk: MemoryDisk
}

/** The real server and real clients in one process and in virtual time. */
export class Service {
  readonly clock: TestClock
  readonly storage: MemoryStorage
  readonly #server: Server
  readonly #cables = new Set<MemoryPair>()

  private constructor(clock: TestClock, storage: MemoryStorage, server: Server) {
    this.clock = clock
    this.storage = storage
    this.#server = server
  }

  /**
   * @param options - as on the server's command line
   * @param oddities - what is unlike in this server, with `clock` in the place of everybody's
   */
  static async open(
    options: OptionTexts = {},
    oddities: ServerOddities = {},
    clock: TestClock = new TestClock(),
  ): Promise<Service> {
    const storage = new MemoryStorage()
    const parts = { storage, clock, limits: virtualLimits(options), version: "virtual" }
    return new Service(clock, storage, await openServer({ ...parts, ...oddities }))
  }

  /** Somebody with an account and a session. */
  async enrol(username: string): Promise<Person> {
    return { username, disk: await enrolledDisk(username, this.storage, this.clock) }
  }

  /** Everybody's connection breaks; whoever wants to be connected comes back. */
  cut(): void {
    for (const cable of this.#cables) cable.cut()
    this.#cables.clear()
  }

  /** The caller's to close. */
  client({ disk }: Person, options: Partial<ClientOptions> = {}): Promise<Client> {
    const onCable = (cable: MemoryPair): void => void this.#cables.add(cable)
    return openClientOf(this.#server, { disk, clock: this.clock, onCable }, options)
  }
}
