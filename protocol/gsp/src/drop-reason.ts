import { ERROR_REGISTRY } from "@qpc/gbp"
import type { ErrorName, RegisteredError } from "@qpc/gbp"
import type { SignalRefusal } from "./apply-signal.ts"

/** Why a signal was not taken, or has no effect. */
export type DropReason =
  | "unsupported_payload_format"
  /** Not the one encoding of a signal. */
  | "malformed"
  | "unknown_signal"
  /** The signal names another sender than the one who signed the frame. */
  | "sender_mismatch"
  /** `alen` is not the length of `args`, or they are not what the type demands. */
  | "bad_args"
  /** It is about somebody who is not in the group. */
  | "unknown_target"
  /** 0, or too far above all others. */
  | "bad_request_id"
  | "duplicate_request"
  /** It came too late to be ordered: to be sent again with a new number. */
  | "state_conflict"
  | SignalRefusal

/** The registered error that a drop counts as. */
export function dropError(reason: DropReason): RegisteredError {
  return ERROR_REGISTRY[DROPS[reason]]
}

/** The registered error that each reason counts as. */
const DROPS: Readonly<Record<DropReason, ErrorName>> = {
  unsupported_payload_format: "GSP_BAD_SCHEMA",
  malformed: "GSP_BAD_SCHEMA",
  unknown_signal: "GSP_UNKNOWN_SIGNAL",
  sender_mismatch: "GSP_UNAUTHORIZED",
  bad_args: "GSP_BAD_SCHEMA",
  unknown_target: "GSP_PRECONDITION_FAILED",
  bad_request_id: "GSP_BAD_SCHEMA",
  duplicate_request: "GSP_DUPLICATE_REQUEST",
  state_conflict: "GSP_STATE_CONFLICT",
  not_allowed: "GSP_UNAUTHORIZED",
  above_own: "GSP_UNAUTHORIZED",
  unknown_role: "GSP_PRECONDITION_FAILED",
  not_started: "GSP_PRECONDITION_FAILED",
}
