import { decodeWhole, DecodeError, encode, equalBytes } from "@qpc/wire"
import type { RecordLog, RecordReader, StateRecord } from "@qpc/wire"
import type { DropReason } from "./drop-reason.ts"
import type { FrameContent, SealedFrame } from "./frame.ts"
import { decodeContent, decodeFrame, frameAuthenticatedData, UnsupportedVersion } from "./profile-2.ts"
import type { OpenedContent } from "./profile-2.ts"
import { ReplayWindows } from "./replay-windows.ts"
import type { FrameSurroundings } from "./send.ts"
import { FLAG_CRITICAL, flagsAreAllowed, memberIdOfStream } from "./stream.ts"

/** What came out of bytes that claim to be a frame. */
export type ReceivedFrame =
  | ReceivedPayload
  /** Nothing changed. */
  | { readonly kind: "drop"; readonly reason: DropReason }

/** A label around a frame. A frame of another is dropped unopened: whoever changed the label must not be able to use up the frame. */
export interface FrameLabel {
  readonly epoch: bigint
  /** What {@link Payload.context} has to have been. */
  readonly context?: Uint8Array | undefined
}

/** A payload whose sender, group, epoch, stream and number are all authenticated. */
export interface ReceivedPayload {
  readonly kind: "payload"
  readonly epoch: bigint
  readonly senderLeafIndex: number
  readonly content: FrameContent
  /** Lengths as the frame came up: the payload before it opened, and what was inside. */
  readonly sealedBytes: number
  readonly contentBytes: number
}

/**
 * The way up through GBP. Total: whatever bytes arrive, {@link receive} returns.
 *
 * The checks, in order: size and encoding, version, label, group, epoch; then the payload opens under this header, which
 * authenticates both; then its encoding, stream type, sender, flags, transition, and last the sequence number. Nothing changes
 * before the payload opened, and the replay window moves only for a frame that is delivered.
 */
export class Receiver {
  readonly #surroundings: FrameSurroundings
  #windows = new ReplayWindows()

  constructor(surroundings: FrameSurroundings) {
    this.#surroundings = surroundings
  }

  /** @param label - what stood on the frame, if anything did */
  receive(bytes: Uint8Array, label?: FrameLabel): ReceivedFrame {
    const { keys, groupId } = this.#surroundings
    const frame = this.#parse(bytes)
    if (typeof frame === "string") return drop(frame)
    if (label !== undefined && frame.epoch !== label.epoch) return drop("header_mismatch")
    if (!equalBytes(frame.groupId, groupId)) return drop("unknown_group")
    if (frame.epoch > (keys.newestEpoch ?? keys.epoch)) return drop("epoch_in_future")
    if (frame.epoch < keys.oldestEpoch) return drop("epoch_too_old")

    const opened = keys.open(frame.sealed, frameAuthenticatedData(frame, label?.context))
    if (opened.kind === "rejected") return drop(opened.reason)
    // A member can seal under a header that tells of another epoch than its keys.
    if (opened.epoch !== frame.epoch) return drop("header_mismatch")

    const content = this.#parseContent(opened.plaintext)
    if (content === undefined) return drop("malformed_content")
    const { streamType, numbers } = content
    // Its newest run says which epoch the number is of; another than the frame's would misname what is missing.
    if (numbers !== undefined && numbers.runs[0]?.epoch !== frame.epoch) return drop("malformed_content")
    if (streamType === undefined) return drop("unknown_stream_type")
    const reason = this.#violation({ ...content, streamType }, opened.senderLeafIndex, frame.epoch)
    if (reason !== undefined) return drop(reason)

    this.#windows.forgetBefore(keys.oldestEpoch)
    if (!this.#windows.accept(frame.epoch, streamType, content.streamId, content.sequence)) {
      return drop("replay_detected")
    }
    return {
      kind: "payload",
      epoch: frame.epoch,
      senderLeafIndex: opened.senderLeafIndex,
      content: { ...content, streamType },
      sealedBytes: frame.sealed.length,
      contentBytes: opened.plaintext.length,
    }
  }

  /** An epoch that was opened before it was in effect was given up: another one will have its number, and numbers its frames anew. */
  forgetFrom(epoch: bigint): void {
    this.#windows.forgetFrom(epoch)
  }

  /** The replay windows: version u8 = 1, then as {@link ReplayWindows.write}. */
  toBytes(): Uint8Array {
    return encode((writer) => this.#windows.write(writer.uint8(STATE_VERSION)))
  }

  /** @throws DecodeError for anything that {@link toBytes} did not write */
  static fromBytes(bytes: Uint8Array, surroundings: FrameSurroundings): Receiver {
    const receiver = new Receiver(surroundings)
    receiver.#windows = decodeWhole(bytes, (reader) => {
      if (reader.uint8() !== STATE_VERSION) throw new DecodeError("reserved_value", 0)
      return ReplayWindows.read(reader)
    })
    return receiver
  }

  /** The replay windows in records, see {@link fromRecords}. */
  records(): Iterable<StateRecord> {
    return this.#windows.records()
  }

  /** From now on every change is noted in this log. */
  attach(log: RecordLog): void {
    this.#windows.attach(log)
  }

  /** @throws DecodeError for anything that {@link records} did not write */
  static fromRecords(records: RecordReader, surroundings: FrameSurroundings): Receiver {
    const receiver = new Receiver(surroundings)
    receiver.#windows = ReplayWindows.fromRecords(records)
    return receiver
  }

  #parse(bytes: Uint8Array): SealedFrame | DropReason {
    try {
      return decodeFrame(bytes, this.#surroundings.limits)
    } catch (error) {
      if (error instanceof UnsupportedVersion) return "unsupported_version"
      if (error instanceof DecodeError) return error.code === "too_large" ? "too_large" : "malformed"
      throw error
    }
  }

  #parseContent(plaintext: Uint8Array): OpenedContent | undefined {
    try {
      return decodeContent(plaintext, this.#surroundings.limits)
    } catch (error) {
      if (error instanceof DecodeError) return undefined
      throw error
    }
  }

  #violation(content: FrameContent, senderLeafIndex: number, epoch: bigint): DropReason | undefined {
    const { membership } = this.#surroundings
    const named = memberIdOfStream(content.streamType, content.streamId)
    if (named === undefined) return "sender_mismatch"
    const known = membership.memberIdOf(senderLeafIndex, epoch)
    const mayTake = known === undefined && membership.mayTakeId?.(senderLeafIndex, named, epoch) === true
    const isOwn = mayTake || known === named
    if (!isOwn) return "sender_mismatch"
    if (!flagsAreAllowed(content.streamType, content.flags)) return "flags_not_allowed"
    // The control stream carries the transitions themselves: it has rules of its own for their ids.
    const mustAgree = (content.flags & FLAG_CRITICAL) !== 0 && content.streamType !== "control"
    if (mustAgree && content.transitionId !== membership.lastTransitionId) return "transition_mismatch"
    return undefined
  }
}

const STATE_VERSION = 1

function drop(reason: DropReason): ReceivedFrame {
  return { kind: "drop", reason }
}
