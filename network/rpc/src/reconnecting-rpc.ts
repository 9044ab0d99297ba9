import { TransportError, type Connection, type Dial } from "@qpc/transport"
import type { Random } from "@qpc/wire"
import { backoffDelayMs, defaultBackoff, type Backoff } from "./backoff.ts"
import { checkDeadline, systemClock, withTimer, type Clock } from "./clock.ts"
import { connectRpc } from "./connect-rpc.ts"
import { aborted, closedHere, notConnected, tooManyCalls } from "./connection-end.ts"
import type { Push } from "./event.ts"
import { defaultClientLimits, withDefaults, type RpcClientLimits } from "./limits.ts"
import type { Method, RequestInitOf, ResponseOf } from "./method.ts"
import { platformRandom } from "./platform-random.ts"
import { ProtocolError } from "./protocol-error.ts"
import type { CallOptions, ConnectRpcOptions, RpcClient } from "./rpc-client.ts"
import { RpcError } from "./rpc-error.ts"

/** Where a `ReconnectingRpc` is. */
export type ReconnectState =
  | {
      readonly at: "connecting"
      /** From 1; starts again after a connection that lasted. */
      readonly attempt: number
    }
  | { readonly at: "connected" }
  | {
      readonly at: "waiting"
      readonly attempt: number
      readonly delayMs: number
      readonly because: unknown
    }
  | {
      /** Trying again changes nothing before a person acts; `retry` starts over. */
      readonly at: "stopped"
      readonly because: unknown
    }
  | { readonly at: "closed" }

/** What a `ReconnectingRpc` needs. Limits apply to each connection; `maxWaitingCalls` also to calls without one. */
export interface ReconnectingRpcOptions extends Omit<ConnectRpcOptions, "onGoingAway"> {
  readonly dial: Dial
  /**
   * Prepares each new connection, for instance resumes a session and subscribes. Only then other calls are let through.
   * What it throws counts as a failed attempt. The signal is aborted at `close` and after `connectTimeoutMs`. It must
   * not await `close`, which waits for it.
   */
  readonly onConnected?: ((client: RpcClient, signal: AbortSignal) => Promise<void>) | undefined
  /** Told about every change. Must not throw. */
  readonly onState?: ((state: ReconnectState) => void) | undefined
  readonly backoff?: Backoff | undefined
  /** For the jitter. Default: the platform's. */
  readonly random?: Random | undefined
  /** How long dialling and preparing may take together; more, if preparing asks a person. Default 30 s. */
  readonly connectTimeoutMs?: number | undefined
  /** A connection that lasted as long begins counting attempts anew when it breaks. Default 10 s. */
  readonly stableMs?: number | undefined
}

interface Waiter {
  readonly resolve: (client: RpcClient) => void
  readonly reject: (error: unknown) => void
}

interface Attempt {
  readonly error: unknown
  readonly connectedMs: number
}

/**
 * Keeps a connection: dials at once, prepares it, and again whenever it breaks, waiting a random part of an
 * exponentially growing time in between.
 *
 * An error that says of itself that it is `retryable` is retried for ever; any other (a changed server key, an expired
 * certificate, a refused session) stops until `retry`.
 */
export class ReconnectingRpc implements AsyncDisposable {
  readonly #options: ReconnectingRpcOptions
  readonly #limits: RpcClientLimits
  readonly #clock: Clock
  readonly #closing = new AbortController()
  readonly #waiters = new Set<Waiter>()
  readonly #finished: Promise<void>
  #state: ReconnectState = { at: "connecting", attempt: 1 }
  #client: RpcClient | undefined
  /** Set while the reader of pushes waits for a connection. */
  #giveToReader: ((client: RpcClient | undefined) => void) | undefined
  #hasReader = false
  /** Ends the wait between two attempts, or the stop. */
  #wake: (() => void) | undefined
  /** How long the server asked to stay away, on its way out. */
  #goingAwayMs = 0

  constructor(options: ReconnectingRpcOptions) {
    this.#options = options
    this.#limits = withDefaults(defaultClientLimits, options.limits)
    this.#clock = options.clock ?? systemClock
    this.#finished = this.#run()
  }

