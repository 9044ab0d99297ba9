import { AudioFrameReceiver, AudioKeys, AudioSender, SEAL_AFTER_MS } from "@qpc/gap"
import type { AudioKeysOptions, AudioLimits, AudioSource, FramedAudio, ReceivedAudioFrame } from "@qpc/gap"
import { AES_128_GCM_SHA256_128, cipherOf } from "../audio-frames.ts"
import type { LiveMember } from "./live-member.ts"

/** What {@link LiveAudio} needs. */
export interface LiveAudioOptions extends Partial<Omit<AudioKeysOptions, "context">> {
  /** Borrowed. */
  readonly member: LiveMember
  /** False for members who are muted, or may not speak. Asked for each frame. */
  readonly maySpeak: (memberId: number) => boolean
  readonly audioLimits?: Omit<AudioLimits, "isSourceOf">
  /**
   * How long frames go on under the old keys where nobody was removed, in milliseconds. Default {@link SEAL_AFTER_MS}.
   */
  readonly sealAfterMs?: number
}

/**
 * Audio of a live group: SFrame frames beside those that `LiveMember` seals. What `isAudioFrame` of @qpc/gbp is true
 * for comes here, all else goes to the member.
 *
 * Goes to the epoch of the member by itself, never before it. Time is the member's: Unix time in milliseconds, never
 * going back.
 */
export class LiveAudio implements Disposable {
  readonly #member: LiveMember
  readonly #keys: AudioKeys
  readonly #sender: AudioSender
  readonly #receiver: AudioFrameReceiver
  readonly #sealAfterMs: number
  #memberIds: readonly number[] = []

  /** The suite is AES-128-GCM, unless another is named. */
  constructor({ member, maySpeak, audioLimits, sealAfterMs = SEAL_AFTER_MS, ...options }: LiveAudioOptions) {
    this.#member = member
    this.#sealAfterMs = sealAfterMs
    // The context comes last: options that were made for other `AudioKeys` have one, under which these would count from 0 again.
    const [cipher, context] = [cipherOf(AES_128_GCM_SHA256_128), member.nextAudioContext()]
    this.#keys = new AudioKeys({ cipher, ...options, context })
    const surroundings = { groupId: member.groupId, keys: this.#keys }
    this.#sender = new AudioSender(surroundings)
    this.#receiver = new AudioFrameReceiver({ ...surroundings, maySpeak, ...(audioLimits && { limits: audioLimits }) })
  }

  /** When {@link tick} has something to do, or `undefined`. */
  get wakeAtMs(): number | undefined {
    return this.#keys.wakeAtMs
  }

  /**
   * 20 ms of a source of ours, for everybody.
   *
   * @throws TypeError once we are out of the group; RangeError for what is no Opus packet, or no source of ours
   */
  send(source: AudioSource, opus: Uint8Array, nowMs: number): FramedAudio {
    this.tick(nowMs)
    if (this.#member.audioEpoch() === undefined) throw new TypeError("the group is over for us: be invited anew")
    return this.#sender.send(source, opus)
  }

  /** Total for foreign bytes. */
  receive(bytes: Uint8Array, nowMs: number): ReceivedAudioFrame {
    this.tick(nowMs)
    return this.#receiver.receive(bytes, nowMs)
  }

  /** Follows the member, and forgets keys whose time is over. */
  tick(nowMs: number): void {
    const epoch = this.#member.audioEpoch()
    if (epoch !== undefined && epoch.epoch !== this.#keys.epoch) {
      const { memberIds } = this.#member
      const left = this.#memberIds.filter((memberId) => !memberIds.includes(memberId))
      // Whoever was removed has the old keys: nothing more is sealed under them.
      this.#keys.enterEpoch({ ...epoch, sealAfterMs: left.length === 0 ? this.#sealAfterMs : 0 }, nowMs)
      // Whoever was removed may have spoken in the name of others, whom that may have cost a source.
      if (left.length > 0) for (const memberId of this.#memberIds) this.#receiver.forget(memberId)
      this.#memberIds = memberIds
    }
    this.#keys.tick(nowMs)
  }

  /** Zeroes the keys. */
  [Symbol.dispose](): void {
    this.#keys[Symbol.dispose]()
  }
}
