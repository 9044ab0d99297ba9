import type { CipherSuite } from "@qpc/crypto"
import { MemoryStorage, Server, toConfiguration } from "@qpc/server/core"
import type { ServerLimits, Storage } from "@qpc/server/core"
import { Endpoint } from "../endpoint.ts"
import { SERVER } from "../packet-network.ts"
import type { PacketNetwork } from "../packet-network.ts"
import type { Prng } from "../prng.ts"
import { Process } from "../process.ts"
import type { World } from "../world.ts"

/** What the server of a replay is made of. */
interface ReplayServerOptions {
  readonly world: World
  readonly network: PacketNetwork
  readonly suite: CipherSuite
  readonly prng: Prng
  readonly nextConnection: () => number
}

/** How long a connection may be silent: longer than a call may take, so that a call without an answer ends as one. */
export const GIVE_UP_MS = 60_000
const TEN_YEARS_MS = 3650 * 24 * 3_600_000
const OFTEN = { count: 1_000_000, windowMs: 1000 }

/** A history asks more in a second than people do, and for as long as it takes. */
const ROOMY: Partial<ServerLimits> = {
  requests: OFTEN,
  requestsFromAddress: OFTEN,
  fetches: OFTEN,
  fetchesOfOne: OFTEN,
  keyPackageLifetimeMs: TEN_YEARS_MS,
}

/** The real server. Each start may have other settings, as an operator's may. */
export class ReplayServer {
  /** What is on its disk. */
  storage = new MemoryStorage()
  /** Called with each connection. */
  onConnected: () => void = () => {}
  readonly #options: ReplayServerOptions
  #process: Process | undefined
  #starts = 0

  constructor(options: ReplayServerOptions) {
    this.#options = options
  }

  /** Ends the one that runs, and starts another on the disk, or on what looks like it. */
  async start(limits: Partial<ServerLimits> = {}, storage: Storage = this.storage): Promise<void> {
    this.stop()
    const { world, network, suite, prng, nextConnection } = this.#options
    const name = `server#${++this.#starts}`
    const process = new Process(world, name)
    this.#process = process
    const server = await Server.open({
      storage,
      suite,
      clock: process.clock,
      random: prng.fork(name).bytes,
      limits: { ...toConfiguration({}).limits, ...ROOMY, ...limits },
      rpcLimits: {},
      isRegistrationOpen: true,
      version: "replayed",
      observe: () => {},
      onFault: () => {},
    })
    const accept = (connection: Parameters<Server["accept"]>[0]): void => {
      this.onConnected()
      server.accept(connection)
    }
    new Endpoint({ network, process, address: SERVER, nextConnection, giveUpMs: GIVE_UP_MS, accept }).attach()
  }

  stop(): void {
    this.#process?.kill()
  }
}
