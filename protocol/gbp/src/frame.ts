import type { GroupId } from "@qpc/wire"
import type { StreamNumbers } from "./stream-numbers.ts"
import type { StreamType } from "./stream.ts"

/** What everyone on the way may read of a frame. Nothing here is trusted before the payload opened. */
export interface FrameHeader {
  readonly groupId: GroupId
  readonly epoch: bigint
}

/** A frame before it is opened. Profiles differ in what is inside `sealed`, not in this. */
export interface SealedFrame extends FrameHeader {
  readonly version: number
  readonly sealed: Uint8Array
}

/** What a frame says to the members of its group, whatever profile carried it. */
export interface FrameContent {
  /** The last applied transition of the control plane; 0 where a delivery service orders the epochs. */
  readonly transitionId: number
  readonly streamType: StreamType
  readonly streamId: number
  readonly flags: number
  /** From 1, per stream and epoch, never reused. */
  readonly sequence: number
  readonly payloadFormat: PayloadFormat
  /** What makes lost frames visible; absent from members who do not count. */
  readonly numbers?: StreamNumbers
  readonly payload: Uint8Array
}

/** How a payload is encoded: 0 CBOR, 1 Protobuf, 2 FlatBuffers. */
export type PayloadFormat = 0 | 1 | 2

/** Bounds of one frame. */
export interface FrameLimits {
  /** Length of the whole frame in bytes. Default {@link FRAME_MAX_BYTES}. */
  readonly sizeBytes?: number
}

/** Fits into the 4 MiB of a remote call together with the envelope around it. */
export const FRAME_MAX_BYTES: number = 4 * 1024 * 1024 - 8192
/** The largest sequence number; the epoch must change before another frame. */
export const SEQUENCE_MAX = 0xffff_ffff
