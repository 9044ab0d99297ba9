import { AudioFrameReceiver, AudioSender, AudioSource, FRAME_MS, FRAME_SAMPLES, mediaSourceIdOf } from "@qpc/gap"
import type { AudioPayload } from "@qpc/gap"
import { OpusEncoder, OpusPlayer } from "gbp-stack/opus"
import type { PlayerFigures } from "gbp-stack/opus"
import { Line } from "./line.ts"
import type { LineOptions } from "./line.ts"
import { aliceAndBob } from "./members.ts"
import type { CallMember } from "./members.ts"
import { SAMPLE_RATE } from "./wav.ts"
import type { Sound } from "./wav.ts"

/** What somebody heard of what another said. */
export interface Heard {
  readonly sound: Sound
  readonly figures: HeardFigures
}

/** How it went. Delays are from the moment that the first sample was spoken, in milliseconds. */
export interface HeardFigures extends PlayerFigures {
  readonly sent: number
  readonly lost: number
  /** Frames that arrived and were not what a member of the group may send: none, unless something is wrong. */
  readonly dropped: number
  readonly packetBytes: number
  readonly frameBytes: number
  readonly meanDelayMs: number
  readonly maxDelayMs: number
}

/** Bob's loudspeaker takes its 20 ms in the middle of Alice's. */
const BOB_IS_LATER_MS = FRAME_MS / 2
/** Time of the codec itself; see `OpusEncoder.lookaheadSamples`. */
const msOf = (samples: number): number => (1000 * samples) / SAMPLE_RATE

/**
 * Alice says `sound` to Bob: Opus, GAP, SFrame, a line that loses some of it, and back. Time is counted, not waited for: a minute takes
 * as long as its arithmetic.
 */
export async function callThrough(sound: Sound, options: LineOptions): Promise<Heard> {
  using pair = aliceAndBob()
  using speaker = await Speaker.create(pair.alice, sound)
  using listener = await Listener.create(pair.bob, sound.channels)
  const line = new Line(options)
  for (let nowMs = 0; !speaker.isOver || line.underWay > 0 || listener.isPlaying; nowMs += FRAME_MS) {
    // A frame can leave once its last sample was spoken.
    const frame = speaker.next()
    if (frame !== undefined) line.send(frame, nowMs + FRAME_MS)
    const turnMs = nowMs + FRAME_MS + BOB_IS_LATER_MS
    for (const { bytes, arrivesAtMs } of line.arrivals(turnMs)) listener.receive(bytes, arrivesAtMs)
    listener.turn(turnMs)
  }
  const { sent, packetBytes, frameBytes, lagMs } = speaker
  const heard = listener.heard(lagMs)
  return { ...heard, figures: { sent, lost: line.lost, packetBytes, frameBytes, ...heard.figures } }
}

/** A microphone that says what it was given. */
class Speaker implements Disposable {
  readonly #sound: Sound
  readonly #encoder: OpusEncoder
  readonly #sender: AudioSender
  readonly #source: AudioSource
  #at = 0
  sent = 0
  /** Of the last ones. */
  packetBytes = 0
  frameBytes = 0

  private constructor({ groupId, keys, memberId }: CallMember, sound: Sound, encoder: OpusEncoder) {
    this.#sound = sound
    this.#encoder = encoder
    this.#sender = new AudioSender({ groupId, keys })
    this.#source = new AudioSource({ mediaSourceId: mediaSourceIdOf(memberId, 0) })
  }

  static async create(member: CallMember, sound: Sound): Promise<Speaker> {
    return new Speaker(member, sound, await OpusEncoder.create({ channels: sound.channels }))
  }

  get isOver(): boolean {
    return this.#at >= this.#sound.samples.length
  }

  get lagMs(): number {
    return msOf(this.#encoder.lookaheadSamples)
  }

  /** The frame of the next 20 ms, filled up with silence at the end; `undefined` once all was said. */
  next(): Uint8Array | undefined {
    if (this.isOver) return undefined
    const pcm = new Float32Array(FRAME_SAMPLES * this.#sound.channels)
    pcm.set(this.#sound.samples.subarray(this.#at, this.#at + pcm.length))
    this.#at += pcm.length
    const packet = this.#encoder.encode(pcm)
    if (packet === undefined) throw new Error("unreachable: without DTX all is sent")
    const framed = this.#sender.send(this.#source, packet)
    if (framed.kind === "refused") throw new Error("the epoch's key is used up: shorten the sound")
    this.sent++
    this.packetBytes = packet.length
    this.frameBytes = framed.bytes.length
    return framed.bytes
  }

  [Symbol.dispose](): void {
    this.#encoder[Symbol.dispose]()
  }
}

/** Who listens, and remembers what they heard. */
class Listener implements Disposable {
  readonly #receiver: AudioFrameReceiver
  readonly #player: OpusPlayer<AudioPayload>
  readonly #channels: 1 | 2
  readonly #heard: Float32Array[] = []
  /** From the first sample of a frame to its turn. */
  readonly #delaysMs: number[] = []
  /** The timestamp of the newest frame that came, while it waits for its turn. */
  #awaited: bigint | undefined
  #dropped = 0

  private constructor({ groupId, keys }: CallMember, channels: 1 | 2, player: OpusPlayer<AudioPayload>) {
    this.#receiver = new AudioFrameReceiver({ groupId, keys, maySpeak: () => true })
    this.#player = player
    this.#channels = channels
  }

  static async create(member: CallMember, channels: 1 | 2): Promise<Listener> {
    return new Listener(member, channels, await OpusPlayer.create({ channels }))
  }

  /** False once the newest frame that came was played. */
  get isPlaying(): boolean {
    return this.#awaited !== undefined
  }

  receive(bytes: Uint8Array, nowMs: number): void {
    const received = this.#receiver.receive(bytes, nowMs)
    if (received.kind === "drop") this.#dropped++
    else if (this.#player.push(received, nowMs).kind === "accepted") {
      this.#awaited = received.timestamp > (this.#awaited ?? 0n) ? received.timestamp : this.#awaited
    }
  }

  turn(nowMs: number): void {
    const { kind, frame, pcm } = this.#player.turn()
    this.#heard.push(pcm)
    if (frame !== undefined) this.#delaysMs.push(nowMs - msOf(Number(frame.timestamp)))
    // Frames too few to be collected for are never played: whoever falls silent has none.
    if (kind === "silence" || frame?.timestamp === this.#awaited) this.#awaited = undefined
  }

  heard(lagMs: number): {
    sound: Sound
    figures: PlayerFigures & Pick<HeardFigures, "dropped" | "meanDelayMs" | "maxDelayMs">
  } {
    const samples = new Float32Array(this.#heard.length * FRAME_SAMPLES * this.#channels)
    for (const [at, pcm] of this.#heard.entries()) samples.set(pcm, at * FRAME_SAMPLES * this.#channels)
    const delays = this.#delaysMs
    const meanDelayMs = delays.length === 0 ? 0 : delays.reduce((sum, delay) => sum + delay, 0) / delays.length + lagMs
    const maxDelayMs = delays.length === 0 ? 0 : Math.max(...delays) + lagMs
    const figures = { ...this.#player.figures, dropped: this.#dropped, meanDelayMs, maxDelayMs }
    return { sound: { channels: this.#channels, samples }, figures }
  }

  [Symbol.dispose](): void {
    this.#player[Symbol.dispose]()
  }
}
