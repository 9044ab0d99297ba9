import type { Client, ClientOptions, MemoryDisk } from "@qpc/sdk"
import { TestClock } from "@qpc/sdk/testing"
import { MemoryStorage } from "@qpc/server"
import type { OptionTexts, Server } from "@qpc/server"
import { enrolledDisk, openClientOf } from "../in-process/open-client.ts"
import { openServer, virtualLimits } from "../in-process/open-server.ts"

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

  private constructor(clock: TestClock, storage: MemoryStorage, server: Server) {
    this.clock = clock
    this.storage = storage
    this.#server = server
  }

  /** @param options - as on the server's command line */
  static async open(options: OptionTexts = {}): Promise<Service> {
    const clock = new TestClock()
    const storage = new MemoryStorage()
    const server = await openServer({ storage, clock, limits: virtualLimits(options), version: "virtual" })
    return new Service(clock, storage, server)
  }

  /** Somebody with an account and a session. */
  async enrol(username: string): Promise<Person> {
    return { username, disk: await enrolledDisk(username, this.storage, this.clock) }
  }

  /** The caller's to close. */
  client({ disk }: Person, options: Partial<ClientOptions> = {}): Promise<Client> {
    return openClientOf(this.#server, { disk, clock: this.clock }, options)
  }
}
