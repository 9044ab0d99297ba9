import { connectRpc, ReconnectingRpc } from "@qpc/rpc"
import type { ReconnectState, RpcClient, TracedFrame } from "@qpc/rpc"
import type { Dial } from "@qpc/transport"
import { login, resume } from "./account.ts"
import type { ClientOptions } from "./api.ts"
import { ClientError, isDiskFull, profileClosed } from "./client-error.ts"
import type { Context } from "./context.ts"
import { Inbox } from "./inbox.ts"
import { KeyPackageStock } from "./key-package-stock.ts"
import type { ConnectionState } from "./model.ts"
import { Names } from "./names.ts"
import { asClientError, toClientError } from "./network-error.ts"
import type { OpaqueClient } from "./opaque.ts"
import { Outbox } from "./outbox.ts"
import type { Call } from "./outbox.ts"
import { OwnDeviceRounds } from "./own-device-rounds.ts"
import { settleParked } from "./receive.ts"
import { continueRejoins } from "./continue-rejoins.ts"
import { learnTime } from "./server-time.ts"
import { tracedDial } from "./traced-dial.ts"

/** What the way to the server is made of. */
export interface LinkOptions {
  readonly dial: Dial
  readonly opaque: OpaqueClient
  readonly password: (() => Promise<string>) | undefined
  readonly reconnect: ClientOptions["reconnect"]
}

/** One connection that is bound to our session. */
interface Visit {
  readonly rpc: RpcClient
  readonly inbox: Inbox
}

/**
 * Keeps the connection to the server: logs in, takes the inbox in, then empties the outbox, in this order, so that what we
 * send is sealed with the newest keys we could know of.
 */
export class Link {
  readonly #context: Context
  readonly #options: LinkOptions
  readonly #outbox: Outbox
  readonly #deviceRounds: OwnDeviceRounds
  readonly #names: Names
  readonly #stock: KeyPackageStock
  #rpc: ReconnectingRpc | undefined
  #visit: Visit | undefined
  #state: ConnectionState = { at: "offline" }
  /** What the last connection was given up for, if it was us who did. */
  #trouble: ClientError | undefined
  /** The store failed, with this: no connection will help, and nothing brings this link back. */
  #failure: ClientError | undefined
  /** The profile is closed, or about to be: nothing connects any more. */
  #isClosed = false
  readonly #tasks = new Set<Promise<void>>()
  /** Look-ups and top-ups under way. */
  #settling = 0

  constructor(context: Context, options: LinkOptions) {
    this.#context = context
    this.#options = { ...options, dial: tracedDial(options.dial, context.tracer) }
    const isReady = (): boolean => this.isCaughtUp
    this.#names = new Names(context)
    this.#stock = new KeyPackageStock(context)
    context.hub.listen((event) => {
      const isIn = event.kind === "joined" || event.kind === "rejoined"
      const isAboutPeople = isIn || event.kind === "members_changed"
      if (isAboutPeople && this.#visit !== undefined && this.isCaughtUp) {
        this.#learnNames(this.#visit)
        // Whoever let us in may have let in with us what we took back meanwhile.
        if (isIn) this.#deviceRounds.planSoon()
        else this.#deviceRounds.plan()
      }
      const isLost = event.kind === "history_gone" || (event.kind === "removed" && event.because === "must_rejoin")
      if (isLost) this.goOnRejoining()
    })
    this.#deviceRounds = new OwnDeviceRounds(context, {
      isOnline: () => this.#state.at === "online",
      onDue: () => this.run(this.#counted(this.#deviceRounds.goOn(this.#ownCall))),
    })
    this.#outbox = new Outbox(context, { call: this.#ownCall, isReady, onStoreFailure: (error) => this.#giveUp(error) })
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** True while connected, with everything on disk that waited for us. */
  get isCaughtUp(): boolean {
    return this.#state.at === "online" && this.#visit?.inbox.isCaughtUp === true
  }

  /** True while nothing is being looked up or brought up to date beside the inbox and the outbox. */
  get isSettled(): boolean {
    return this.#settling === 0
  }

  /** Groups whose messages the server did not take yet. */
  get troubledCount(): number {
    return this.#outbox.troubledCount
  }

