import { DecodeError, equalBytes } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import type { DropReason } from "../drop-reason.ts"
import { SEQUENCE_MAX } from "../frame.ts"
import type { PayloadFormat } from "../frame.ts"
import { ReplayWindow } from "../replay-window.ts"
import {
  FLAG_CRITICAL,
  flagsOf,
  memberIdOfStream,
  streamIdOf,
  streamTypeFromWire,
  streamTypeToWire,
} from "../stream.ts"
import type { StreamType } from "../stream.ts"
import { ClassKeys } from "./class-keys.ts"
import type { ChaCha20Poly1305, ExportSecret } from "./class-keys.ts"
import { decodeFrame1, encodeFrame1, FRAME_1_MAX_BYTES } from "./frame.ts"
import type { Profile1Frame } from "./frame.ts"

/** What a caller has to write out to run profile 1 with more than one sender on a stream type. */
export const NONCE_REUSE_RISK = "members-share-keys-and-nonces"

/** What {@link Profile1Endpoint} needs. */
export interface Profile1Options {
  readonly groupId: GroupId
  /** Ours. */
  readonly memberId: number
  /** True for the ids of members: nobody else has streams, and what is remembered of each is bounded by them. */
  readonly isMember: (memberId: number) => boolean
  readonly aead: ChaCha20Poly1305
  /**
   * Without it, the second sender on a stream type is refused, whether that is us or somebody else: two senders encrypt under
   * the same key and nonce.
   */
  readonly acceptedRisk?: typeof NONCE_REUSE_RISK
  /** Bytes of a whole frame. Default {@link FRAME_1_MAX_BYTES}. */
  readonly sizeBytes?: number
}

/** An epoch, as far as frames are concerned. */
export interface Profile1Epoch {
  readonly epoch: bigint
  readonly transitionId: number
  readonly exportSecret: ExportSecret
}

/** What one stream is asked to carry. */
export interface Profile1Payload {
  readonly streamType: StreamType
  /** Default 0, CBOR. */
  readonly payloadFormat?: PayloadFormat
  readonly payload: Uint8Array
  /** Receivers who applied another transition drop it. Default false. */
  readonly isCritical?: boolean
}

/** What came of framing a payload. */
export type Framed1 =
  | { readonly kind: "frame"; readonly bytes: Uint8Array; readonly sequence: number }
  | { readonly kind: "refused"; readonly reason: "too_large" | "epoch_exhausted" | "nonce_reuse" }

/** What came out of bytes that claim to be a frame. */
export type ReceivedFrame1 =
  | {
      readonly kind: "payload"
      readonly streamType: StreamType
      /** Whose stream it is. Nobody signed that: every member can write every other's name. */
      readonly claimedMemberId: number
      readonly streamId: number
      readonly sequence: number
      readonly flags: number
      readonly transitionId: number
      readonly payloadFormat: PayloadFormat
      readonly plaintext: Uint8Array
    }
  /** Nothing changed. */
  | { readonly kind: "drop"; readonly reason: DropReason | "nonce_reuse" }

/**
 * Both ways through profile 1, byte by byte as the published stack has it, for talking to it and for nothing else.
 *
 * What can be mended on one side is: numbers move only once a frame opened, and may come out of order within a window. What is in the
 * bytes stays: keys that all share, names that nobody proves, a header that anybody can rewrite.
 */
export class Profile1Endpoint implements Disposable {
  readonly #options: Profile1Options
  #epoch: Profile1Epoch | undefined
  #keys: ClassKeys | undefined
  readonly #lastSequences = new Map<StreamType, number>()
  readonly #windows = new Map<string, ReplayWindow>()
  /** The first member whose frame was sealed or opened on each stream type in this epoch. */
  readonly #senders = new Map<StreamType, number>()

  constructor(options: Profile1Options) {
    streamIdOf("control", options.memberId)
    this.#options = options
  }

