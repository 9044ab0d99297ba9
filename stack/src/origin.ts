import type { StreamType } from "@qpc/gbp"

/** Where a payload came from. */
export interface Origin {
  /** `undefined` for audio of a leaf whose id is not known yet. */
  readonly memberId: number | undefined
  /** `undefined` in profile 1, where nobody signs. */
  readonly leafIndex: number | undefined
  readonly epoch: bigint
  /** Of the frame, and the run of its sender that counted it. */
  readonly sequence: number
  readonly run: bigint
  readonly streamType: StreamType
  readonly payloadFormat: number
}

/**
 * The origin of each payload that a node delivered. The calls of the published packages hand a plaintext from the node to a client
 * without its sender: without this, a client would have to believe what the sender wrote inside.
 */
const origins = new WeakMap<Uint8Array, Origin>()

/** Notes where a payload came from, for as long as it lives. */
export function noteOrigin(plaintext: Uint8Array, origin: Origin): void {
  origins.set(plaintext, origin)
}

/** `undefined` for bytes that no node delivered on a stream of this type, copies included. */
export function originOf(plaintext: Uint8Array, streamType: StreamType): Origin | undefined {
  const origin = origins.get(plaintext)
  return origin?.streamType === streamType ? origin : undefined
}
