import type { Connection } from "../connection.ts"
import { FramingError } from "./framing-error.ts"
import { DEFAULT_MAX_FRAME_BYTES, PrefixReader, withPrefix } from "./prefix-reader.ts"

/** Whole frames over a connection. Back-pressure is the connection's: what is not read here is not read there. */
export interface FrameChannel extends AsyncDisposable {
  /** What the frames travel on, to show; write and read here only. */
  readonly connection: Connection
  /**
   * Frames as they arrive, owned by the reader. One reader; leaving the loop closes the connection. It ends when the peer
   * finished between two frames, and throws `FramingError` (the peer reads its code as the reason of the close) or what the
   * connection throws.
   */
  readonly incoming: AsyncIterable<Uint8Array>
  /** Resolves when the transport can take more. @throws RangeError for an empty frame or one above the limit; TransportError */
  send(frame: Uint8Array): Promise<void>
  /** No more frames from us. Idempotent. */
  finish(): Promise<void>
  /** Ends both directions. Idempotent. @param reason - see `Connection.close` */
  close(reason?: string): Promise<void>
}

/**
 * Carries frames as u32 little-endian length ‖ bytes, as the Group Protocol Stack does over TCP and over a stream of QUIC.
 *
 * @param maxFrameBytes - of both directions; default 1 MiB
 */
export function frameChannel(connection: Connection, maxFrameBytes: number = DEFAULT_MAX_FRAME_BYTES): FrameChannel {
  const reader = new PrefixReader(maxFrameBytes)
  const close = async (reason?: string): Promise<void> => await connection.close(reason)
  return {
    connection,
    incoming: framesOf(connection, reader),
    send: async (frame) => await connection.write(withPrefix(frame, maxFrameBytes)),
    finish: async () => await connection.finish(),
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function* framesOf(connection: Connection, reader: PrefixReader): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of connection.incoming) {
    try {
      yield* reader.push(chunk)
    } catch (error) {
      // Here and not around the loop: leaving that closes the connection without a reason.
      if (error instanceof FramingError) await connection.close(error.code)
      throw error
    }
  }
  reader.end()
}
