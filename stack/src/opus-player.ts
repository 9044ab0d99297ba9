import { FRAME_SAMPLES, Playout } from "@qpc/gap"
import type { AudioPayload, PlayoutFigures, PlayoutLimits, Pushed, Turn } from "@qpc/gap"
import { OpusError } from "./opus-error.ts"
import { OpusDecoder } from "./opus-decoder.ts"

/** What a player needs of a frame that arrived. */
export type PlayableFrame = Pick<AudioPayload, "sequence" | "timestamp" | "opus">

/** 20 ms for the loudspeaker. */
export interface PlayedTurn<F extends PlayableFrame> {
  /** `damaged`: the frame's packet cannot be played, so sound was made up for it. */
  readonly kind: Turn<F>["kind"] | "damaged"
  /** The frame that was played, where one was. */
  readonly frame?: F
  /** Of each channel 960 samples, interleaved. */
  readonly pcm: Float32Array
}

/** What happened to the frames of a source. */
export interface PlayerFigures extends PlayoutFigures {
  /** Of those concealed: made from the copy in the packet behind them (FEC). */
  readonly recovered: number
  /**
   * Frames whose packet cannot be played. Only their sender, or another member in their name, can have made them so.
   */
  readonly damaged: number
}

/**
 * One source of audio on its way to the loudspeaker: {@link Playout} decides what is due, {@link OpusDecoder} makes it
 * sound. What comes from a member who sends nonsense is concealed, as if it had been lost.
 */
export class OpusPlayer<F extends PlayableFrame> implements Disposable {
  readonly #decoder: OpusDecoder
  readonly #playout: Playout<F>
  #recovered = 0
  #damaged = 0

  private constructor(decoder: OpusDecoder, limits: Partial<PlayoutLimits>) {
    this.#decoder = decoder
    this.#playout = new Playout(limits)
  }

  /** @param options - `channels` of what comes out, default 1; `limits` as of {@link Playout} */
  static async create<F extends PlayableFrame>(
    options: { readonly channels?: 1 | 2; readonly limits?: Partial<PlayoutLimits> } = {},
  ): Promise<OpusPlayer<F>> {
    return new OpusPlayer(await OpusDecoder.create(options.channels), options.limits ?? {})
  }

  get figures(): PlayerFigures {
    return { ...this.#playout.figures, recovered: this.#recovered, damaged: this.#damaged }
  }

  /** How long frames are collected at the moment, in milliseconds. */
  get delayMs(): number {
    return this.#playout.delayMs
  }

  /** @param nowMs - when the frame arrived, on any clock that goes forward */
  push(frame: F, nowMs: number): Pushed<F> {
    return this.#playout.push(frame, nowMs)
  }

  /** The next 20 ms; call it once in every 20 ms of whatever clock plays. @throws TypeError after it was disposed of */
  turn(): PlayedTurn<F> {
    const turn = this.#playout.turn()
    if (turn.kind === "silence")
      return { kind: "silence", pcm: new Float32Array(FRAME_SAMPLES * this.#decoder.channels) }
    if (turn.kind === "conceal") return { kind: "conceal", pcm: this.#conceal(turn.next) }
    const pcm = playable(() => this.#decoder.decode(turn.frame.opus))
    if (pcm !== undefined) return { kind: "frame", frame: turn.frame, pcm }
    this.#damaged++
    return { kind: "damaged", pcm: this.#decoder.conceal() }
  }

  [Symbol.dispose](): void {
    this.#decoder[Symbol.dispose]()
  }

  #conceal(next: F | undefined): Float32Array {
    const recovered = next && playable(() => this.#decoder.conceal(next.opus))
    if (recovered === undefined) return this.#decoder.conceal()
    this.#recovered++
    return recovered
  }
}

/** `undefined` where a packet cannot be played. */
function playable(decode: () => Float32Array): Float32Array | undefined {
  try {
    return decode()
  } catch (error) {
    if (error instanceof OpusError && error.code !== "codec_failed") return undefined
    throw error
  }
}
