import type { Clock } from "./clock.ts"
import type { ConnectionEnd } from "./connection-end.ts"
import type { Push } from "./event.ts"
import type { GoingAway } from "./gen/qpc/v1/common_pb.ts"
import type { RpcClientLimits } from "./limits.ts"
import type { Method, RequestInitOf, ResponseOf } from "./method.ts"

/** When to stop waiting for an answer. */
export interface CallOptions {
  /** From now, in milliseconds; waiting for a free place or a connection counts. Default: the client's limit. */
  readonly deadlineMs?: number | undefined
  /** Aborting it cancels the call here and on the server. */
  readonly signal?: AbortSignal | undefined
}

/** One frame as it crossed this layer, for traces: no content. */
export interface TracedFrame {
  /** `down` towards the network, `up` towards the application. */
  readonly direction: "down" | "up"
  readonly kind: "request" | "response" | "cancel" | "push"
  /** The method's or the event's name. */
  readonly name: string
  /** The request id, or the sequence number of a push. */
  readonly id: number | bigint
  readonly payloadBytes: number
}

/** What `connectRpc` needs beside a connection. */
export interface ConnectRpcOptions {
  readonly limits?: Partial<RpcClientLimits> | undefined
  /** Default: the process's own. */
  readonly clock?: Clock | undefined
  /** Told when the server announces its end, before the push of the same content is read. Must not throw. */
  readonly onGoingAway?: ((message: GoingAway) => void) | undefined
  /** Told about every frame. Must not throw. */
  readonly onFrame?: ((frame: TracedFrame) => void) | undefined
}

/** The calling side of one connection. */
export interface RpcClient extends AsyncDisposable {
  /**
   * Asks and waits for the answer. Calls run concurrently and are answered in any order.
   *
   * Nothing is repeated here: when the connection breaks, calls in flight reject with `unavailable`
   * (`connection_lost`), and only the caller knows whether asking twice is harmless.
   *
   * @throws RpcError as the server answered, or for a reason of this side.
   */
  call<M extends Method>(method: M, request: RequestInitOf<M>, options?: CallOptions): Promise<ResponseOf<M>>
  /**
   * What the server tells, in order, without gaps. One reader. Unread pushes are bounded. Ends when the connection is
   * closed on purpose, throws what broke it otherwise; leaving the loop closes the connection. Events that this version
   * does not know are skipped: a newer server may announce things that an older client has no use for.
   */
  readonly pushes: AsyncIterable<Push>
  /** False from the moment the connection is over; calls reject with `not_connected` then. */
  readonly isOpen: boolean
  /** Resolves when the connection is over, with the reason. Never rejects. */
  readonly closed: Promise<ConnectionEnd>
  /**
   * Rejects the calls in flight and ends the connection. Idempotent.
   *
   * @param reason - public, short, for the peer's log
   */
  close(reason?: string): Promise<void>
}
