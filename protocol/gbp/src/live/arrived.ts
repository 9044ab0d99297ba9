import type { ControlMessage } from "../control.ts"

/** A control message that opened: who signed its frame, and the frame itself. */
export interface Arrived {
  readonly message: ControlMessage
  readonly senderId: number
  /** The epoch that the frame was sealed in. */
  readonly epoch: bigint
  readonly frame: Uint8Array
}
