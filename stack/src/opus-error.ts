import { isOpusError } from "libopus-wasm"

/**
 * What is wrong with a packet, or with the codec.
 *
 * - `malformed_packet`: not an Opus packet.
 * - `too_large`: longer than 1275 bytes.
 * - `wrong_duration`: an Opus packet, but not of 20 ms.
 * - `codec_failed`: the codec gave up, for want of memory say. Make another one.
 */
export type OpusErrorCode = "malformed_packet" | "too_large" | "wrong_duration" | "codec_failed"

/** Thrown for a packet that cannot be played, and by a codec that fails. The sound before and after it is as it was. */
export class OpusError extends Error {
  override readonly name = "OpusError"
  readonly code: OpusErrorCode

  constructor(code: OpusErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Runs `work`; what libopus throws becomes one of ours. */
export function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!isOpusError(error)) throw error
    if (error.codeName === "InvalidPacket" || error.codeName === "BufferTooSmall") {
      throw new OpusError("malformed_packet", "these bytes are not an Opus packet", { cause: error })
    }
    throw new OpusError("codec_failed", "the Opus codec failed: make another one", { cause: error })
  }
}