  /** Connects and stays connected. Starts over where a person had to act. */
  start(): void {
    if (this.#failure !== undefined || this.#isClosed) return
    if (this.#rpc === undefined) this.#rpc = this.#connect()
    else if (this.#state.at === "stopped" || this.#state.at === "waiting") {
      // At once, so that nobody takes the reason of the last attempt for that of this one.
      this.#enter({ at: "connecting" })
      this.#rpc.retry()
    }
  }

  /** There is something to send. */
  kick(): void {
    this.#outbox.kick()
  }

  /** Asks on the present connection or on the next, within the deadline. @throws RpcError, TransportError, ClientError */
  readonly call: Call = (method, request) => {
    const over = this.#isClosed ? profileClosed() : this.#failure
    return over === undefined ? this.#ownCall(method, request) : Promise.reject(over)
  }

  /**
   * The same for what this client does by itself. While it is being closed, such a call was cancelled, as at the end of any connection: that is
   * no answer of the server's, after which a message would be given up.
   */
  readonly #ownCall: Call = (method, request) => {
    this.start()
    return this.#rpc!.call(method, request, { deadlineMs: this.#context.limits.callDeadlineMs })
  }

  /** The first envelope that waits at the server and is not on disk, if any. @throws ClientError */
  async firstWaiting(): Promise<bigint | undefined> {
    return this.#visit?.inbox.firstWaiting()
  }

  /** Devices of ours that were just approved come into the groups that lack them. @throws ClientError `store_…`, `busy` */
  addOwnDevices(): Promise<void> {
    return this.#deviceRounds.begin(this.call)
  }

  /** A device was taken back: groups in which that fails are asked again as long as this connection lasts. */
  planDeviceRounds(): void {
    this.#deviceRounds.planForRemoved()
  }

  /** A connection of its own, for signing up and in: there is no session yet that the others could be bound to. */
  async apart<T>(action: (rpc: RpcClient) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw profileClosed()
    const connection = await asClientError(this.#options.dial())
    await using rpc = connectRpc(connection, this.#rpcOptions())
    try {
      return await action(rpc)
    } finally {
      if (this.#state.at !== "online") this.#context.clock.connectionEnded()
    }
  }

  /** Work on the side; where it fails, the store did: the connection ends, and the next one looks at everything again. */
  run(task: Promise<void>): void {
    this.#run(task.catch((error: unknown) => this.#drop(error)))
  }

  /** Ends the connection and waits for what was under way. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#rpc?.close()
    await this.#outbox.close()
    await Promise.all(this.#tasks)
  }

  #rpcOptions() {
    const { clock, limits, tracer } = this.#context
    const onFrame = (frame: TracedFrame): void => {
      const id = `${frame.name}#${frame.id}`
      tracer.line({
        layer: "rpc",
        direction: frame.direction,
        bytesIn: frame.payloadBytes,
        bytesOut: frame.payloadBytes,
        id,
      })
    }
    return { clock, onFrame, limits: { deadlineMs: limits.callDeadlineMs } }
  }

  #connect(): ReconnectingRpc {
    this.#enter({ at: "connecting" })
    return new ReconnectingRpc({
      ...this.#rpcOptions(),
      dial: this.#options.dial,
      random: this.#context.random,
      ...(this.#options.reconnect === undefined ? {} : { backoff: this.#options.reconnect }),
      onConnected: (rpc) => this.#bind(rpc),
      onState: (state) => this.#onState(state),
    })
  }

  /** Makes a connection ours. What it throws ends the attempt, and the attempts if it is not retryable. */
  async #bind(rpc: RpcClient): Promise<void> {
    try {
      await resume(this.#context, rpc)
    } catch (error) {
      const { password } = this.#options
      const username = this.#context.self.identity?.username
      const isExpired = error instanceof ClientError && error.code === "session_expired"
      if (!isExpired || password === undefined || username === undefined) throw error
      await login(this.#context, { rpc, opaque: this.#options.opaque, username, password: await password() })
    }
    // Before anything is judged by it, or put off because of it.
    await learnTime(this.#context, (method, request) => rpc.call(method, request))
    const onTrouble = (error: unknown): void => this.#leave(rpc, error)
    const onSessionEnded = (): void => void rpc.close("session ended")
    const inbox = new Inbox(this.#context, { rpc, onTrouble, onSessionEnded })
    this.#visit = { rpc, inbox }
    this.#run(inbox.readPushes())
  }

  #onState(state: ReconnectState): void {
    switch (state.at) {
      case "connecting":
        return this.#enter({ at: "connecting" })
      case "connected":
        this.#enter({ at: "online" })
        if (this.#visit !== undefined) this.#run(this.#counted(this.#settleIn(this.#visit)))
        return
      case "waiting":
        return this.#enter(this.#waiting(state))
      case "stopped":
        return this.#enter({ at: "stopped", error: stoppedBy(state.because) })
      case "closed":
        return this.#enter({ at: "offline" })
    }
  }

  #waiting({ because, delayMs }: ReconnectState & { readonly at: "waiting" }): ConnectionState {
    const error = this.#trouble ?? toClientError(because)
    this.#trouble = undefined
    const { code, message } = error instanceof ClientError ? error : { code: "unreachable", message: "no connection" }
    return { at: "waiting", retryAtMs: this.#context.clock.unixMs() + delayMs, code, reason: message }
  }

  async #settleIn({ rpc, inbox }: Visit): Promise<void> {
    try {
      await this.#context.turn.takeAlways(() => settleParked(this.#context))
      await inbox.catchUp()
      this.#outbox.restart()
      const call: Call = (method, request) => rpc.call(method, request)
      // Before anything that the server could refuse.
      await this.#deviceRounds.finishRemovals(call)
      await this.#stock.bringUpToDate(rpc)
      // On the side: names are looked up for as long as groups change.
      this.run(this.#counted(this.#names.learn(call)))
      await this.#deviceRounds.begin(call)
      await continueRejoins(this.#context, call)
    } catch (error) {
      this.#leave(rpc, error)
    }
  }

  /** It is time to go on with a group that this device lost; without a connection, the next one does it. */
  goOnRejoining(): void {
    if (this.#visit !== undefined && this.isCaughtUp) this.run(this.#counted(this.#rejoin(this.#visit)))
  }

  async #rejoin({ rpc }: Visit): Promise<void> {
    try {
      await continueRejoins(this.#context, (method, request) => rpc.call(method, request))
    } catch (error) {
      this.#leave(rpc, error)
    }
  }

  /**
   * Keys of a group were deleted: our last-resort key packages do not open it again, and others take their place at the server; without a
   * connection, the next one sees to it.
   */
  stockUp(): void {
    if (this.#visit !== undefined && this.isCaughtUp) this.run(this.#counted(this.#stockUp(this.#visit)))
  }

  async #stockUp({ rpc }: Visit): Promise<void> {
    try {
      await this.#stock.bringUpToDate(rpc)
    } catch (error) {
      this.#leave(rpc, error)
    }
  }

  #learnNames({ rpc }: Visit): void {
    this.run(this.#counted(this.#names.learn((method, request) => rpc.call(method, request))))
  }

  async #counted(task: Promise<void>): Promise<void> {
    this.#settling += 1
    try {
      await task
    } finally {
      this.#settling -= 1
      this.#context.pulse.beat()
    }
  }

  #drop(error: unknown): void {
    if (this.#visit !== undefined) return this.#leave(this.#visit.rpc, error)
    if (!(error instanceof ClientError) || isFatal(error)) this.#giveUp(error)
  }

  /** Something failed that this connection does not survive; the next may. */
  #leave(rpc: RpcClient, error: unknown): void {
    const known = toClientError(error)
    if (!(known instanceof ClientError) || isFatal(known)) return this.#giveUp(known)
    if (this.#visit?.rpc === rpc && this.#state.at === "online") this.#trouble = known
    this.#run(rpc.close(known.code))
  }

  /** No connection will help: the store failed, or this program did. */
  #giveUp(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = stoppedBy(error)
    this.#run(this.#stop(this.#failure))
  }

  async #stop(error: ClientError): Promise<void> {
    await this.#rpc?.close()
    this.#enter({ at: "stopped", error })
  }

  #run(task: Promise<void>): void {
    const tracked = task.finally(() => this.#tasks.delete(tracked))
    this.#tasks.add(tracked)
  }

  #enter(state: ConnectionState): void {
    this.#state = state
    if (state.at !== "online") {
      this.#context.clock.connectionEnded()
      this.#deviceRounds.end()
    }
    this.#context.hub.publish({ kind: "connection", state })
    this.#context.pulse.beat()
  }
}

function stoppedBy(because: unknown): ClientError {
  const error = toClientError(because)
  if (error instanceof ClientError) return error
  const nextStep = "Please report this."
  return new ClientError("protocol", "qpc met a mistake of its own", { nextStep, cause: error })
}

function isFatal(error: ClientError): boolean {
  return error.code.startsWith("store_") && !isDiskFull(error)
}
