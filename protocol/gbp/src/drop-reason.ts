import { ERROR_REGISTRY } from "./error-registry.ts"
import type { ErrorName, RegisteredError } from "./error-registry.ts"

/** Every reason for which a frame is not delivered, and the registered error it counts as. */
const DROPS = {
  /** Longer than the limit, found before it was read. */
  too_large: "STREAM_POLICY_VIOLATION",
  /** Not the one encoding of a frame. */
  malformed: "UNSUPPORTED_VERSION",
  unsupported_version: "UNSUPPORTED_VERSION",
  unknown_group: "UNKNOWN_GROUP",
  /** The commit that leads there has not arrived. */
  epoch_in_future: "EPOCH_MISMATCH",
  /** The keys of that epoch are gone. */
  epoch_too_old: "EPOCH_MISMATCH",
  epoch_mismatch: "EPOCH_MISMATCH",
  decrypt_failed: "DECRYPT_FAILED",
  /** Opened, but the sender sealed it under another header than the one that arrived. */
  header_mismatch: "DECRYPT_FAILED",
  /** Opened, but what was inside is not the one encoding of a content. */
  malformed_content: "STREAM_POLICY_VIOLATION",
  unknown_stream_type: "STREAM_POLICY_VIOLATION",
  /** The stream belongs to another member than the one whose signature opened it. */
  sender_mismatch: "STREAM_POLICY_VIOLATION",
  /** Flags that no frame of this stream type carries. */
  flags_not_allowed: "STREAM_POLICY_VIOLATION",
  /** A critical frame of a sender who has applied another transition than we have. */
  transition_mismatch: "TRANSITION_MISMATCH",
  replay_detected: "REPLAY_DETECTED",
} as const satisfies Readonly<Record<string, ErrorName>>

/** Why a frame was not delivered. */
export type DropReason = keyof typeof DROPS

/** The registered error that a drop counts as. */
export function dropError(reason: DropReason): RegisteredError {
  return ERROR_REGISTRY[DROPS[reason]]
}
