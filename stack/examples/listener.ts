import { StreamType } from "gbp-stack"
import type { GapAcceptResult, NodeEvent } from "gbp-stack"
import { FRAME_SAMPLES, OpusPlayer } from "gbp-stack/opus"
import type { PlayableFrame, PlayerFigures } from "gbp-stack/opus"
import type { CallMember } from "./members.ts"
import { SAMPLE_RATE } from "./wav.ts"
import type { Sound } from "./wav.ts"

/**
 * What a listener can tell of how it went. Delays are from the moment that the first sample was spoken, in
 * milliseconds.
 */
export interface ListenerFigures extends PlayerFigures {
  /** Frames that arrived and were not what a member of the group may send: none, unless something is wrong. */
  readonly dropped: number
  readonly meanDelayMs: number
  readonly maxDelayMs: number
}

/** Who listens, and remembers what they heard. */
export class Listener implements Disposable {
  readonly #member: CallMember
  readonly #player: OpusPlayer<PlayableFrame>
  readonly #channels: 1 | 2
  readonly #heard: Float32Array[] = []
  /** From the first sample of a frame to its turn. */
  readonly #delaysMs: number[] = []
  /** The timestamp of the newest frame that came, while it waits for its turn. */
  #awaited: bigint | undefined
  #dropped = 0

  private constructor(member: CallMember, channels: 1 | 2, player: OpusPlayer<PlayableFrame>) {
    this.#member = member
    this.#channels = channels
    this.#player = player
  }

  static async create(member: CallMember, channels: 1 | 2): Promise<Listener> {
    return new Listener(member, channels, await OpusPlayer.create({ channels }))
  }

  /** False once the newest frame that came was played. */
  get isPlaying(): boolean {
    return this.#awaited !== undefined
  }

  receive(bytes: Uint8Array, nowMs: number): void {
    const { mls, node, gap } = this.#member
    for (const event of node.onWire(mls, bytes)) {
      const frame = isAudio(event) ? playable(gap.accept(event.plaintext, mls.epoch)) : undefined
      if (frame !== undefined && this.#player.push(frame, nowMs).kind === "accepted") this.#await(frame.timestamp)
      if (event.kind === "error" || (isAudio(event) && frame === undefined)) this.#dropped++
    }
  }

  /** The next 20 ms. */
  turn(nowMs: number): void {
    const { kind, frame, pcm } = this.#player.turn()
    this.#heard.push(pcm)
    if (frame !== undefined) this.#delaysMs.push(nowMs - (1000 * Number(frame.timestamp)) / SAMPLE_RATE)
    // Frames too few to be collected for are never played: whoever falls silent has none.
    if (kind === "silence" || frame?.timestamp === this.#awaited) this.#awaited = undefined
  }

  get sound(): Sound {
    const samples = new Float32Array(this.#heard.length * FRAME_SAMPLES * this.#channels)
    for (const [at, pcm] of this.#heard.entries()) samples.set(pcm, at * FRAME_SAMPLES * this.#channels)
    return { channels: this.#channels, samples }
  }

  /** @param lagMs - how far the sound of a decoder is behind */
  figures(lagMs: number): ListenerFigures {
    const delays = this.#delaysMs.map((delayMs) => delayMs + lagMs)
    const meanDelayMs = delays.reduce((sum, delayMs) => sum + delayMs, 0) / Math.max(1, delays.length)
    return { ...this.#player.figures, dropped: this.#dropped, meanDelayMs, maxDelayMs: Math.max(0, ...delays) }
  }

  [Symbol.dispose](): void {
    this.#player[Symbol.dispose]()
  }

  #await(timestamp: bigint): void {
    if (timestamp > (this.#awaited ?? 0n)) this.#awaited = timestamp
  }
}

function isAudio(event: NodeEvent): event is NodeEvent & { readonly plaintext: Uint8Array } {
  return event.kind === "payload_received" && event.streamType === StreamType.Audio
}

/** A `late` frame may still have its turn: the player knows. */
function playable({ seq, timestamp, opus }: GapAcceptResult): PlayableFrame | undefined {
  const isFrame = seq !== undefined && timestamp !== undefined && opus !== undefined
  return isFrame ? { sequence: seq, timestamp, opus } : undefined
}
