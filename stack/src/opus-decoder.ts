import { FRAME_SAMPLES, OPUS_MAX_BYTES } from "@qpc/gap"
import { createDecoder } from "libopus-wasm"
import type { OpusDecoderHandle } from "libopus-wasm"
import { guarded, OpusError } from "./opus-error.ts"
import { OpusHandle } from "./opus-handle.ts"
import { opusSamples } from "./opus-packet.ts"

/**
 * Packets in, sound out, 20 ms for each call: one that came, or what can be made up for one that did not. One object
 * for each source: each packet builds on those before it.
 */
export class OpusDecoder implements Disposable {
  readonly channels: 1 | 2
  readonly #codec: OpusHandle<OpusDecoderHandle>

  private constructor(handle: OpusDecoderHandle) {
    this.#codec = new OpusHandle("decoder", handle)
    this.channels = handle.channels
  }

  /** Loads the codec first, once for all. @param channels - of what comes out; packets of one and of two are played */
  static async create(channels: 1 | 2 = 1): Promise<OpusDecoder> {
    return new OpusDecoder(await createDecoder({ channels, maxFrameSize: FRAME_SAMPLES }))
  }

  /** The sound of a packet; nothing of it is rounded. @throws OpusError; TypeError after it was disposed of */
  decode(packet: Uint8Array): Float32Array {
    const handle = this.#codec.live
    checkPacket(packet)
    return guarded(() => handle.decodeFloat(packet))
  }

  /**
   * Sound for a packet that is lost: from the copy in the packet behind it, if there is one (FEC), or else guessed from
   * what was heard before (concealment).
   *
   * @param next - The packet directly behind the lost one. It is played with {@link decode} afterwards, as always.
   * @throws OpusError; TypeError after it was disposed of
   */
  conceal(next?: Uint8Array): Float32Array {
    const handle = this.#codec.live
    if (next === undefined) return guarded(() => handle.decodePacketLossFloat(FRAME_SAMPLES))
    checkPacket(next)
    return guarded(() => handle.decodeFloat(next, { decodeFec: true, frameSize: FRAME_SAMPLES }))
  }

  [Symbol.dispose](): void {
    this.#codec[Symbol.dispose]()
  }
}

/**
 * Before the codec sees a packet: one that is too long or of another duration would move what the next ones build on.
 */
function checkPacket(packet: Uint8Array): void {
  if (packet.length > OPUS_MAX_BYTES) {
    throw new OpusError("too_large", `an Opus packet has up to ${OPUS_MAX_BYTES} bytes, not ${packet.length}`)
  }
  const samples = opusSamples(packet)
  if (samples === undefined) throw new OpusError("malformed_packet", "these bytes are not an Opus packet")
  if (samples !== FRAME_SAMPLES) {
    throw new OpusError("wrong_duration", `a packet of ${samples / (FRAME_SAMPLES / 20)} ms where 20 ms are played`)
  }
}
