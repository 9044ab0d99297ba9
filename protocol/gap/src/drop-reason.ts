import { ERROR_REGISTRY } from "@qpc/gbp"
import type { ErrorName, RegisteredError } from "@qpc/gbp"
import type { AudioOpenRejection } from "./audio-keys.ts"

/** Why an audio payload was not delivered. */
export type DropReason =
  | "unsupported_payload_format"
  /** Not the one encoding of a payload, or too long. */
  | "malformed"
  /** The payload names the keys of another epoch than it came under. */
  | "key_phase_mismatch"
  /** Its sender is muted, or may not speak. */
  | "not_allowed"
  /** The source is another member's by its id. */
  | "source_mismatch"

/** Why an audio frame of profile 2 was not delivered. */
export type FrameDropReason =
  | DropReason
  /** Longer than the limit, found before it was read. */
  | "too_large"
  | "unsupported_version"
  | "unknown_group"
  | AudioOpenRejection

/** The registered error that a drop counts as. */
export function dropError(reason: FrameDropReason): RegisteredError {
  return ERROR_REGISTRY[DROPS[reason]]
}

/** The registered error that each reason counts as. */
const DROPS: Readonly<Record<FrameDropReason, ErrorName>> = {
  too_large: "GAP_DECODE_FAILED",
  malformed: "GAP_DECODE_FAILED",
  unsupported_version: "UNSUPPORTED_VERSION",
  unknown_group: "UNKNOWN_GROUP",
  epoch_in_future: "GAP_KEY_PHASE_UNKNOWN",
  epoch_stale: "GAP_EPOCH_STALE",
  unknown_sender: "GAP_BAD_SOURCE_ID",
  too_many_contexts: "GAP_BAD_SOURCE_ID",
  own_frame: "GAP_REPLAY_DETECTED",
  auth_failed: "GAP_AUTH_FAILED",
  replay_detected: "GAP_REPLAY_DETECTED",
  too_late: "GAP_REPLAY_DETECTED",
  unsupported_payload_format: "GAP_DECODE_FAILED",
  key_phase_mismatch: "GAP_KEY_PHASE_UNKNOWN",
  not_allowed: "STREAM_POLICY_VIOLATION",
  source_mismatch: "GAP_BAD_SOURCE_ID",
}
