import { nodeRandom, suite0001 } from "@qpc/crypto/node"
import { MemoryStore, newMemoryDisk, openClient } from "@qpc/sdk"
import type { Client, ClientOptions, MemoryDisk } from "@qpc/sdk"
import { MemoryStorage, Server, toConfiguration } from "@qpc/server"
import { memoryPair } from "@qpc/transport"
import { VirtualClock } from "../catch-up/virtual-clock.ts"
import { enrol } from "../simulate/enrol.ts"

/** Which of the two a person talks to. */
export type Face = "one" | "other"

const noOpaque: ClientOptions["opaque"] = {
  startRegistration: () => Promise.reject(new Error("unreachable: nobody signs up here")),
  finishRegistration: () => Promise.reject(new Error("unreachable: nobody signs up here")),
  startLogin: () => Promise.reject(new Error("unreachable: nobody logs in here")),
  finishLogin: () => Promise.reject(new Error("unreachable: nobody logs in here")),
  [Symbol.asyncDispose]: async () => {},
}

/**
 * A lying delivery service, made of two real servers with one key: they have the same past, and from {@link part} on each goes its
 * own way. Real clients, in one process and in virtual time.
 */
export class TwoFacedService {
  readonly clock: VirtualClock
  readonly #one: MemoryStorage
  readonly #servers: Readonly<Record<Face, Server>>
  readonly #parting: { isParted: boolean }

  private constructor(
    clock: VirtualClock,
    one: MemoryStorage,
    servers: Readonly<Record<Face, Server>>,
    parting: { isParted: boolean },
  ) {
    this.clock = clock
    this.#one = one
    this.#servers = servers
    this.#parting = parting
  }

  static async open(): Promise<TwoFacedService> {
    const clock = new VirtualClock()
    const parting = { isParted: false }
    const other = new MemoryStorage()
    const one = mirrored(new MemoryStorage(), other, parting)
    const servers = { one: await openServer(clock, one), other: await openServer(clock, other) }
    return new TwoFacedService(clock, one, servers, parting)
  }

  /** From now on the two know nothing of each other. */
  part(): void {
    this.#parting.isParted = true
  }

  /** Somebody with an account and a session at both. */
  async enrol(username: string): Promise<MemoryDisk> {
    const disk = newMemoryDisk()
    const nowMs = this.clock.unixMs()
    await enrol({ suite: suite0001, random: nodeRandom, username, disk, storage: this.#one, nowMs })
    return disk
  }

  /** The caller's to close. */
  client(disk: MemoryDisk, face: Face = "one"): Promise<Client> {
    const dial: ClientOptions["dial"] = async () => {
      const cable = memoryPair()
      this.#servers[face].accept(cable.far)
      return cable.near
    }
    const store = new MemoryStore(disk)
    return openClient({ store, dial, suite: suite0001, random: nodeRandom, clock: this.clock, opaque: noOpaque })
  }
}

/** A storage all of whose changes another gets as well, until they part. */
function mirrored(one: MemoryStorage, other: MemoryStorage, parting: { readonly isParted: boolean }): MemoryStorage {
  return new Proxy(one, {
    get(target, name) {
      const own: unknown = Reflect.get(target, name)
      if (typeof own !== "function") return own
      return async (...given: unknown[]): Promise<unknown> => {
        const twin = Reflect.get(other, name) as (...given: unknown[]) => Promise<unknown>
        if (!parting.isParted) await twin.apply(other, given)
        return (own as typeof twin).apply(target, given)
      }
    },
  })
}

function openServer(clock: VirtualClock, storage: MemoryStorage): Promise<Server> {
  // Virtual time stands still while anything happens, so that nothing would ever be slow enough.
  const { limits } = toConfiguration({ "request-rate": "1000000/1s" })
  return Server.open({
    storage,
    suite: suite0001,
    clock,
    random: nodeRandom,
    limits,
    rpcLimits: {},
    isRegistrationOpen: false,
    version: "two-faced",
    observe: () => undefined,
    onFault: ({ during, error }) => {
      throw new Error(`a fault of the server, ${during}`, { cause: error })
    },
  })
}
