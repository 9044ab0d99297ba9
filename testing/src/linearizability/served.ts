import { suite0001 } from "@qpc/crypto/node"
import { connectRpc, methods } from "@qpc/rpc"
import type { RpcClient } from "@qpc/rpc"
import { toConfiguration } from "@qpc/server"
import type { Server, ServerClock, ServerLimits, Storage } from "@qpc/server"
import { memoryPair } from "@qpc/transport"
import type { MemoryPair } from "@qpc/transport"
import { toHex, toIdentityKey } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import { openServer } from "../in-process/open-server.ts"
import type { Prng } from "../simulate/prng.ts"

/** Time stands still: nothing expires within a history. */
const NOW_MS = 1_800_000_000_000
export const LATER_MS: number = NOW_MS + 3_600_000
const clock: ServerClock = {
  nowMs: () => 0,
  unixMs: () => NOW_MS,
  setTimer: () => ({ [Symbol.dispose]: () => undefined }),
}

const OFTEN = { count: 1_000_000, windowMs: 1000 }
const LIMITS: ServerLimits = {
  ...toConfiguration({}).limits,
  queueDepth: 3,
  keyPackageStock: 3,
  requests: OFTEN,
  requestsFromAddress: OFTEN,
  fetches: OFTEN,
  fetchesOfOne: OFTEN,
}

/** The inboxes and stocks of the server are small, so that full ones happen. */
export const { queueDepth: QUEUE_DEPTH, keyPackageStock: STOCK_LIMIT } = LIMITS

/** A person who may connect as often as they like. */
export interface Account {
  readonly identityKey: IdentityKey
  readonly token: Uint8Array
}

/** The real server, with all its layers, over connections within this process. */
export class Served {
  readonly #storage: Storage
  readonly #server: Server

  private constructor(storage: Storage, server: Server) {
    this.#storage = storage
    this.#server = server
  }

  /** @param storage - stays the caller's. @param slowed - the same as the server sees it */
  static async open(storage: Storage, slowed: Storage): Promise<Served> {
    const server = await openServer({ storage: slowed, clock, limits: LIMITS, version: "checked" })
    return new Served(storage, server)
  }

  /** An account with a session, as registering would have left it. */
  async enrol(prng: Prng): Promise<Account> {
    const identityKey = toIdentityKey(prng.bytes(32))
    const token = prng.bytes(32)
    const name = toHex(identityKey)
    const rest = { usernameKey: name, opaqueRecord: new Uint8Array(0), createdAtMs: NOW_MS }
    await this.#storage.createAccount({ username: name, identityKey, ...rest })
    const times = { createdAtMs: NOW_MS, expiresAtMs: LATER_MS }
    await this.#storage.createSession({ tokenHash: suite0001.hash(token), identityKey, ...times }, 16)
    return { identityKey, token }
  }

  /** A connection that speaks for an account, and the cable to cut it with. */
  async connect({ token }: Account): Promise<{ readonly rpc: RpcClient; readonly cable: MemoryPair }> {
    const cable = memoryPair()
    this.#server.accept(cable.far)
    const rpc = connectRpc(cable.near)
    await rpc.call(methods.resumeSession, { sessionToken: token })
    return { rpc, cable }
  }

  close(): Promise<void> {
    return this.#server.close(0)
  }
}
