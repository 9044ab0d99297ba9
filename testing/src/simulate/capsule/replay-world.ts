import type { CipherSuite } from "@qpc/crypto"
import type { Random } from "@qpc/wire"
import { PacketNetwork } from "../packet-network.ts"
import { Prng } from "../prng.ts"
import { World } from "../world.ts"
import type { Drain } from "../world.ts"
import { ReplayDevice } from "./replay-device.ts"
import { ReplayServer } from "./replay-server.ts"

/** Nothing that a history waits for takes longer in virtual time. */
const PATIENCE_MS = 10 * 60_000
/** The seed of every replay: what it draws tells nothing and must not differ from one replay to the next. */
const SEED = 1n

/** A step of a history did not lead where it should: the capsule tells of a state that this history does not reach. */
export class ReplayError extends Error {
  override readonly name = "ReplayError"
}

/** A server, a network and devices in virtual time, in which one thing is done after the other. */
export class ReplayWorld {
  readonly network: PacketNetwork
  readonly server: ReplayServer
  readonly suite: CipherSuite
  readonly random: Random
  readonly #world: World
  readonly #prng = new Prng(SEED, "replay")
  #connections = 0
  #devices = 0

  constructor(suite: CipherSuite, drain: Drain) {
    this.suite = suite
    this.#world = new World(drain)
    this.random = this.#prng.fork("random").bytes
    this.network = new PacketNetwork(this.#world, this.#prng.fork("network"))
    this.server = new ReplayServer(this.#parts("server"))
  }

  unixMs(): number {
    return this.#world.unixMs()
  }

  /** A device with an empty disk, and its place in the network. */
  device(name: string): ReplayDevice {
    this.#devices += 1
    return new ReplayDevice({ ...this.#parts(name), name, address: this.#devices })
  }

  /** Lets time go by until something has happened. @throws ReplayError if that never does; whatever `action` rejects with */
  async during<T>(action: Promise<T>, what: string): Promise<T> {
    let isSettled = false
    const settled = (): void => void (isSettled = true)
    action.then(settled, settled)
    await this.until(() => isSettled, what)
    return action
  }

  /** Lets time go by until something holds. @throws ReplayError */
  async until(holds: () => boolean, what: string): Promise<void> {
    await this.#world.run(this.#world.nowMs() + PATIENCE_MS, holds)
    if (!holds()) throw new ReplayError(`it never came to this: ${what}`)
  }

  async pass(ms: number): Promise<void> {
    await this.#world.run(this.#world.nowMs() + ms)
  }

  #parts(name: string) {
    const { network, suite } = this
    const nextConnection = (): number => ++this.#connections
    return { world: this.#world, network, suite, prng: this.#prng.fork(name), nextConnection }
  }
}
