import { statuses, type StatusName } from "./status.ts"

/** Every status but success. */
export type RpcErrorCode = Exclude<StatusName, "ok">

/** What an `RpcError` may carry beside its code, reason and sentence. */
export interface RpcErrorOptions {
  /** When the server suggests to try again, in milliseconds; 0 leaves it to the caller. Below 2^32. */
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

/**
 * A call that did not succeed.
 *
 * On a server, handlers throw it and all of it but `cause` reaches the client: put nothing secret into it. On a client,
 * it is what `call` rejects with, whether the server refused or the connection broke. Reasons made on this side are
 * `connection_lost` (the server may or may not have done it), `not_connected` (it was never sent), `deadline`,
 * `aborted`, `closed`, `too_many_calls` and `request_too_large`.
 */
export class RpcError extends Error {
  override readonly name = "RpcError"
  readonly code: RpcErrorCode
  /** A stable name for programs, such as `username_taken`. */
  readonly reason: string
  /** True if repeating the same call may succeed. Whether repeating is harmless is the method's matter. */
  readonly retryable: boolean
  /** The server's wish, in milliseconds; 0 if it has none. */
  readonly retryAfterMs: number

  /** @param message - One sentence for people: what happened and what to do next. */
  constructor(code: RpcErrorCode, reason: string, message: string, options: RpcErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined)
    this.code = code
    this.reason = reason
    this.retryable = statuses[code].retryable
    this.retryAfterMs = options.retryAfterMs ?? 0
  }
}
