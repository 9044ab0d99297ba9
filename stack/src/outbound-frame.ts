/** A frame that is ready to be sent. */
export interface OutboundFrame {
  /** The member id that it is for, as the caller said; 0 for everybody. It is not in the frame. */
  readonly target: number
  readonly wire: Uint8Array
}
