import type { PayloadFormat, RegisteredError, StreamType } from "@qpc/gbp"
import type { MlsMember } from "./mls-member.ts"

/** What a node has to send. */
export interface FramePayload {
  readonly streamType: StreamType
  readonly payloadFormat: PayloadFormat
  readonly payload: Uint8Array
  readonly isCritical?: boolean
}

/** A payload that came out of a frame. */
export interface Delivered {
  readonly kind: "payload"
  readonly streamType: StreamType
  readonly sequence: number
  /** Which run of its sender counted {@link Delivered.sequence}, where each begins anew: audio of profile 2. 0 elsewhere. */
  readonly run: bigint
  readonly flags: number
  readonly payloadFormat: PayloadFormat
  readonly plaintext: Uint8Array
  /** Whose it is; `undefined` for audio of a leaf whose id is not known yet. */
  readonly memberId: number | undefined
  /** `undefined` in profile 1. */
  readonly leafIndex: number | undefined
  /** True if the leaf has signed it. */
  readonly isSigned: boolean
  readonly epoch: bigint
}

/** What came of bytes that claim to be a frame. */
export type ReceivedBytes =
  | Delivered
  /** Nothing changed. */
  | { readonly kind: "drop"; readonly reason: string; readonly error: RegisteredError }

/** The frames of one profile, both ways. */
export interface Frames extends Disposable {
  /** Works with this context from now on. @throws StackError `other_group`, `member_id_taken` */
  use(member: MlsMember): void
  /** In the context in use. @throws StackError `too_large`, `epoch_exhausted`, `nonce_reuse`, `removed` */
  send(payload: FramePayload): Uint8Array
  /** In the context in use. Total for foreign bytes. */
  receive(bytes: Uint8Array): ReceivedBytes
}
