import type { Client, MemoryDisk } from "@qpc/sdk"
import { TestClock } from "@qpc/sdk/testing"
import { MemoryStorage } from "@qpc/server"
import type { Server } from "@qpc/server"
import { enrolledDisk, openClientOf } from "../in-process/open-client.ts"
import { openServer, virtualLimits } from "../in-process/open-server.ts"

/** Which of the two a person talks to. */
export type Face = "one" | "other"

/**
 * A lying delivery service, made of two real servers with one key: they have the same past, and from {@link part} on each goes its
 * own way. Real clients, in one process and in virtual time.
 */
export class TwoFacedService {
  readonly clock: TestClock
  readonly #one: MemoryStorage
  readonly #servers: Readonly<Record<Face, Server>>
  readonly #parting: { isParted: boolean }

  private constructor(
    clock: TestClock,
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
    const clock = new TestClock()
    const parting = { isParted: false }
    const other = new MemoryStorage()
    const one = mirrored(new MemoryStorage(), other, parting)
    const parts = { clock, limits: virtualLimits(), version: "two-faced" }
    const servers = {
      one: await openServer({ ...parts, storage: one }),
      other: await openServer({ ...parts, storage: other }),
    }
    return new TwoFacedService(clock, one, servers, parting)
  }

  /** From now on the two know nothing of each other. */
  part(): void {
    this.#parting.isParted = true
  }

  /** Somebody with an account and a session at both. */
  enrol(username: string): Promise<MemoryDisk> {
    return enrolledDisk(username, this.#one, this.clock)
  }

  /** The caller's to close. */
  client(disk: MemoryDisk, face: Face = "one"): Promise<Client> {
    return openClientOf(this.#servers[face], { disk, clock: this.clock })
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
