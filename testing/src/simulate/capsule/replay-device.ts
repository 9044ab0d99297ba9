import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { newMemoryDisk, openClient } from "@qpc/sdk"
import type { Change, Client, ClientLimits, MemoryDisk } from "@qpc/sdk"
import type { MemoryStorage } from "@qpc/server/core"
import { toIdentityKey } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import { ClientDisk } from "../client-disk.ts"
import { Endpoint } from "../endpoint.ts"
import { enrol, enrolSecond } from "../enrol.ts"
import type { EnrolOptions } from "../enrol.ts"
import { noOpaque } from "../no-opaque.ts"
import type { PacketNetwork } from "../packet-network.ts"
import { PERFECT_DISK } from "../plan.ts"
import type { DiskFaults } from "../plan.ts"
import type { Prng } from "../prng.ts"
import { Process } from "../process.ts"
import type { World } from "../world.ts"
import { GIVE_UP_MS } from "./replay-server.ts"
import type { ReplayServer } from "./replay-server.ts"

/** What a device of a replay is made of. */
interface ReplayDeviceOptions {
  readonly world: World
  readonly network: PacketNetwork
  readonly suite: CipherSuite
  readonly prng: Prng
  readonly nextConnection: () => number
  readonly name: string
  readonly address: number
}

/** Nobody makes a change that the history does not ask for: renewals of keys come when their time is over. */
const NO_UPKEEP = { updateKeysAfterMs: 3650 * 24 * 3_600_000, warmFromMembers: 1_000_000 }
const RECONNECT = { baseMs: 50, capMs: 1000 }

/** A device on which the real client is started and stopped when the history says so. */
export class ReplayDevice {
  readonly name: string
  readonly address: number
  disk: MemoryDisk = newMemoryDisk()
  diskFaults: DiskFaults = PERFECT_DISK
  limits: Partial<ClientLimits> = {}
  /** True if it renews its keys when their time is over. */
  hasUpkeep = false
  /** How far somebody has set its calendar ahead. */
  skewMs = 0
  /** Told of every transaction when it is durable, before the program hears of it. */
  onDurable: (changes: readonly Change[]) => void = () => {}
  readonly #options: ReplayDeviceOptions
  #keys: KeyPair | undefined
  #process: Process | undefined
  #client: Client | undefined
  #starts = 0

  constructor(options: ReplayDeviceOptions) {
    this.#options = options
    this.name = options.name
    this.address = options.address
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error(`unreachable: ${this.name} does not run`)
    return this.#client
  }

  get isRunning(): boolean {
    return this.#process?.isAlive === true
  }

  get key(): IdentityKey {
    if (this.#keys === undefined) throw new Error(`unreachable: ${this.name} has no account`)
    return toIdentityKey(this.#keys.publicKey)
  }

  /** Gives it an account. */
  async enrol({ storage }: ReplayServer): Promise<void> {
    this.#keys = await enrol({ ...this.#enrolment(storage), username: this.name })
  }

  /** Logs it in as another device of the person who has approved it. */
  async enrolSecond({ storage }: ReplayServer): Promise<void> {
    await enrolSecond(this.#enrolment(storage))
  }

  /** Starts the client without a connection. @throws ClientError */
  async open(): Promise<Client> {
    const { world, network, suite, prng, nextConnection } = this.#options
    const name = `${this.name}#${++this.#starts}`
    const process = new Process(world, name, this.skewMs)
    this.#process = process
    const luck = prng.fork(name)
    const store = new ClientDisk({
      disk: this.disk,
      process,
      prng: luck.fork("disk"),
      trace: world.trace,
      faults: () => this.diskFaults,
      onDurable: (changes) => this.onDurable(changes),
    })
    const endpoint = new Endpoint({ network, process, address: this.address, nextConnection, giveUpMs: GIVE_UP_MS })
    endpoint.attach()
    const { dial } = endpoint
    const random = luck.fork("random").bytes
    const parts = { store, dial, suite, random, clock: process.clock, opaque: noOpaque, reconnect: RECONNECT }
    this.#client = await openClient({ ...parts, limits: this.limits, ...(!this.hasUpkeep && { group: NO_UPKEEP }) })
    return this.#client
  }

  /** Ends the client as a person does. */
  async close(): Promise<void> {
    if (this.isRunning) await this.client.close()
    this.kill()
  }

  #enrolment(storage: MemoryStorage): EnrolOptions {
    const { world, suite, prng } = this.#options
    return { suite, random: prng.fork("enrol").bytes, disk: this.disk, storage, nowMs: world.unixMs() }
  }

  /** Pulls the plug. */
  kill(): void {
    this.#process?.kill()
    this.#client = undefined
  }
}
