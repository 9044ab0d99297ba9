/**
 * An ordered, reliable pipe of bytes as the network gives it: a TLS socket, a QUIC stream, a Noise channel.
 *
 * It needs no flow control towards its reader and no polite ending: `FramedConnection` adds both.
 */
export interface BytePipe {
  /** Starts delivery; called once, before any other method. Nothing may be delivered before this returns. */
  open(sink: PipeSink): void
  /** Takes ownership. False means "wait for `drained`"; the bytes are taken all the same. Never throws. */
  write(bytes: Uint8Array): boolean
  /** Ends our direction after everything written. Idempotent; never throws. */
  end(): void
  /** Ends both directions now and frees everything. Idempotent; never rejects. @param reason - may be shown to the peer */
  destroy(reason: string): Promise<void>
}

/** A pipe that can be told to wait: what a `bareConnection` needs, whose bytes leave no room for credit. */
export interface PausablePipe extends BytePipe {
  /**
   * Asks the network to hold back; what is under way may still be delivered. After `open` only. False where nothing can
   * hold the peer back: then it is up to the caller to end the connection before too much has arrived.
   */
  pause(): boolean
  /** Goes on delivering. */
  resume(): void
}

/** Where a `BytePipe` delivers. */
export interface PipeSink {
  /** Gives ownership of `bytes`. */
  received(bytes: Uint8Array): void
  /** More may be written after a `write` that returned false. */
  drained(): void
  /** The peer ended its direction; nothing more arrives. */
  ended(): void
  /** The pipe broke; nothing more arrives and nothing can be written. */
  broken(cause: unknown): void
}
