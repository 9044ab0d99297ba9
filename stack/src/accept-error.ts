import { ERROR_REGISTRY } from "@qpc/gbp"
import type { RegisteredError } from "@qpc/gbp"

/** Why a client did not accept a payload. */
export interface AcceptError {
  readonly status: "error"
  /** For programs. */
  readonly reason: string
  /** Of the error registry. */
  readonly code: number
}

/** An error of a client. */
export function acceptError(reason: string, { code }: Pick<RegisteredError, "code">): AcceptError {
  return { status: "error", reason, code }
}

/** The payload is not one that a node delivered on the client's stream: nobody knows who sent it. */
export function unknownOrigin(): AcceptError {
  return acceptError("unknown_origin", ERROR_REGISTRY.STREAM_POLICY_VIOLATION)
}
