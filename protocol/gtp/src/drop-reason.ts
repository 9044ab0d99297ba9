import { ERROR_REGISTRY } from "@qpc/gbp"
import type { ErrorName, RegisteredError } from "@qpc/gbp"

/** Why a message was not delivered. */
export type DropReason =
  | "unsupported_payload_format"
  /** Not the one encoding of a message. */
  | "malformed"
  | "too_large"
  /** The message names another sender than the one who signed the frame. */
  | "sender_mismatch"
  | "unknown_flags"
  | "unsupported_content_type"
  /** `len` is not the length of `body`. */
  | "bad_length"
  /** Plain text or markdown that is not UTF-8. */
  | "not_utf8"
  /** Not an error: the same message, sealed twice. */
  | "duplicate_message"

/** The registered error that a drop counts as. */
export function dropError(reason: DropReason): RegisteredError {
  return ERROR_REGISTRY[DROPS[reason]]
}

/** The registered error that each reason counts as. */
const DROPS: Readonly<Record<DropReason, ErrorName>> = {
  unsupported_payload_format: "GTP_UNSUPPORTED_CONTENT_TYPE",
  malformed: "GTP_BAD_LENGTH",
  too_large: "GTP_POLICY_REJECTED",
  sender_mismatch: "GTP_POLICY_REJECTED",
  unknown_flags: "GTP_POLICY_REJECTED",
  unsupported_content_type: "GTP_UNSUPPORTED_CONTENT_TYPE",
  bad_length: "GTP_BAD_LENGTH",
  not_utf8: "GTP_POLICY_REJECTED",
  duplicate_message: "GTP_DUPLICATE_MESSAGE",
}
