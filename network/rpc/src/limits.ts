/** The longest payload of any frame (messenger §2). */
export const MAX_PAYLOAD_BYTES: number = 4 * 1024 * 1024

/** What one connection may cost a client. */
export interface RpcClientLimits {
  /** Longest payload sent or accepted. A longer announcement closes the connection. Default 4 MiB. */
  readonly maxPayloadBytes: number
  /** Calls without an answer, abandoned ones included; more wait their turn. Default 64, the server's own limit. */
  readonly maxOutstandingCalls: number
  /** Calls waiting their turn; one more rejects with `too_many_calls`. Default 1024. */
  readonly maxWaitingCalls: number
  /**
   * Pushes received and not yet read; one more closes the connection with `overflow`. Reading cannot pause instead: the
   * answer that the reader of pushes is waiting for may be behind them. Default 256.
   */
  readonly maxUnreadPushes: number
  /** Their payloads together, with the same consequence once more than one is waiting. Default 64 MiB. */
  readonly maxUnreadPushBytes: number
  /** How long a call may take that names no deadline. Default 30 s. */
  readonly deadlineMs: number
  /** How long the server may take to confirm a cancellation, before the connection counts as dead. Default 30 s. */
  readonly cancelGraceMs: number
  /** How long one write may wait for the peer to read, before the connection counts as dead. Default 30 s. */
  readonly writeStallMs: number
}

/** What one connection may cost a server. */
export interface RpcServerLimits {
  /** Longest payload sent or accepted. A longer announcement closes the connection. Default 4 MiB. */
  readonly maxPayloadBytes: number
  /**
   * Calls whose handler runs or whose answer waits for the peer to read. At the limit no more bytes are read, so that
   * the client is slowed down. Default 64.
   */
  readonly maxConcurrentCalls: number
  /** How long a handler may take before the call is answered with `deadline_exceeded`. Default 30 s (RPC_TIMEOUT). */
  readonly callTimeoutMs: number
  /** Pushes waiting for the peer to read; one more closes the connection with `overflow`. Default 256. */
  readonly maxQueuedPushes: number
  /** Their frames together, with the same consequence once more than one is waiting. Default 64 MiB. */
  readonly maxQueuedPushBytes: number
  /** How long one write may wait for the peer to read, before the connection counts as dead. Default 30 s. */
  readonly writeStallMs: number
}

/** The defaults that `RpcClientLimits` names. */
export const defaultClientLimits: RpcClientLimits = {
  maxPayloadBytes: MAX_PAYLOAD_BYTES,
  maxOutstandingCalls: 64,
  maxWaitingCalls: 1024,
  maxUnreadPushes: 256,
  maxUnreadPushBytes: 64 * 1024 * 1024,
  deadlineMs: 30_000,
  cancelGraceMs: 30_000,
  writeStallMs: 30_000,
}

/** The defaults that `RpcServerLimits` names. */
export const defaultServerLimits: RpcServerLimits = {
  maxPayloadBytes: MAX_PAYLOAD_BYTES,
  maxConcurrentCalls: 64,
  callTimeoutMs: 30_000,
  maxQueuedPushes: 256,
  maxQueuedPushBytes: 64 * 1024 * 1024,
  writeStallMs: 30_000,
}

/**
 * Completes what a caller chose with the defaults.
 *
 * @throws RangeError if a limit is not a positive integer: an absent limit is never "no limit".
 */
export function withDefaults<L extends object>(defaults: L, chosen: Partial<L> | undefined): L {
  const limits = { ...defaults }
  for (const name of Object.keys(defaults) as (keyof L & string)[]) {
    const value = chosen?.[name] ?? defaults[name]
    if (!Number.isSafeInteger(value) || Number(value) < 1) throw new RangeError(`${name} must be a positive integer`)
    limits[name] = value
  }
  return limits
}
