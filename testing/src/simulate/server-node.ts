import { MemoryStorage, Server, StorageError, toConfiguration } from "@qpc/server/core"
import type { Batch, BatchOutcome, Fault, ServerLimits } from "@qpc/server/core"
import type { CipherSuite } from "@qpc/crypto"
import { RpcError } from "@qpc/rpc"
import { TransportError } from "@qpc/transport"
import { Endpoint } from "./endpoint.ts"
import { SERVER } from "./packet-network.ts"
import type { PacketNetwork } from "./packet-network.ts"
import { PERFECT_DISK } from "./plan.ts"
import type { DiskFaults, Plan } from "./plan.ts"
import type { Prng } from "./prng.ts"
import { Process } from "./process.ts"
import { serverDisk } from "./server-disk.ts"
import type { World } from "./world.ts"

/** What the one server of a world is made of. */
export interface ServerNodeOptions {
  readonly world: World
  readonly network: PacketNetwork
  readonly prng: Prng
  readonly plan: Plan
  readonly suite: CipherSuite
  readonly nextConnection: () => number
  readonly onEnqueued: (batch: Batch, outcome: BatchOutcome) => void
  /** The server met a mistake of its own. */
  readonly onMistake: (what: string, error: unknown) => void
}

/** The real server on a disk that outlives it. */
export class ServerNode {
  readonly storage = new MemoryStorage()
  readonly limits: ServerLimits
  /** Set to change what the disk does from now on. */
  diskFaults: DiskFaults
  readonly #options: ServerNodeOptions
  readonly #prng: Prng
  #process: Process | undefined
  #incarnation = 0

  constructor(options: ServerNodeOptions) {
    this.#options = options
    this.#prng = options.prng.fork("server")
    this.diskFaults = options.plan.serverDisk
    const { queueDepth, commitLogEpochs } = options.plan
    this.limits = { ...toConfiguration({}).limits, queueDepth, commitLogEpochs }
  }

  get isUp(): boolean {
    return this.#process?.isAlive === true
  }

  /** From now on its disk does no harm. */
  heal(): void {
    this.diskFaults = PERFECT_DISK
  }

  /** Starts, unless it runs. When it crashes it starts again after a while. */
  async start(): Promise<void> {
    if (this.isUp) return
    const { world, network, suite, nextConnection, plan } = this.#options
    const name = `server#${++this.#incarnation}`
    const process = new Process(world, name)
    this.#process = process
    const prng = this.#prng.fork(name)
    process.onKilled(() => world.schedule(100 + prng.waitMs(1_500), () => void this.start()))
    const { trace } = world
    const { onEnqueued } = this.#options
    const faults = (): DiskFaults => this.diskFaults
    const disk = { inner: this.storage, process, prng: prng.fork("disk"), trace, faults, onEnqueued }
    const server = await Server.open({
      storage: serverDisk(disk),
      suite,
      clock: process.clock,
      random: prng.fork("random").bytes,
      limits: this.limits,
      rpcLimits: {},
      isRegistrationOpen: true,
      version: "simulated",
      observe: (observation) => {
        if (observation.kind === "enqueued" && observation.duplicate) trace.count("repeats recognised by the server")
        if (observation.kind === "refused") trace.count(`server refuses: ${observation.reason}`)
      },
      onFault: (fault) => this.#fault(fault),
    })
    if (!process.isAlive) return
    trace.note(`${name}: started`)
    const accept = (connection: Parameters<Server["accept"]>[0]): void => server.accept(connection)
    new Endpoint({ network, process, address: SERVER, nextConnection, giveUpMs: plan.giveUpMs, accept }).attach()
  }

  #fault({ during, error }: Fault): void {
    const isWorlds = [StorageError, RpcError, TransportError].some((kind) => error instanceof kind)
    if (!isWorlds) this.#options.onMistake(`server, ${during}`, error)
  }
}
