import { AUDIO_FRAME_MAX_BYTES, audioFrameMetadata, decodeAudioFrame, UnsupportedVersion } from "@qpc/gbp"
import type { SealedAudioFrame } from "@qpc/gbp"
import { decodedOrUndefined, DecodeError, equalBytes } from "@qpc/wire"
import { dropError } from "./drop-reason.ts"
import type { DropReason, FrameDropReason } from "./drop-reason.ts"
import { CBOR_AUDIO, OPUS_MAX_BYTES } from "./payload.ts"
import type { AudioCodec, AudioPayload } from "./payload.ts"
import { keyPhaseOf } from "./send.ts"
import type { AudioSurroundings } from "./send.ts"
import { isSourceOfMember } from "./source-id.ts"

/** What {@link AudioFrameReceiver} needs. */
export interface AudioFrameReceiverOptions extends AudioSurroundings {
  /** False for members who are muted, or whose role does not permit audio. Asked for each frame. */
  readonly maySpeak: (memberId: number) => boolean
  readonly limits?: Omit<AudioLimits, "isSourceOf">
}

/** What came out of bytes that claim to be an audio frame. */
export type ReceivedAudioFrame =
  | (AudioPayload & {
      readonly kind: "audio"
      /** Read off the key id. Another member may have sealed it: all have the keys of all (RFC 9605 §7.2). */
      readonly senderId: number
      readonly epoch: bigint
      /** The frame's number under its key. */
      readonly counter: bigint
    })
  /** `code` is the one of the error registry. */
  | { readonly kind: "drop"; readonly reason: FrameDropReason; readonly code: number }

/**
 * The way up through audio of profile 2. Total: whatever bytes arrive, {@link receive} returns.
 *
 * The checks, in order: size, encoding, version, group, epoch; then the SFrame frame opens under the outer map, which
 * authenticates both and uses up its number; then the sender, the payload as {@link AudioReceiver} checks it, and whose
 * source it names. Nothing changes before the frame opened, and nothing in it changes the group.
 */
export class AudioFrameReceiver {
  readonly #surroundings: AudioSurroundings
  readonly #payloads: AudioReceiver
  readonly #isSourceOf: (mediaSourceId: number, memberId: number) => boolean

  constructor({ maySpeak, limits, ...surroundings }: AudioFrameReceiverOptions) {
    this.#surroundings = surroundings
    this.#isSourceOf = surroundings.isSourceOf ?? isSourceOfMember
    this.#payloads = new AudioReceiver(maySpeak, { ...limits, isSourceOf: this.#isSourceOf })
  }

  /** @param nowMs - any clock that goes forward, the same as that of {@link AudioKeys} */
  receive(bytes: Uint8Array, nowMs: number): ReceivedAudioFrame {
    const { groupId, keys } = this.#surroundings
    const frame = readAudioFrame(bytes)
    if (typeof frame === "string") return drop(frame)
    if (!equalBytes(frame.groupId, groupId)) return drop("unknown_group")
    const { epoch, payloadFormat, sframe } = frame
    const opened = keys.open(sframe, audioFrameMetadata(frame), { epoch, nowMs })
    if (opened.kind === "rejected") return drop(opened.reason)
    const { senderId, counter, payload } = opened
    const received = this.#payloads.receive({ senderId, epoch, payloadFormat, payload })
    return received.kind === "drop" ? received : { ...received, epoch, counter }
  }

  /** For members who left, and for those whose devices begin anew. */
  forget(memberId: number): void {
    this.#payloads.forget(memberId)
  }
}

/** An audio frame before it is opened, or why it is none. Total: whatever bytes these are. */
export function readAudioFrame(bytes: Uint8Array): SealedAudioFrame | FrameDropReason {
  if (bytes.length > AUDIO_FRAME_MAX_BYTES) return "too_large"
  try {
    return decodeAudioFrame(bytes)
  } catch (error) {
    if (error instanceof UnsupportedVersion) return "unsupported_version"
    if (error instanceof DecodeError) return "malformed"
    throw error
  }
}

