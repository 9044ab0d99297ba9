import { events, RpcError, serveRpc } from "@qpc/rpc"
import type { Handlers, RpcServerConnection, RpcServerLimits } from "@qpc/rpc"
import type { Connection, Listener } from "@qpc/transport"
import type { KeyPair } from "@qpc/crypto"
import type { Random } from "@qpc/wire"
import { Accounts } from "./accounts/accounts.ts"
import { Devices } from "./accounts/devices.ts"
import { OpaqueServer } from "./accounts/opaque-server.ts"
import type { ServerClock } from "./clock.ts"
import { openDeliveryKey } from "./delivery/delivery-key.ts"
import type { LogSuite } from "./delivery/delivery-key.ts"
import { Delivery } from "./delivery/delivery.ts"
import { InboxNotifier } from "./delivery/inbox-notifier.ts"
import { ClientConnection } from "./dispatch/client-connection.ts"
import { guarded } from "./dispatch/guard.ts"
import { IdentityConnections } from "./dispatch/identity-connections.ts"
import { makeHandlers } from "./dispatch/handlers.ts"
import type { Fault } from "./fault.ts"
import { KeyPackages } from "./key-packages.ts"
import type { Observe } from "./observe.ts"
import type { ServerLimits } from "./server-limits.ts"
import { SlidingWindow } from "./sliding-window.ts"
import type { Storage } from "./storage/storage.ts"
import { Sweeper } from "./sweeper.ts"

/** What a `Server` is made of. */
export interface ServerOptions {
  /** Stays the caller's to dispose of, after `close`. */
  readonly storage: Storage
  readonly suite: LogSuite
  readonly clock: ServerClock
  readonly random: Random
  readonly limits: ServerLimits
  readonly rpcLimits: Partial<RpcServerLimits>
  readonly isRegistrationOpen: boolean
  readonly version: string
  readonly observe: Observe
  readonly onFault: (fault: Fault) => void
}

/** What a server has in its store from its first start on. */
interface ServerKeys {
  readonly opaque: OpaqueServer
  readonly key: KeyPair
}

/** How long clients wait before they come back after a shutdown. */
const RECONNECT_AFTER_MS = 1000

/** Answers calls on any number of connections, over any transport. */
export class Server {
  readonly #options: ServerOptions
  readonly #handlers: Handlers<ClientConnection>
  readonly #sweeper: Sweeper
  readonly #siblings: IdentityConnections
  readonly #open = new Set<RpcServerConnection>()
  #isClosing = false

  private constructor(options: ServerOptions, { opaque, key }: ServerKeys) {
    const { storage, clock, limits, observe, onFault, suite, random, isRegistrationOpen, version } = options
    this.#options = options
    this.#siblings = new IdentityConnections(limits.connectionsOfIdentity)
    const notifier = new InboxNotifier()
    const handlers = makeHandlers({
      accounts: new Accounts({ storage, opaque, suite, clock, random, limits, isRegistrationOpen }),
      devices: new Devices({ storage, suite, clock, limits }),
      connections: this.#siblings,
      keyPackages: new KeyPackages({ storage, clock, limits }),
      delivery: new Delivery({ storage, notifier, clock, limits, observe, suite, key }),
      suite,
      deliveryKey: key,
      notifier,
      storage,
      clock,
      limits,
      observe,
      version,
    })
    const bounds = { keysLimit: limits.rateKeys, nowMs: () => clock.nowMs() }
    this.#handlers = guarded(handlers, {
      requests: new SlidingWindow(limits.requests, bounds),
      requestsFromAddress: new SlidingWindow(limits.requestsFromAddress, bounds),
      observe,
      onStorageError: (during, error) => onFault({ during, error }),
    })
    this.#sweeper = new Sweeper({ storage, clock, limits, observe, onFault })
  }

  /** Loads the server's keys and starts to sweep. @throws StorageError */
  static async open(options: ServerOptions): Promise<Server> {
    const { storage, suite, random } = options
    const opaque = await OpaqueServer.open(storage)
    return new Server(options, { opaque, key: await openDeliveryKey(storage, suite, random) })
  }

  /** Serves every connection of `listener` until it closes. Never rejects: faults are reported. */
  async serve(listener: Listener): Promise<void> {
    try {
      for await (const connection of listener.connections) this.accept(connection)
    } catch (error) {
      this.#options.onFault({ during: "accept", error })
    }
  }

  /** Serves one connection until it ends. */
  accept(connection: Connection): void {
    if (this.#isClosing) return void connection.close("the server is stopping")
    const { clock, random, rpcLimits, observe, onFault, limits } = this.#options
    const client = new ClientConnection({
      peerAddress: connection.peerAddress,
      clock,
      loginWithinMs: limits.loginWithinMs,
      siblings: this.#siblings,
      onFault: (error) => {
        if (!(error instanceof RpcError)) onFault({ during: "push", error })
      },
    })
    const rpc = serveRpc(connection, {
      handlers: this.#handlers,
      context: client,
      hasSession: ({ hasSession }) => hasSession,
      limits: rpcLimits,
      clock,
      random,
      onCall: (record) => observe({ kind: "call", ...record }),
      onFault: ({ method, correlationId, error }) => onFault({ during: method, correlationId, error }),
    })
    client.attach(rpc)
    this.#open.add(rpc)
    observe({ kind: "connections", open: this.#open.size })
    void this.#forgetWhenOver(rpc, client)
  }

  /** Connections that are open now. */
  get connectionCount(): number {
    return this.#open.size
  }

  /**
   * Tells everyone, refuses new calls, and waits at most `drainTimeoutMs` for those that run. The listener must be
   * closed before. Idempotent.
   */
  async close(drainTimeoutMs: number): Promise<void> {
    this.#isClosing = true
    await this.#sweeper[Symbol.asyncDispose]()
    const message = { reason: "The server is stopping.", reconnectAfterMs: RECONNECT_AFTER_MS }
    await Promise.all(
      [...this.#open].map(async (rpc) => {
        // A client that is gone or reads nothing must not hold up the others: drain has the time limit.
        rpc.push(events.goingAway, message).catch(() => {})
        await rpc.drain(drainTimeoutMs)
      }),
    )
  }

  async #forgetWhenOver(rpc: RpcServerConnection, client: ClientConnection): Promise<void> {
    await rpc.closed
    client.end()
    this.#open.delete(rpc)
    this.#options.observe({ kind: "connections", open: this.#open.size })
  }
}
