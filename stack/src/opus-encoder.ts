import { FRAME_SAMPLES, OPUS_MAX_BYTES } from "@qpc/gap"
import { Application, createEncoder, Signal } from "libopus-wasm"
import type { OpusEncoderHandle } from "libopus-wasm"
import { guarded } from "./opus-error.ts"
import { OpusHandle } from "./opus-handle.ts"
import type { Pcm } from "./pcm.ts"

/** How an encoder trades size, quality and secrecy. */
export interface OpusEncoderOptions {
  /** Default 1. */
  readonly channels?: 1 | 2
  /**
   * Bits in a second, from 6000 to 510 000. Default 48 000 for each channel: below 40 000 little is left for lost
   * packets.
   */
  readonly bitrate?: number
  /** Default `speech`. In-band FEC exists for speech only. */
  readonly content?: "speech" | "music"
  /**
   * Each packet carries a poor copy of the one before it, where {@link OpusEncoderOptions.expectedLossPercent} is above
   * 0. Default true.
   */
  readonly fec?: boolean
  /** How many packets of a hundred get lost. Default 10. */
  readonly expectedLossPercent?: number
  /**
   * Sends next to nothing while nobody speaks, which tells whoever carries the packets when somebody does. Default
   * false.
   */
  readonly dtx?: boolean
  /**
   * Packets as long as their sound needs: their lengths tell something of what is said (RFC 6562 §3). Default false.
   */
  readonly vbr?: boolean
  /** From 0, the fastest, to 10. Default 9. */
  readonly complexity?: number
}

/** Packets up to this many bytes are what DTX makes of silence: nobody misses them (RFC 6716 §2.1.9). */
const DTX_BYTES = 2
const BITRATE_PER_CHANNEL = 48_000
const [BITRATE_MIN, BITRATE_MAX] = [6000, 510_000]
const EXPECTED_LOSS_PERCENT = 10
const COMPLEXITY = 9

/** Sound in, packets out, in the order in which it is heard. */
export class OpusEncoder implements Disposable {
  readonly channels: 1 | 2
  readonly #codec: OpusHandle<OpusEncoderHandle>

  private constructor(handle: OpusEncoderHandle) {
    this.#codec = new OpusHandle("encoder", handle)
    this.channels = handle.channels
  }

  /** Loads the codec first, once for all. @throws RangeError for options out of range */
  static async create(options: OpusEncoderOptions = {}): Promise<OpusEncoder> {
    const { channels = 1, content = "speech", fec = true, dtx = false, vbr = false, complexity = COMPLEXITY } = options
    const { bitrate = BITRATE_PER_CHANNEL * channels, expectedLossPercent = EXPECTED_LOSS_PERCENT } = options
    if (!Number.isInteger(bitrate) || bitrate < BITRATE_MIN || bitrate > BITRATE_MAX) {
      throw new RangeError(`an Opus bitrate is from ${BITRATE_MIN} to ${BITRATE_MAX} bits in a second, not ${bitrate}`)
    }
    const forContent =
      content === "speech"
        ? { application: Application.Voip, signal: Signal.Voice }
        : { application: Application.Audio, signal: Signal.Music }
    const packetLossPercent = expectedLossPercent
    const handle = createEncoder({ channels, bitrate, fec, dtx, vbr, complexity, packetLossPercent, ...forContent })
    return new OpusEncoder(await handle)
  }

  /** How far a decoder's sound lags behind the encoder's, in samples. */
  get lookaheadSamples(): number {
    return this.#codec.live.getLookahead()
  }

  /**
   * The packet of the next 20 ms; `undefined` where DTX says that it need not be sent (`AudioSource.pause`).
   *
   * @throws RangeError for another number of samples, or a sample that is no number; TypeError after it was disposed
   * of; OpusError
   */
  encode(pcm: Pcm): Uint8Array | undefined {
    const handle = this.#codec.live
    const samples = FRAME_SAMPLES * this.channels
    if (pcm.length !== samples) throw new RangeError(`20 ms have ${samples} samples, not ${pcm.length}`)
    // One that is no number would stay in the encoder's filters and silence all that follows.
    if (pcm instanceof Float32Array && !pcm.every(Number.isFinite)) throw new RangeError("a sample is no number")
    const options = { maxPacketBytes: OPUS_MAX_BYTES }
    const packet = guarded(() =>
      pcm instanceof Float32Array ? handle.encodeFloat(pcm, options) : handle.encode(pcm, options),
    )
    return packet.length <= DTX_BYTES ? undefined : packet
  }

  /**
   * Tells the encoder what listeners report: the more is lost, the more it spends on FEC.
   *
   * @param percent - from 0 to 100
   */
  expectLoss(percent: number): void {
    this.#codec.live.setPacketLossPercent(percent)
  }

  [Symbol.dispose](): void {
    this.#codec[Symbol.dispose]()
  }
}
