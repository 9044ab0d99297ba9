import { CBOR_AUDIO, OPUS_MAX_BYTES } from "./payload.ts"
import type { AudioCodec } from "./payload.ts"
import { FRAME_SAMPLES } from "./playout.ts"
import { SEQUENCE_MODULUS } from "./sequence.ts"

/** Where a source begins. */
export interface AudioSourceOptions {
  readonly mediaSourceId: number
  /** The first sequence number. Default 0. */
  readonly sequence?: number
  /** The first timestamp. Default 0. */
  readonly timestamp?: bigint
  /** The payload format. Default CBOR. */
  readonly codec?: AudioCodec
}

/**
 * The way down through GAP: one source of audio, which counts its frames and its time.
 *
 * The counters are no nonces: SFrame has its own. A source that begins anew takes another id, or those who listen take its first frames for
 * late ones.
 */
export class AudioSource {
  readonly #mediaSourceId: number
  readonly #codec: AudioCodec
  #sequence: number
  #timestamp: bigint

  constructor({ mediaSourceId, sequence = 0, timestamp = 0n, codec = CBOR_AUDIO }: AudioSourceOptions) {
    this.#mediaSourceId = mediaSourceId
    this.#codec = codec
    this.#sequence = sequence
    this.#timestamp = timestamp
  }

  /**
   * The payload of the next 20 ms.
   *
   * @param opus - One Opus packet.
   * @param epoch - The epoch whose keys it will be sealed under.
   * @throws RangeError for a packet that is empty or longer than {@link OPUS_MAX_BYTES}
   */
  frame(opus: Uint8Array, epoch: bigint): Uint8Array {
    if (opus.length === 0 || opus.length > OPUS_MAX_BYTES) {
      throw new RangeError(`an Opus packet has 1 to ${OPUS_MAX_BYTES} bytes, not ${opus.length}`)
    }
    const payload = this.#codec.encode({
      mediaSourceId: this.#mediaSourceId,
      sequence: this.#sequence,
      timestamp: this.#timestamp,
      keyPhase: keyPhaseOf(epoch),
      opus,
    })
    this.#sequence = (this.#sequence + 1) % SEQUENCE_MODULUS
    this.#timestamp += BigInt(FRAME_SAMPLES)
    return payload
  }

  /** 20 ms in which nothing is sent: time goes on, the count does not. */
  pause(): void {
    this.#timestamp += BigInt(FRAME_SAMPLES)
  }
}

/** What a payload says of its epoch: the low 32 bits. */
export function keyPhaseOf(epoch: bigint): number {
  return Number(epoch & 0xffff_ffffn)
}
