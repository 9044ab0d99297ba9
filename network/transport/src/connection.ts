/** Why a connection ended. */
export type TransportErrorCode =
  /** Nobody answers at that address. */
  | "unreachable"
  /** The peer, or the network, ended an established connection. */
  | "closed"
  /** The peer's certificate is not the pinned one. Never retried: a person must decide. */
  | "peer_changed"
  /** The peer's certificate is out of its validity period. */
  | "certificate_expired"
  /** The peer does not speak the protocol (ALPN, TLS version). */
  | "protocol"
  /** The reader was slower than the writer for longer than the limits allow. */
  | "overflow"
  /** The caller's AbortSignal. */
  | "aborted"
  /** The local port is taken. */
  | "address_in_use"
  /** The local address cannot be listened on: not ours, or no permission. */
  | "address_unavailable"

/** The network failed us, or the peer is not who it should be. `message` names what to do next. */
export class TransportError extends Error {
  override readonly name = "TransportError"
  readonly code: TransportErrorCode
  /** True if the same call may succeed later without anyone doing anything. */
  readonly retryable: boolean
  /** What the peer said when it closed; its words, so show them, never act on them. */
  readonly peerReason: string | undefined

  constructor(
    code: TransportErrorCode,
    message: string,
    options?: { readonly cause?: unknown; readonly peerReason?: string | undefined },
  ) {
    super(message, options)
    this.code = code
    this.peerReason = options?.peerReason
    this.retryable = code === "unreachable" || code === "closed" || code === "overflow"
  }
}

/**
 * A reliable, ordered stream of bytes in both directions. What every transport promises, checked by the suite in
 * `@qpc/transport/conformance`:
 *
 * - Bytes arrive in order, once, unchanged; their grouping into chunks means nothing.
 * - `write` resolves when the transport can take more: awaiting it is back-pressure. Unread bytes are bounded, and a
 *   reader that stops reading stops the writer.
 * - `finish` ends our direction after everything written; the peer's `incoming` then ends. `close` ends both, and what
 *   was written before it still arrives if the peer reads on and the network holds.
 * - After an end, writes reject with a `TransportError`; `incoming` throws it, or just ends after the peer's `finish`.
 * - A cut network is never mistaken for `finish`: without the peer's word, `incoming` throws `closed`.
 *
 * A bare connection (`bareConnection`) has no bytes of its own to say a word with: there the peer's `close` looks like its
 * `finish`, and carries no reason. All else holds.
 */
export interface Connection extends AsyncDisposable {
  /** What the bytes travel over, for traces and diagnostics. */
  readonly kind: "quic" | "tls" | "tcp" | "memory" | "noise" | "websocket"
  /** The peer's address, for the audit log; not an identity. */
  readonly peerAddress: string
  /** Chunks as they arrive. One reader. Leaving the loop closes the connection. Chunks are owned by the reader. */
  readonly incoming: AsyncIterable<Uint8Array>
  /**
   * Takes ownership of `bytes`. Small writes of one turn of the event loop leave together.
   *
   * @throws TransportError `closed`; `overflow` if the caller keeps writing without waiting for earlier writes
   */
  write(bytes: Uint8Array): Promise<void>
  /** No more writes from us. Idempotent. */
  finish(): Promise<void>
  /**
   * Ends both directions. Idempotent; resolves when resources are released.
   *
   * @param reason - public, short, for the peer's log: it reads it as `TransportError.peerReason`, cut to 120 bytes
   */
  close(reason?: string): Promise<void>
}

/** A listening address. */
export interface Listener extends AsyncDisposable {
  readonly address: { readonly host: string; readonly port: number }
  /** Accepted connections, in order. One reader. Ends at `close`. */
  readonly connections: AsyncIterable<Connection>
  /** Stops accepting; established connections live on. Idempotent. */
  close(): Promise<void>
}

/** Opens one connection; a client calls it again for every reconnect. */
export type Dial = (options?: { readonly signal?: AbortSignal }) => Promise<Connection>
