/** How the peer broke the framing rules (messenger §2). */
export type ProtocolErrorCode =
  /** A payload longer than the limit was announced. */
  | "oversize"
  /** A header that cannot be: a cancellation with a payload. */
  | "malformed_frame"
  /** A status that is not in the table. */
  | "unknown_status"
  /** An answer to something that was not asked, or was answered already. */
  | "unknown_response"
  /** A request under an id that is still waiting for its answer. */
  | "duplicate_request"
  /** A push whose sequence number is not the next one. */
  | "sequence_gap"
  /** A payload that is not the message it should be. */
  | "malformed_message"
  /** The stream ended inside a frame. */
  | "truncated"

/**
 * The peer does not keep to the framing, so nothing it sends can be attributed any more: the connection is closed with
 * the code as its reason.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError"
  readonly code: ProtocolErrorCode
  /** A new connection starts clean, and the server may be repaired meanwhile. */
  readonly retryable = true

  constructor(code: ProtocolErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
