import { ERROR_REGISTRY } from "@qpc/gbp"
import type { ErrorName, RegisteredError } from "@qpc/gbp"

/** Every reason for which a message is not delivered, and the registered error it counts as. */
const DROPS = {
  unsupported_payload_format: "GTP_UNSUPPORTED_CONTENT_TYPE",
  /** Not the one encoding of a message. */
  malformed: "GTP_BAD_LENGTH",
  too_large: "GTP_POLICY_REJECTED",
  /** The message names another sender than the one who signed the frame. */
  sender_mismatch: "GTP_POLICY_REJECTED",
  unknown_flags: "GTP_POLICY_REJECTED",
  unsupported_content_type: "GTP_UNSUPPORTED_CONTENT_TYPE",
  /** `len` is not the length of `body`. */
  bad_length: "GTP_BAD_LENGTH",
  /** Plain text or markdown that is not UTF-8. */
  not_utf8: "GTP_POLICY_REJECTED",
  /** Not an error: the same message, sealed twice. */
  duplicate_message: "GTP_DUPLICATE_MESSAGE",
} as const satisfies Readonly<Record<string, ErrorName>>

/** Why a message was not delivered. */
export type DropReason = keyof typeof DROPS

/** The registered error that a drop counts as. */
export function dropError(reason: DropReason): RegisteredError {
  return ERROR_REGISTRY[DROPS[reason]]
}