  /** Begins an epoch: numbers begin at 1 again. @throws RangeError unless it is above the last one */
  enterEpoch(epoch: Profile1Epoch): void {
    this.#follow(epoch)
    this.#newKeys(epoch)
    this.#lastSequences.clear()
    this.#senders.clear()
  }

  /**
   * Begins an epoch of frames in the same epoch of MLS: the published stack lets them go on at different times. Others begin at 1
   * again. Ours go on, because the published stack uses numbers a second time here, under the keys that they were used with.
   *
   * @throws RangeError unless it is above the last one @throws TypeError before the first epoch
   */
  enterEpochUnderSameKeys(epoch: Omit<Profile1Epoch, "exportSecret">): void {
    const [{ exportSecret }] = this.#current()
    this.#follow({ ...epoch, exportSecret })
  }

  /** Goes on to the keys of the next epoch of MLS in the same epoch of frames; numbers go on. @throws TypeError before the first epoch */
  rekey(exportSecret: ExportSecret): void {
    const [epoch] = this.#current()
    this.#epoch = { ...epoch, exportSecret }
    this.#newKeys(this.#epoch)
    this.#senders.clear()
  }

  /** The last number of each stream in this epoch: durable state, to be stored before a frame leaves. */
  get lastSequences(): ReadonlyMap<StreamType, number> {
    return new Map(this.#lastSequences)
  }

  /**
   * Goes on from stored numbers, in the epoch that was entered before. A restart forgets who else was heard: to be sure that nobody is the
   * second sender on a stream type, enter a new epoch.
   *
   * @throws TypeError before the first epoch @throws RangeError for a number that is below what was used here
   */
  restoreSequences(stored: ReadonlyMap<StreamType, number>): void {
    this.#current()
    for (const [streamType, sequence] of stored) {
      if (
        !Number.isInteger(sequence) ||
        sequence < (this.#lastSequences.get(streamType) ?? 0) ||
        sequence > SEQUENCE_MAX
      ) {
        throw new RangeError(`not a number to go on from on the ${streamType} stream: ${sequence}`)
      }
    }
    for (const [streamType, sequence] of stored) this.#lastSequences.set(streamType, sequence)
  }

  /** Uses up one sequence number, unless it refuses. @throws TypeError before the first epoch */
  send({ streamType, payloadFormat = 0, payload, isCritical = false }: Profile1Payload): Framed1 {
    const [epoch, keys] = this.#current()
    const { memberId, groupId } = this.#options
    if (!this.#maySend(streamType, memberId)) return { kind: "refused", reason: "nonce_reuse" }
    const sequence = (this.#lastSequences.get(streamType) ?? 0) + 1
    if (sequence > SEQUENCE_MAX) return { kind: "refused", reason: "epoch_exhausted" }
    if (payload.length > this.#sizeBytes) return { kind: "refused", reason: "too_large" }
    // Counted before sealing: whatever happens then, the number is not used again.
    this.#lastSequences.set(streamType, sequence)
    this.#senders.set(streamType, this.#senders.get(streamType) ?? memberId)
    const sealed = keys.seal(streamType, sequence, payload)
    const bytes = encodeFrame1({
      groupId,
      epoch: epoch.epoch,
      transitionId: epoch.transitionId,
      streamType: streamTypeToWire(streamType),
      streamId: streamIdOf(streamType, memberId),
      flags: flagsOf(streamType) | (isCritical ? FLAG_CRITICAL : 0),
      sequence,
      payloadBytes: sealed.length,
      sealed,
      payloadFormat,
    })
    return bytes.length > this.#sizeBytes
      ? { kind: "refused", reason: "too_large" }
      : { kind: "frame", bytes, sequence }
  }

  /**
   * Total: whatever bytes arrive, it returns. The checks, in the order of GBP "Receive order": version, group, epoch, payload
   * size, stream type, transition of critical frames off the control stream; then it opens, and last its number.
   *
   * @throws TypeError before the first epoch
   */
  receive(bytes: Uint8Array): ReceivedFrame1 {
    const [, keys] = this.#current()
    const frame = this.#parse(bytes)
    if (typeof frame === "string") return { kind: "drop", reason: frame }
    const accepted = this.#check(frame)
    if (typeof accepted === "string") return { kind: "drop", reason: accepted }
    const { streamType, claimedMemberId } = accepted
    if (!this.#maySend(streamType, claimedMemberId)) return { kind: "drop", reason: "nonce_reuse" }

    const plaintext = keys.open(streamType, frame.sequence, frame.sealed)
    if (plaintext === undefined) return { kind: "drop", reason: "decrypt_failed" }
    const key = `${streamType}/${frame.streamId}`
    const window = this.#windows.get(key) ?? new ReplayWindow()
    if (!window.accept(frame.sequence)) return { kind: "drop", reason: "replay_detected" }
    this.#windows.set(key, window)
    this.#senders.set(streamType, this.#senders.get(streamType) ?? claimedMemberId)
    const { streamId, sequence, flags, transitionId, payloadFormat } = frame
    return {
      kind: "payload",
      streamType,
      claimedMemberId,
      streamId,
      sequence,
      flags,
      transitionId,
      payloadFormat,
      plaintext,
    }
  }

  [Symbol.dispose](): void {
    this.#keys?.[Symbol.dispose]()
    this.#keys = undefined
    this.#epoch = undefined
  }

  get #sizeBytes(): number {
    return this.#options.sizeBytes ?? FRAME_1_MAX_BYTES
  }

  #follow(epoch: Profile1Epoch): void {
    if (this.#epoch !== undefined && epoch.epoch <= this.#epoch.epoch) {
      throw new RangeError(`epoch ${epoch.epoch} does not follow ${this.#epoch.epoch}`)
    }
    this.#epoch = epoch
    this.#windows.clear()
  }

  #newKeys({ exportSecret }: Profile1Epoch): void {
    this.#keys?.[Symbol.dispose]()
    this.#keys = new ClassKeys(this.#options.aead, exportSecret)
  }

  #current(): readonly [Profile1Epoch, ClassKeys] {
    if (this.#epoch === undefined || this.#keys === undefined) throw new TypeError("there is no epoch yet")
    return [this.#epoch, this.#keys]
  }

  #maySend(streamType: StreamType, memberId: number): boolean {
    const first = this.#senders.get(streamType)
    return first === undefined || first === memberId || this.#options.acceptedRisk === NONCE_REUSE_RISK
  }

  #parse(bytes: Uint8Array): Profile1Frame | DropReason {
    try {
      return decodeFrame1(bytes, this.#sizeBytes) ?? "unsupported_version"
    } catch (error) {
      if (error instanceof DecodeError) return error.code === "too_large" ? "too_large" : "malformed"
      throw error
    }
  }

  #check(frame: Profile1Frame): { readonly streamType: StreamType; readonly claimedMemberId: number } | DropReason {
    const [{ epoch, transitionId }] = this.#current()
    if (!equalBytes(frame.groupId, this.#options.groupId)) return "unknown_group"
    if (frame.epoch !== epoch) return frame.epoch > epoch ? "epoch_in_future" : "epoch_too_old"
    if (frame.payloadBytes !== frame.sealed.length) return "malformed_content"
    const streamType = streamTypeFromWire(frame.streamType)
    if (streamType === undefined) return "unknown_stream_type"
    const claimedMemberId = memberIdOfStream(streamType, frame.streamId)
    if (claimedMemberId === undefined || !this.#options.isMember(claimedMemberId)) return "sender_mismatch"
    const mustAgree = (frame.flags & FLAG_CRITICAL) !== 0 && streamType !== "control"
    if (mustAgree && frame.transitionId !== transitionId) return "transition_mismatch"
    return { streamType, claimedMemberId }
  }
}
