import { ERROR_REGISTRY } from "@qpc/gbp"
import type { ErrorName, RegisteredError } from "@qpc/gbp"

/** Why an audio frame was not delivered. */
export type DropReason =
  | "unsupported_payload_format"
  /** Not the one encoding of a payload, or too long. */
  | "malformed"
  /** One member has more sources than the limit. */
  | "too_many_sources"
  /** The payload names the keys of another epoch than it came under. */
  | "key_phase_mismatch"
  /** Its sender is muted, or may not speak. */
  | "not_allowed"

/** The registered error that a drop counts as. */
export function dropError(reason: DropReason): RegisteredError {
  return ERROR_REGISTRY[DROPS[reason]]
}

/** The registered error that each reason counts as. */
const DROPS: Readonly<Record<DropReason, ErrorName>> = {
  unsupported_payload_format: "GAP_DECODE_FAILED",
  malformed: "GAP_DECODE_FAILED",
  too_many_sources: "GAP_BAD_SOURCE_ID",
  key_phase_mismatch: "GAP_KEY_PHASE_UNKNOWN",
  not_allowed: "STREAM_POLICY_VIOLATION",
}
