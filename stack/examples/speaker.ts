import { FRAME_SAMPLES, OpusEncoder } from "gbp-stack/opus"
import type { CallMember } from "./members.ts"
import { SAMPLE_RATE } from "./wav.ts"
import type { Sound } from "./wav.ts"

const MICROPHONE = 1
/** Audio is for everybody. */
const EVERYBODY = 0

/** A microphone that says what it was given. */
export class Speaker implements Disposable {
  readonly #member: CallMember
  readonly #sound: Sound
  readonly #encoder: OpusEncoder
  #sent = 0
  #packetBytes = 0
  #frameBytes = 0

  private constructor(member: CallMember, sound: Sound, encoder: OpusEncoder) {
    this.#member = member
    this.#sound = sound
    this.#encoder = encoder
  }

  static async create(member: CallMember, sound: Sound): Promise<Speaker> {
    return new Speaker(member, sound, await OpusEncoder.create({ channels: sound.channels }))
  }

  get isOver(): boolean {
    return this.#sent * this.#frameSamples >= this.#sound.samples.length
  }

  /** How far the sound of a decoder is behind, in milliseconds. */
  get lagMs(): number {
    return (1000 * this.#encoder.lookaheadSamples) / SAMPLE_RATE
  }

  /** Frames so far, and the lengths of the last one. */
  get figures(): { readonly sent: number; readonly packetBytes: number; readonly frameBytes: number } {
    return { sent: this.#sent, packetBytes: this.#packetBytes, frameBytes: this.#frameBytes }
  }

  /** The frame of the next 20 ms, filled up with silence at the end; `undefined` once all was said. */
  next(): Uint8Array | undefined {
    if (this.isOver) return undefined
    const start = this.#sent * this.#frameSamples
    const pcm = new Float32Array(this.#frameSamples)
    pcm.set(this.#sound.samples.subarray(start, start + pcm.length))
    const packet = this.#encoder.encode(pcm)
    if (packet === undefined) throw new Error("unreachable: without DTX all is sent")
    const { mls, node, gap } = this.#member
    const timestamp = BigInt(this.#sent * FRAME_SAMPLES)
    const { wire } = gap.send(node, mls, EVERYBODY, MICROPHONE, timestamp, packet)
    this.#sent++
    this.#packetBytes = packet.length
    this.#frameBytes = wire.length
    return wire
  }

  [Symbol.dispose](): void {
    this.#encoder[Symbol.dispose]()
  }

  get #frameSamples(): number {
    return FRAME_SAMPLES * this.#sound.channels
  }
}
