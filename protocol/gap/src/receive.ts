import { decodedOrUndefined } from "@qpc/wire"
import { dropError } from "./drop-reason.ts"
import type { DropReason } from "./drop-reason.ts"
import { CBOR_AUDIO, OPUS_MAX_BYTES } from "./payload.ts"
import type { AudioCodec, AudioPayload } from "./payload.ts"
import { keyPhaseOf } from "./send.ts"

/** Bounds of a receiver of audio. */
export interface AudioLimits {
  /** Sources that one member may have. Default 4. */
  readonly sourcesPerMember?: number
  /** Bytes of one Opus packet. Default 1275. */
  readonly opusBytes?: number
  /** The payload formats that are spoken. Default CBOR alone. */
  readonly codecs?: readonly AudioCodec[]
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
  | (AudioPayload & { readonly kind: "audio"; readonly senderId: number })
  /** Nothing changed. `code` is the one of the error registry. */
  | { readonly kind: "drop"; readonly reason: DropReason; readonly code: number }

const SOURCES_PER_MEMBER = 4

/**
 * The way up through GAP. Total: whatever bytes arrive, {@link receive} returns.
 *
 * The checks, in order: payload format, encoding and size, key phase, whether the sender may speak, and last how many sources it
 * has. Ids of sources are each member's own: nobody can take one away from somebody else.
 */
export class AudioReceiver {
  readonly #limits: Required<AudioLimits>
  readonly #maySpeak: (memberId: number) => boolean
  /** The sources of each member. */
  readonly #sources = new Map<number, Set<number>>()

  /** @param maySpeak - False for members who are muted, or whose role does not permit audio. Asked for each frame. */
  constructor(maySpeak: (memberId: number) => boolean, limits: AudioLimits = {}) {
    this.#maySpeak = maySpeak
    this.#limits = { sourcesPerMember: SOURCES_PER_MEMBER, opusBytes: OPUS_MAX_BYTES, codecs: [CBOR_AUDIO], ...limits }
  }

  receive({ senderId, epoch, payloadFormat, payload }: ArrivedAudio): ReceivedAudio {
    const codec = this.#limits.codecs.find(({ format }) => format === payloadFormat)
    if (codec === undefined) return drop("unsupported_payload_format")
    const audio = decodedOrUndefined(() => codec.decode(payload, this.#limits.opusBytes))
    if (audio === undefined || audio.opus.length === 0) return drop("malformed")
    if (audio.keyPhase !== keyPhaseOf(epoch)) return drop("key_phase_mismatch")
    if (!this.#maySpeak(senderId)) return drop("not_allowed")
    const own = this.#sources.get(senderId) ?? new Set()
    if (!own.has(audio.mediaSourceId) && own.size >= this.#limits.sourcesPerMember) return drop("too_many_sources")
    this.#sources.set(senderId, own.add(audio.mediaSourceId))
    return { kind: "audio", senderId, ...audio }
  }

  /** For members who left, and for those whose devices begin anew. */
  forget(memberId: number): void {
    this.#sources.delete(memberId)
  }
}

function drop(reason: DropReason): ReceivedAudio {
  return { kind: "drop", reason, code: dropError(reason).code }
}
