import { AUDIO_FRAME_MAX_BYTES, audioFrameMetadata, encodeAudioFrame } from "@qpc/gbp"
import type { PayloadFormat } from "@qpc/gbp"
import type { GroupId } from "@qpc/wire"
import type { AudioKeys } from "./audio-keys.ts"
import { CBOR_AUDIO, OPUS_MAX_BYTES } from "./payload.ts"
import type { AudioCodec } from "./payload.ts"
import { FRAME_SAMPLES } from "./playout.ts"
import { SEQUENCE_MODULUS } from "./sequence.ts"
import { isSourceOfMember } from "./source-id.ts"

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
 * The counters are no nonces: SFrame has its own. A source that begins anew takes another id, or those who listen take
 * its first frames for late ones.
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

  get mediaSourceId(): number {
    return this.#mediaSourceId
  }

  get payloadFormat(): PayloadFormat {
    return this.#codec.format
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

/** What {@link AudioSender} and {@link AudioFrameReceiver} stand on. */
export interface AudioSurroundings {
  readonly groupId: GroupId
  readonly keys: AudioKeys
  /**
   * Whose sources are whose. Default {@link isSourceOfMember}. Whoever takes all lets members only collide with
   * themselves.
   */
  readonly isSourceOf?: (mediaSourceId: number, memberId: number) => boolean
}

/** What came of framing 20 ms of audio. */
export type FramedAudio =
  | { readonly kind: "frame"; readonly bytes: Uint8Array; readonly epoch: bigint }
  /** The epoch's key has sealed as many frames as it may: only a new epoch opens more. The source has counted on. */
  | { readonly kind: "refused"; readonly reason: "epoch_exhausted" }

/**
 * The way down through audio of profile 2: payload, SFrame frame, outer map. Sources that share `keys` share one
 * counter.
 */
export class AudioSender {
  readonly #groupId: GroupId
  readonly #keys: AudioKeys
  readonly #isSourceOf: (mediaSourceId: number, memberId: number) => boolean

  constructor({ groupId, keys, isSourceOf = isSourceOfMember }: AudioSurroundings) {
    this.#groupId = groupId
    this.#keys = keys
    this.#isSourceOf = isSourceOf
  }

  /**
   * Seals the next 20 ms of `source`.
   *
   * @param opus - One Opus packet.
   * @throws TypeError before there is an epoch in which we may send; RangeError for a packet that is none, or for a
   * source that is not ours by its id: everybody would drop it
   */
  send(source: AudioSource, opus: Uint8Array): FramedAudio {
    const { sealingEpoch: epoch, ownMemberId } = this.#keys
    if (epoch === undefined || ownMemberId === undefined) {
      throw new TypeError("there is no epoch in which this member may send audio: enter one first")
    }
    if (!this.#isSourceOf(source.mediaSourceId, ownMemberId)) {
      throw new RangeError(
        `source ${source.mediaSourceId} is not member ${ownMemberId}'s: take mediaSourceIdOf(memberId, number)`,
      )
    }
    const payload = source.frame(opus, epoch)
    const header = { groupId: this.#groupId, epoch, payloadFormat: source.payloadFormat }
    const sframe = this.#keys.seal(payload, audioFrameMetadata(header))
    if (sframe === undefined) return { kind: "refused", reason: "epoch_exhausted" }
    const bytes = encodeAudioFrame(header, sframe)
    if (bytes.length > AUDIO_FRAME_MAX_BYTES) throw new Error("unreachable: the longest packet fits into a frame")
    return { kind: "frame", bytes, epoch }
  }
}

/** What a payload says of its epoch: the low 32 bits. */
export function keyPhaseOf(epoch: bigint): number {
  return Number(epoch & 0xffff_ffffn)
}
