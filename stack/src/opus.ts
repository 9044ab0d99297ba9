/**
 * The Opus codec (RFC 6716) as calls of the Group Protocol Stack use it: 48 kHz, packets of 20 ms. The reference implementation as
 * WebAssembly, in Node and browsers alike.
 *
 * @module
 */
import { FRAME_SAMPLES, OPUS_MAX_BYTES } from "@qpc/gap"
import { Application, createDecoder, createEncoder, isOpusError, Signal } from "libopus-wasm"
import type { OpusDecoderHandle, OpusEncoderHandle } from "libopus-wasm"
import { opusSamples } from "./opus-packet.ts"

/** 20 ms of sound: 960 samples of each channel, interleaved. Float32 is from −1 to 1, what is louder is limited by the codec. */
export type Pcm = Float32Array | Int16Array

/** How an encoder trades size, quality and secrecy. */
export interface OpusEncoderOptions {
  /** Default 1. */
  readonly channels?: 1 | 2
  /** Bits in a second, from 6000 to 510 000. Default 48 000 for each channel: below 40 000 little is left for lost packets. */
  readonly bitrate?: number
  /** Default `speech`. In-band FEC exists for speech only. */
  readonly content?: "speech" | "music"
  /** Each packet carries a poor copy of the one before it, where {@link OpusEncoderOptions.expectedLossPercent} is above 0. Default true. */
  readonly fec?: boolean
  /** How many packets of a hundred get lost. Default 10. */
  readonly expectedLossPercent?: number
  /** Sends next to nothing while nobody speaks, which tells whoever carries the packets when somebody does. Default false. */
  readonly dtx?: boolean
  /** Packets as long as their sound needs: their lengths tell something of what is said (RFC 6562 §3). Default false. */
  readonly vbr?: boolean
  /** From 0, the fastest, to 10. Default 9. */
  readonly complexity?: number
}

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

/** Packets up to this many bytes are what DTX makes of silence: nobody misses them (RFC 6716 §2.1.9). */
const DTX_BYTES = 2
const BITRATE_PER_CHANNEL = 48_000
const [BITRATE_MIN, BITRATE_MAX] = [6000, 510_000]
const EXPECTED_LOSS_PERCENT = 10
const COMPLEXITY = 9
const INT16_SCALE = 0x8000

/** Sound in, packets out, in the order in which it is heard. */
export class OpusEncoder implements Disposable {
  readonly channels: 1 | 2
  readonly #handle: OpusEncoderHandle
  #isOver = false

  private constructor(handle: OpusEncoderHandle) {
    this.#handle = handle
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
    return this.#live().getLookahead()
  }

  /**
   * The packet of the next 20 ms; `undefined` where DTX says that it need not be sent (`AudioSource.pause`).
   *
   * @throws RangeError for another number of samples, or a sample that is no number; TypeError after it was disposed of; OpusError
   */
  encode(pcm: Pcm): Uint8Array | undefined {
    const handle = this.#live()
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

  /** Tells the encoder what listeners report: the more is lost, the more it spends on FEC. @param percent - from 0 to 100 */
  expectLoss(percent: number): void {
    this.#live().setPacketLossPercent(percent)
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#handle.free()
  }

  #live(): OpusEncoderHandle {
    if (this.#isOver) throw new TypeError("the encoder was disposed of")
    return this.#handle
  }
}

/**
 * Packets in, sound out, 20 ms for each call: one that came, or what can be made up for one that did not. One object for each
 * source: each packet builds on those before it.
 */
export class OpusDecoder implements Disposable {
  readonly channels: 1 | 2
  readonly #handle: OpusDecoderHandle
  #isOver = false

  private constructor(handle: OpusDecoderHandle) {
    this.#handle = handle
    this.channels = handle.channels
  }

  /** Loads the codec first, once for all. @param channels - of what comes out; packets of one and of two are played */
  static async create(channels: 1 | 2 = 1): Promise<OpusDecoder> {
    return new OpusDecoder(await createDecoder({ channels, maxFrameSize: FRAME_SAMPLES }))
  }

  /** The sound of a packet; nothing of it is rounded. @throws OpusError; TypeError after it was disposed of */
  decode(packet: Uint8Array): Float32Array {
    const handle = this.#live()
    checkPacket(packet)
    return guarded(() => handle.decodeFloat(packet))
  }

  /**
   * Sound for a packet that is lost: from the copy in the packet behind it, if there is one (FEC), or else guessed from what was heard
   * before (concealment).
   *
   * @param next - The packet directly behind the lost one. It is played with {@link decode} afterwards, as always.
   * @throws OpusError; TypeError after it was disposed of
   */
  conceal(next?: Uint8Array): Float32Array {
    const handle = this.#live()
    if (next === undefined) return guarded(() => handle.decodePacketLossFloat(FRAME_SAMPLES))
    checkPacket(next)
    return guarded(() => handle.decodeFloat(next, { decodeFec: true, frameSize: FRAME_SAMPLES }))
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#handle.free()
  }

  #live(): OpusDecoderHandle {
    if (this.#isOver) throw new TypeError("the decoder was disposed of")
    return this.#handle
  }
}

/** The same sound in 16 bits, rounded to the nearest; what is too loud is cut off. */
export function toInt16(pcm: Float32Array): Int16Array {
  return Int16Array.from(pcm, (sample) =>
    Math.max(-INT16_SCALE, Math.min(INT16_SCALE - 1, Math.round(sample * INT16_SCALE))),
  )
}

/** The same sound from −1 to 1. */
export function toFloat32(pcm: Int16Array): Float32Array {
  return Float32Array.from(pcm, (sample) => sample / INT16_SCALE)
}

/** Before the codec sees a packet: one that is too long or of another duration would move what the next ones build on. */
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

function guarded<T>(work: () => T): T {
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
