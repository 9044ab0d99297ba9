import type { OpenRejection } from "@qpc/gbp"
import type { RejectReason } from "@qpc/mls"

/** Why MLS did not open a payload, in the words of GBP. */
export function openRejection(reason: RejectReason): OpenRejection {
  if (reason === "epoch_passed" || reason === "epoch_ahead") return "epoch_mismatch"
  if (reason === "key_consumed" || reason === "own_message") return "replay_detected"
  return reason === "other_authenticated_data" ? "header_mismatch" : "decrypt_failed"
}