  get state(): ReconnectState {
    return this.#state
  }

  /**
   * Asks on the present connection, or on the next one if it comes before the deadline.
   *
   * @throws RpcError as `RpcClient.call` does; `not_connected` if there was no connection in time.
   * @throws unknown what stopped the reconnecting, while it is stopped.
   */
  async call<M extends Method>(
    method: M,
    request: RequestInitOf<M>,
    { deadlineMs = this.#limits.deadlineMs, signal }: CallOptions = {},
  ): Promise<ResponseOf<M>> {
    checkDeadline(deadlineMs)
    const startedMs = this.#clock.nowMs()
    const client = await this.#connected(deadlineMs, signal)
    const leftMs = deadlineMs - (this.#clock.nowMs() - startedMs)
    return client.call(method, request, { deadlineMs: Math.max(leftMs, 1), signal })
  }

  /**
   * The pushes of all connections, one after the other. One reader, instead of one per client. What a lost connection
   * had pushed may be pushed again on the next. Leaving the loop closes everything.
   */
  readonly pushes: AsyncIterable<Push> = {
    [Symbol.asyncIterator]: () => {
      if (this.#hasReader) throw new Error("pushes have one reader")
      this.#hasReader = true
      return this.#readPushes()
    },
  }

  /** Stops waiting and dials now: someone came back online, or removed what was in the way. */
  retry(): void {
    // At once, so that a call made right after this one waits instead of being refused.
    if (this.#state.at === "stopped") this.#state = { at: "connecting", attempt: 1 }
    this.#wake?.()
  }

  /** Ends the connection and the reconnecting; waiting calls reject. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#wake?.()
    await this.#client?.close()
    await this.#finished
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Never rejects: what an attempt throws is its result. */
  async #run(): Promise<void> {
    await Promise.resolve() // The first change of state must not reach a listener before our maker has us.
    let failures = 0
    while (!this.#closing.signal.aborted) {
      this.#enter({ at: "connecting", attempt: failures + 1 })
      const { error, connectedMs } = await this.#attempt()
      if (this.#closing.signal.aborted) break
      failures = connectedMs >= (this.#options.stableMs ?? 10_000) ? 1 : failures + 1
      if (isRetryable(error)) await this.#waitToRetry(failures, error)
      else {
        await this.#stop(error)
        failures = 0
      }
    }
    this.#enter({ at: "closed" })
    this.#rejectWaiters(closedHere())
    this.#giveToReader?.(undefined)
  }

  async #attempt(): Promise<Attempt> {
    this.#goingAwayMs = 0
    let connectedAtMs: number | undefined
    try {
      const client = await this.#establish()
      if (this.#closing.signal.aborted) {
        await client.close() // Everything was closed in the moment between, when only we knew of it.
        return { error: closedHere(), connectedMs: 0 }
      }
      connectedAtMs = this.#clock.nowMs()
      this.#client = client
      this.#enter({ at: "connected" })
      for (const waiter of this.#waiters) waiter.resolve(client)
      this.#giveToReader?.(client)
      const error = (await client.closed) ?? new TransportError("closed", "the connection was closed here")
      return { error, connectedMs: this.#clock.nowMs() - connectedAtMs }
    } catch (error) {
      return { error, connectedMs: 0 }
    } finally {
      this.#client = undefined
    }
  }

  /** Dials and prepares, within the time for both. */
  async #establish(): Promise<RpcClient> {
    const { connectTimeoutMs = 30_000 } = this.#options
    const timeout = new AbortController()
    const signal = AbortSignal.any([this.#closing.signal, timeout.signal])
    try {
      return await withTimer(
        this.#clock,
        connectTimeoutMs,
        () => timeout.abort(),
        () => this.#prepare(signal),
      )
    } catch (error) {
      if (!timeout.signal.aborted) throw error
      throw new TransportError("unreachable", `no connection within ${connectTimeoutMs} ms`, { cause: error })
    }
  }

  async #prepare(signal: AbortSignal): Promise<RpcClient> {
    const { dial, onConnected } = this.#options
    const client = this.#adopt(await dial({ signal }))
    // Calls of `onConnected` that pay no heed to the signal end with the connection.
    const onAbort = (): void => void client.close()
    signal.addEventListener("abort", onAbort, { once: true })
    try {
      signal.throwIfAborted()
      await onConnected?.(client, signal)
      signal.throwIfAborted()
      return client
    } catch (error) {
      await client.close("preparing the connection failed")
      throw error
    } finally {
      // The signal lives as long as we do: through a listener it would keep each connection that there ever was.
      signal.removeEventListener("abort", onAbort)
    }
  }

  #adopt(connection: Connection): RpcClient {
    const { limits, onFrame } = this.#options
    const onGoingAway = (message: { readonly reconnectAfterMs: number }): void => {
      this.#goingAwayMs = message.reconnectAfterMs
    }
    return connectRpc(connection, { limits, clock: this.#clock, onFrame, onGoingAway })
  }

  async #waitToRetry(failures: number, error: unknown): Promise<void> {
    const { backoff = defaultBackoff, random = platformRandom } = this.#options
    const wishedMs = Math.max(this.#goingAwayMs, error instanceof RpcError ? error.retryAfterMs : 0)
    const delayMs = wishedMs + backoffDelayMs(failures, backoff, random)
    const waiting = { at: "waiting", attempt: failures, delayMs, because: error } as const
    await this.#sleep(waiting, (wake) => this.#clock.setTimer(delayMs, wake))
  }

  async #stop(error: unknown): Promise<void> {
    this.#rejectWaiters(error)
    await this.#sleep({ at: "stopped", because: error })
  }

  /** @param arm - Starts what wakes by itself. */
  async #sleep(state: ReconnectState, arm?: (wake: () => void) => Disposable): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = arm?.(resolve)
    this.#wake = resolve
    this.#enter(state) // Its listener may call `retry` or `close` at once.
    await promise
    this.#wake = undefined
    timer?.[Symbol.dispose]()
  }

  async #connected(deadlineMs: number, signal?: AbortSignal): Promise<RpcClient> {
    if (signal?.aborted === true) throw aborted(signal)
    if (this.#closing.signal.aborted) throw closedHere()
    if (this.#state.at === "stopped") throw this.#state.because
    if (this.#client?.isOpen === true) return this.#client
    if (this.#waiters.size >= this.#limits.maxWaitingCalls) throw tooManyCalls()
    const { promise, resolve, reject } = Promise.withResolvers<RpcClient>()
    const waiter = { resolve, reject }
    this.#waiters.add(waiter)
    const onAbort = (): void => reject(aborted(signal))
    signal?.addEventListener("abort", onAbort, { once: true })
    try {
      return await withTimer(
        this.#clock,
        deadlineMs,
        () => reject(notConnected(this.#lastError())),
        () => promise,
      )
    } finally {
      this.#waiters.delete(waiter)
      signal?.removeEventListener("abort", onAbort)
    }
  }

  #lastError(): unknown {
    return "because" in this.#state ? this.#state.because : undefined
  }

  #rejectWaiters(error: unknown): void {
    for (const waiter of this.#waiters) waiter.reject(error)
  }

  #enter(state: ReconnectState): void {
    this.#state = state
    this.#options.onState?.(state)
  }

  async *#readPushes(): AsyncGenerator<Push, void, void> {
    try {
      while (true) {
        const client = await this.#nextClient()
        if (!client) return
        yield* this.#pushesOf(client)
      }
    } finally {
      await this.close()
    }
  }

  async *#pushesOf(client: RpcClient): AsyncGenerator<Push, void, void> {
    try {
      yield* client.pushes
    } catch (error) {
      // What broke the connection is already being dealt with; the next one continues.
      if (!(error instanceof TransportError || error instanceof ProtocolError)) throw error
    }
    await client.closed
  }

  /** The present connection or the next, however long it takes; undefined when there will be none. */
  async #nextClient(): Promise<RpcClient | undefined> {
    if (this.#state.at === "closed") return undefined
    if (this.#client?.isOpen === true) return this.#client
    return new Promise((resolve) => (this.#giveToReader = resolve))
  }
}

function isRetryable(error: unknown): boolean {
  return error instanceof Error && "retryable" in error && error.retryable === true
}
