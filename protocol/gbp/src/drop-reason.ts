import { ERROR_REGISTRY } from "./error-registry.ts"
import type { ErrorName, RegisteredError } from "./error-registry.ts"

/** Why a frame was not delivered. */
export type DropReason =
  /** Longer than the limit, found before it was read. */
  | "too_large"
  /** Not the one encoding of a frame. */
  | "malformed"
  | "unsupported_version"
  | "unknown_group"
  /** The commit that leads there has not arrived. */
  | "epoch_in_future"
  /** The keys of that epoch are gone. */
  | "epoch_too_old"
  | "epoch_mismatch"
  | "decrypt_failed"
  /** The sender sealed it under another header, or another label, than the one that arrived. */
  | "header_mismatch"
  /** Opened, but what was inside is not the one encoding of a content. */
  | "malformed_content"
  | "unknown_stream_type"
  /** The stream belongs to another member than the one whose signature opened it. */
  | "sender_mismatch"
  /** Flags that no frame of this stream type carries. */
  | "flags_not_allowed"
  /** A critical frame of a sender who has applied another transition than we have. */
  | "transition_mismatch"
  | "replay_detected"

/** The registered error that a drop counts as. */
export function dropError(reason: DropReason): RegisteredError {
  return ERROR_REGISTRY[DROPS[reason]]
}

/** The registered error that each reason counts as. */
const DROPS: Readonly<Record<DropReason, ErrorName>> = {
  too_large: "STREAM_POLICY_VIOLATION",
  malformed: "UNSUPPORTED_VERSION",
  unsupported_version: "UNSUPPORTED_VERSION",
  unknown_group: "UNKNOWN_GROUP",
  epoch_in_future: "EPOCH_MISMATCH",
  epoch_too_old: "EPOCH_MISMATCH",
  epoch_mismatch: "EPOCH_MISMATCH",
  decrypt_failed: "DECRYPT_FAILED",
  header_mismatch: "DECRYPT_FAILED",
  malformed_content: "STREAM_POLICY_VIOLATION",
  unknown_stream_type: "STREAM_POLICY_VIOLATION",
  sender_mismatch: "STREAM_POLICY_VIOLATION",
  flags_not_allowed: "STREAM_POLICY_VIOLATION",
  transition_mismatch: "TRANSITION_MISMATCH",
  replay_detected: "REPLAY_DETECTED",
}
