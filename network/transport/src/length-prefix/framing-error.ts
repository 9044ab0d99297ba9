/** How a peer broke the rules of length-prefixed frames. It is told the code as the reason of the close, where reasons travel. */
export type FramingErrorCode =
  /** A length above the limit. */
  | "frame_too_large"
  /** A length of zero. */
  | "empty_frame"
  /** The stream ended inside a frame. */
  | "frame_cut"

/** What arrived is not a sequence of length-prefixed frames; the connection is of no further use. */
export class FramingError extends Error {
  override readonly name = "FramingError"
  readonly code: FramingErrorCode
  /** Where in the stream the offending length, or the end, was: bytes from its start. */
  readonly offset: number

  constructor(code: FramingErrorCode, message: string, offset: number) {
    super(message)
    this.code = code
    this.offset = offset
  }
}
