import type { Random } from "@qpc/wire"
import type { Clock } from "./clock.ts"
import type { Event, EventInitOf } from "./event.ts"
import type { RpcServerLimits } from "./limits.ts"
import type { MethodName, Methods, RequestOf, ResponseInitOf } from "./method.ts"
import type { ConnectionEnd } from "./connection-end.ts"
import type { StatusName } from "./status.ts"

/** What a handler may know about the call it serves. */
export interface ServedCallInfo {
  /** Aborted when the client cancels, the time is up, or the connection is gone. Nobody waits for the answer then. */
  readonly signal: AbortSignal
}

/**
 * One function per method. Throw an `RpcError` to answer with its status; anything else that is thrown is a fault of
 * ours: the client learns a correlation id and nothing more.
 */
export type Handlers<C> = {
  readonly [Name in MethodName]: (
    request: RequestOf<Methods[Name]>,
    context: C,
    call: ServedCallInfo,
  ) => Promise<ResponseInitOf<Methods[Name]>>
}

/** One answered call, for metrics and logs: no content. */
export interface CallRecord {
  /** `unknown` for a number that is in no row. */
  readonly method: MethodName | "unknown"
  readonly status: StatusName
  readonly durationMs: number
  readonly requestBytes: number
  readonly responseBytes: number
}

/** A fault of ours, to be logged. The client knows it under the same correlation id. */
export interface ServerFault {
  readonly method: MethodName
  readonly correlationId: string
  readonly error: unknown
}

/** What `serveRpc` needs beside a connection. */
export interface ServeRpcOptions<C> {
  readonly handlers: Handlers<C>
  /** Given to every handler of this connection, for instance its session. */
  readonly context: C
  /** Consulted before methods that need a session; without it no method does. */
  readonly hasSession?: ((context: C) => boolean) | undefined
  readonly limits?: Partial<RpcServerLimits> | undefined
  /** Told once per answer. Must not throw. */
  readonly onCall?: ((record: CallRecord) => void) | undefined
  /** Told about each fault of ours. Must not throw. */
  readonly onFault?: ((fault: ServerFault) => void) | undefined
  /** Default: the process's own. */
  readonly clock?: Clock | undefined
  /** For correlation ids. Default: the platform's. */
  readonly random?: Random | undefined
}

/** The answering side of one connection. */
export interface RpcServerConnection extends AsyncDisposable {
  /**
   * Tells the client something. Resolves when the transport has taken it: await it, and a slow client slows you down.
   *
   * @throws RpcError `unavailable` when the connection is over, also for pushes that were still waiting.
   * @throws RangeError if the message is longer than a frame.
   */
  push<E extends Event>(event: E, message: EventInitOf<E>): Promise<void>
  /** Resolves when the connection is over, with the reason. Never rejects. */
  readonly closed: Promise<ConnectionEnd>
  /** Calls whose handler has not finished or whose answer is not yet taken by the transport. */
  readonly runningCalls: number
  /**
   * Refuses new calls with `unavailable` (`going_away`), waits for the running ones and their answers for at most
   * `timeoutMs`, then closes. Resolves when closed.
   */
  drain(timeoutMs: number): Promise<void>
  /**
   * Aborts the running calls and ends the connection. Idempotent.
   *
   * @param reason - public, short, for the peer's log
   */
  close(reason?: string): Promise<void>
}
