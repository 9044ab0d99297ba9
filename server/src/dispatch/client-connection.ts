import { events } from "@qpc/rpc"
import type { RpcServerConnection } from "@qpc/rpc"
import { networkOf } from "@qpc/transport/node"
import type { BoundSession, PendingLogin } from "../accounts/accounts.ts"
import type { ServerClock } from "../clock.ts"
import { Pushing } from "../delivery/send.ts"
import type { PushingOptions } from "../delivery/send.ts"
import { refusal } from "../refusal.ts"
import type { IdentityConnections } from "./identity-connections.ts"
import type { StoredEnvelope } from "../storage/storage.ts"

/** What the server knows about one open connection; handlers get it with every call. */
export class ClientConnection {
  /** Where the peer is, as far as rate limits before a session care. */
  readonly address: string
  /** The username whose registration has begun. */
  pendingRegistration: string | undefined
  pendingLogin: PendingLogin | undefined
  readonly #clock: ServerClock
  readonly #onFault: (error: unknown) => void
  #rpc: RpcServerConnection | undefined
  #session: BoundSession | undefined
  #place: Disposable | undefined
  readonly #siblings: IdentityConnections
  readonly #loginTimer: Disposable
  #pushing: Pushing | undefined

  constructor(options: {
    readonly peerAddress: string
    readonly clock: ServerClock
    /** How long the connection may stay without a session. */
    readonly loginWithinMs: number
    readonly siblings: IdentityConnections
    /** Told when pushing stops for a fault of ours. */
    readonly onFault: (error: unknown) => void
  }) {
    this.address = networkOf(options.peerAddress)
    this.#clock = options.clock
    this.#onFault = options.onFault
    this.#siblings = options.siblings
    this.#loginTimer = options.clock.setTimer(options.loginWithinMs, () => this.#close("no login in time"))
  }

  /** Call it once, before the first call is served. */
  attach(rpc: RpcServerConnection): void {
    this.#rpc = rpc
  }

  /** True while calls that need a session may be served. */
  get hasSession(): boolean {
    return this.#session !== undefined && this.#session.expiresAtMs > this.#clock.unixMs()
  }

  /** The session. @throws RpcError `session_unknown` where there is none, or no longer */
  get session(): BoundSession {
    if (!this.#session || !this.hasSession) throw refusal("session_unknown")
    return this.#session
  }

  /** Makes this connection speak for a session; a second one would mix two people's calls. */
  bind(session: BoundSession): void {
    if (this.hasSession) throw refusal("session_bound")
    // The session before it has ended, and its inbox may be another person's.
    this.#endPushing()
    this.#loginTimer[Symbol.dispose]()
    this.#place?.[Symbol.dispose]()
    this.#session = session
    this.#place = this.#siblings.enter(session.deviceKey, (reason) => this.#close(reason))
  }

  /** Starts pushing the session's inbox, or starts over behind `afterSeq`. */
  subscribe(afterSeq: number, options: Omit<PushingOptions, "inbox" | "push" | "mayPush">): void {
    if (!this.#pushing) {
      const { session } = this
      this.#pushing = new Pushing({
        ...options,
        inbox: session.deviceKey,
        push: (envelope) => this.#push(envelope),
        mayPush: () => this.#session === session && this.hasSession,
      })
      void this.#runPushing(this.#pushing)
    }
    this.#pushing.moveTo(afterSeq)
  }

  /** Lets go of what the connection held. Idempotent. */
  end(): void {
    this.#endPushing()
    this.#loginTimer[Symbol.dispose]()
    this.#place?.[Symbol.dispose]()
    this.#session = undefined
    this.pendingLogin = undefined
  }

  #close(reason: string): void {
    void this.#rpc?.close(reason)
  }

  #endPushing(): void {
    this.#pushing?.[Symbol.dispose]()
    this.#pushing = undefined
  }

  async #push({ seq, payload, acceptedAtMs }: StoredEnvelope): Promise<void> {
    if (!this.#rpc) throw new Error("unreachable: pushing before the connection is attached")
    const envelope = { seq: BigInt(seq), data: payload, acceptedAtMs: BigInt(acceptedAtMs) }
    await this.#rpc.push(events.envelopePushed, { envelope })
  }

  /** Never rejects: the end of the connection is the usual end, anything else is reported. */
  async #runPushing(pushing: Pushing): Promise<void> {
    try {
      await pushing.run()
      if (this.#pushing === pushing && !this.hasSession) {
        await this.#rpc?.push(events.sessionEnded, { reason: "The session has expired: log in again." })
      }
    } catch (error) {
      if (this.#pushing !== pushing) return
      this.#onFault(error)
      await this.#rpc?.close("pushing failed; connect again")
    }
  }
}