/** Bounds of a receiver of audio. */
export interface AudioLimits {
  /** Sources of one member that are known at a time. Default 4. */
  readonly sourcesPerMember?: number
  /** Bytes of one Opus packet. Default 1275. */
  readonly opusBytes?: number
  /** The payload formats that are spoken. Default CBOR alone. */
  readonly codecs?: readonly AudioCodec[]
  /**
   * Whose sources are whose. Default: any id is the sender's own, and another's of the same number is another source.
   */
  readonly isSourceOf?: (mediaSourceId: number, memberId: number) => boolean
}

/** A payload that arrived on an audio stream, and who sent it. */
export interface ArrivedAudio {
  /** The member id of the sender whose key opened the frame. */
  readonly senderId: number
  /** The epoch of that key. */
  readonly epoch: bigint
  /** The frame's payload format. */
  readonly payloadFormat: number
  readonly payload: Uint8Array
}

/** What came out of a payload. */
export type ReceivedAudio =
  | (AudioPayload & {
      readonly kind: "audio"
      readonly senderId: number
      /** Another source of the sender, which made room for this one: forget what waits of it. */
      readonly replaced?: number
    })
  /** Nothing changed. `code` is the one of the error registry. */
  | { readonly kind: "drop"; readonly reason: DropReason; readonly code: number }

const DEFAULT_LIMITS: Required<AudioLimits> = {
  sourcesPerMember: 4,
  opusBytes: OPUS_MAX_BYTES,
  codecs: [CBOR_AUDIO],
  isSourceOf: () => true,
}

/**
 * The way up through GAP. Total: whatever bytes arrive, {@link receive} returns.
 *
 * The checks, in order: payload format, encoding and size, key phase, whether the sender may speak, whose source it is,
 * and last whether the source is new: the one heard least recently makes room then. Sources are told apart by their members: nobody can take one away from
 * somebody else.
 */
export class AudioReceiver {
  readonly #limits: Required<AudioLimits>
  readonly #maySpeak: (memberId: number) => boolean
  /** The sources of each member. */
  readonly #sources = new Map<number, Set<number>>()

  /** @param maySpeak - False for members who are muted, or whose role does not permit audio. Asked for each frame. */
  constructor(maySpeak: (memberId: number) => boolean, limits: AudioLimits = {}) {
    this.#maySpeak = maySpeak
    this.#limits = { ...DEFAULT_LIMITS, ...limits }
  }

  receive({ senderId, epoch, payloadFormat, payload }: ArrivedAudio): ReceivedAudio {
    const codec = this.#limits.codecs.find(({ format }) => format === payloadFormat)
    if (codec === undefined) return drop("unsupported_payload_format")
    const audio = decodedOrUndefined(() => codec.decode(payload, this.#limits.opusBytes))
    if (audio === undefined || audio.opus.length === 0) return drop("malformed")
    if (audio.keyPhase !== keyPhaseOf(epoch)) return drop("key_phase_mismatch")
    if (!this.#maySpeak(senderId)) return drop("not_allowed")
    if (!this.#limits.isSourceOf(audio.mediaSourceId, senderId)) return drop("source_mismatch")
    const own = this.#sources.get(senderId) ?? new Set()
    // Whoever begins anew takes a new source: the one that was heard least recently makes room.
    const isNew = !own.delete(audio.mediaSourceId)
    const replaced = isNew && own.size >= this.#limits.sourcesPerMember ? own.values().next().value : undefined
    if (replaced !== undefined) own.delete(replaced)
    this.#sources.set(senderId, own.add(audio.mediaSourceId))
    return { kind: "audio", senderId, ...(replaced !== undefined && { replaced }), ...audio }
  }

  /** For members who left, and for those whose devices begin anew. */
  forget(memberId: number): void {
    this.#sources.delete(memberId)
  }
}

function drop<R extends FrameDropReason>(reason: R): { kind: "drop"; reason: R; code: number } {
  return { kind: "drop", reason, code: dropError(reason).code }
}
