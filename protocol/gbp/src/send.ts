import { decodeWhole, DecodeError, encode, readList } from "@qpc/wire"
import type { GroupId, Reader } from "@qpc/wire"
import type { EpochKeys, Membership } from "./epoch-keys.ts"
import { FRAME_MAX_BYTES, SEQUENCE_MAX } from "./frame.ts"
import type { FrameContent, FrameLimits, PayloadFormat } from "./frame.ts"
import { encodeContent, encodeFrame, frameAuthenticatedData } from "./profile-2.ts"
import type { StreamNumbers } from "./stream-numbers.ts"
import { FLAG_CRITICAL, flagsOf, streamIdOf, streamTypeFromWire, streamTypeToWire } from "./stream.ts"
import type { StreamType } from "./stream.ts"

/** What one stream is asked to carry. */
export interface Payload {
  readonly streamType: StreamType
  /** Default 0, CBOR. */
  readonly payloadFormat?: PayloadFormat
  readonly payload: Uint8Array
  /** Its number among all frames of the stream, if they are counted. */
  readonly numbers?: StreamNumbers
  /** Receivers who applied another transition drop it. Default false. */
  readonly isCritical?: boolean
  /** What else the seal authenticates: a label around the frame. The receiver has to know it. Default nothing. */
  readonly context?: Uint8Array
}

/** What came of framing a payload. */
export type Framed =
  | {
      readonly kind: "frame"
      readonly bytes: Uint8Array
      readonly epoch: bigint
      readonly sequence: number
      /** Lengths as the payload went down: the content before sealing, and what sealing made of it. */
      readonly contentBytes: number
      readonly sealedBytes: number
    }
  /** `epoch_exhausted`: 2^32 − 1 frames of this stream in one epoch; only a new epoch opens more. */
  | { readonly kind: "refused"; readonly reason: "too_large" | "epoch_exhausted" }

/** What {@link Sender} and {@link Receiver} stand on. */
export interface FrameSurroundings {
  readonly groupId: GroupId
  readonly keys: EpochKeys
  readonly membership: Membership
  readonly limits?: FrameLimits
}

/**
 * The way down through GBP: numbers, seals and frames what one member sends.
 *
 * The numbers are durable state: store {@link toBytes} before a frame leaves, or a restart would use them twice.
 */
export class Sender {
  readonly #surroundings: FrameSurroundings
  readonly #ownLeafIndex: number
  #epoch: bigint
  readonly #lastSequences = new Map<StreamType, number>()

  /** @throws RangeError if the own leaf has no member id */
  constructor(surroundings: FrameSurroundings, ownLeafIndex: number) {
    this.#surroundings = surroundings
    this.#ownLeafIndex = ownLeafIndex
    this.#epoch = surroundings.keys.epoch
    this.#ownMemberId()
  }

  /** Uses up one sequence number, unless it refuses. */
  send(payload: Payload): Framed {
    this.#enterEpoch()
    const sequence = (this.#lastSequences.get(payload.streamType) ?? 0) + 1
    if (sequence > SEQUENCE_MAX) return { kind: "refused", reason: "epoch_exhausted" }
    if (payload.payload.length > this.#limitBytes()) return { kind: "refused", reason: "too_large" }

    // Counted before sealing: whatever happens then, the number is not used again.
    this.#lastSequences.set(payload.streamType, sequence)
    const header = { groupId: this.#surroundings.groupId, epoch: this.#epoch }
    const content = encodeContent(this.#content(payload, sequence))
    const sealed = this.#surroundings.keys.seal(content, frameAuthenticatedData(header, payload.context))
    const bytes = encodeFrame(header, sealed)
    if (bytes.length > this.#limitBytes()) return { kind: "refused", reason: "too_large" }
    return {
      kind: "frame",
      bytes,
      epoch: this.#epoch,
      sequence,
      contentBytes: content.length,
      sealedBytes: sealed.length,
    }
  }

  /** The sequence numbers in use: version u8 = 1 · epoch u64 · list of (stream type u8 · last sequence u32). */
  toBytes(): Uint8Array {
    return encode((writer) => {
      writer.uint8(STATE_VERSION).uint64(this.#epoch)
      writer.list([...this.#lastSequences], (inner, [streamType, sequence]) => {
        inner.uint8(streamTypeToWire(streamType)).uint32(sequence)
      })
    })
  }

  /** @throws DecodeError for anything that {@link toBytes} did not write */
  static fromBytes(bytes: Uint8Array, surroundings: FrameSurroundings, ownLeafIndex: number): Sender {
    const sender = new Sender(surroundings, ownLeafIndex)
    decodeWhole(bytes, (reader) => sender.#read(reader))
    return sender
  }

  #read(reader: Reader): void {
    if (reader.uint8() !== STATE_VERSION) throw new DecodeError("reserved_value", 0)
    this.#epoch = reader.uint64()
    // Numbers of a later epoch than the keys' belong to another state of the group.
    if (this.#epoch > this.#surroundings.keys.epoch) throw new DecodeError("bad_value", reader.offset)
    for (const [streamType, sequence] of readList(reader, readLastSequence)) {
      if (this.#lastSequences.has(streamType)) throw new DecodeError("bad_value", reader.offset)
      this.#lastSequences.set(streamType, sequence)
    }
  }

  #enterEpoch(): void {
    const { epoch } = this.#surroundings.keys
    if (epoch === this.#epoch) return
    if (epoch < this.#epoch) throw new Error("unreachable: the epoch went back")
    this.#epoch = epoch
    this.#lastSequences.clear()
  }

  #content(payload: Payload, sequence: number): FrameContent {
    const { streamType } = payload
    return {
      transitionId: this.#surroundings.membership.lastTransitionId,
      streamType,
      streamId: streamIdOf(streamType, this.#ownMemberId()),
      flags: flagsOf(streamType) | (payload.isCritical === true ? FLAG_CRITICAL : 0),
      sequence,
      payloadFormat: payload.payloadFormat ?? 0,
      ...(payload.numbers && { numbers: payload.numbers }),
      payload: payload.payload,
    }
  }

  #ownMemberId(): number {
    const memberId = this.#surroundings.membership.memberIdOf(this.#ownLeafIndex, this.#epoch)
    if (memberId === undefined) throw new RangeError(`leaf ${this.#ownLeafIndex} has no member id`)
    return memberId
  }

  #limitBytes(): number {
    return this.#surroundings.limits?.sizeBytes ?? FRAME_MAX_BYTES
  }
}

const STATE_VERSION = 1

function readLastSequence(reader: Reader): readonly [StreamType, number] {
  const start = reader.offset
  const streamType = streamTypeFromWire(reader.uint8())
  if (streamType === undefined) throw new DecodeError("reserved_value", start)
  return [streamType, reader.uint32()]
}
