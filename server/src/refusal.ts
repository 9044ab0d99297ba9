import { RpcError } from "@qpc/rpc"
import type { RpcErrorCode } from "@qpc/rpc"

/** The name of a refusal, as programs see it. */
export type RefusalReason =
  | "username_invalid"
  | "username_taken"
  | "identity_taken"
  | "proof_invalid"
  | "registration_closed"
  | "registration_not_started"
  | "login_refused"
  | "session_unknown"
  | "session_bound"
  | "user_unknown"
  | "device_certificate_invalid"
  | "device_revocation_invalid"
  | "device_key_taken"
  | "device_unknown"
  | "device_revoked"
  | "too_many_devices"
  | "key_packages_exhausted"
  | "key_package_stock_full"
  | "key_package_invalid"
  | "cipher_suite_unknown"
  | "malformed"
  | "envelope_invalid"
  | "too_large"
  | "not_a_member"
  | "recipient_not_a_member"
  | "epoch_ahead"
  | "epoch_passed"
  | "message_id_reused"
  | "inbox_full"
  | "too_many_ids"
  | "ack_ahead"
  | "rate_limited"
  | "login_rate_limited"
  | "registration_rate_limited"
  | "fetch_rate_limited"
  | "storage_full"
  | "storage_busy"
  | "storage_failed"

/** Every reason this server refuses a call for: its status, and a sentence that says what to do next. */
const refusals: Readonly<Record<RefusalReason, readonly [RpcErrorCode, string]>> = {
  username_invalid: [
    "invalid_argument",
    "A username has 1 to 64 letters of one script, digits, dots, underscores or hyphens (Unicode NFC): choose another one.",
  ],
  username_taken: ["already_exists", "Somebody has this username already: choose another one, or log in."],
  identity_taken: ["already_exists", "This identity key belongs to an account already: log in with it instead."],
  proof_invalid: [
    "permission_denied",
    "The proof of the key does not fit: register, or log in with a key that you have.",
  ],
  registration_closed: ["permission_denied", "This server accepts no new accounts: ask its operator."],
  registration_not_started: ["failed_precondition", "OpaqueRegisterFinish follows OpaqueRegisterStart: start again."],
  login_refused: ["unauthenticated", "Wrong username or password."],
  session_unknown: ["unauthenticated", "This session does not exist or has ended: log in again."],
  session_bound: ["failed_precondition", "This connection has a session already: open another connection."],
  user_unknown: ["not_found", "Nobody here has this name or key: check the spelling."],
  device_certificate_invalid: [
    "permission_denied",
    "The device's certificate is not yours, is forged, or is over: approve the device again.",
  ],
  device_revocation_invalid: ["permission_denied", "The revocation is not yours, or is forged."],
  device_key_taken: ["already_exists", "This device key belongs to somebody already: link the device again."],
  device_unknown: ["not_found", "No such device is registered: approve it on your first device."],
  device_revoked: ["permission_denied", "This device was taken back by its owner: link it again with a new key."],
  too_many_devices: ["resource_exhausted", "You have as many devices as the server allows: remove one first."],
  key_packages_exhausted: [
    "failed_precondition",
    "This user has no key packages left: try again after their device was online.",
  ],
  key_package_stock_full: ["failed_precondition", "The stock of key packages is full: upload fewer."],
  cipher_suite_unknown: ["invalid_argument", "This server keeps no key packages of that cipher suite: update it."],
  key_package_invalid: ["invalid_argument", "A key package is empty, too large, or expires in the past or too late."],
  malformed: ["invalid_argument", "A field of this request is malformed."],
  envelope_invalid: ["invalid_argument", "An envelope does not belong to this channel, epoch or kind of request."],
  too_large: ["invalid_argument", "This request is larger than the server's limits."],
  not_a_member: ["permission_denied", "You are not a member of this channel: ask a member to invite you."],
  recipient_not_a_member: ["failed_precondition", "The recipient is not a member of this channel."],
  epoch_passed: [
    "failed_precondition",
    "The group has moved on, and its members could not read this any more: send it again.",
  ],
  epoch_ahead: ["failed_precondition", "This channel has not reached the claimed epoch: read your inbox first."],
  message_id_reused: ["already_exists", "This message id was used for another message: choose a new one."],
  inbox_full: ["resource_exhausted", "A recipient has too many unread messages: try again when they were online."],
  too_many_ids: ["resource_exhausted", "You sent more messages than the server can remember: try again tomorrow."],
  ack_ahead: ["invalid_argument", "The inbox has not reached this sequence number."],
  rate_limited: ["resource_exhausted", "Too many requests: slow down."],
  login_rate_limited: ["resource_exhausted", "Too many attempts to log in: wait a few minutes."],
  registration_rate_limited: ["resource_exhausted", "Too many registrations from this address: wait an hour."],
  fetch_rate_limited: ["resource_exhausted", "Too many key packages fetched: wait before inviting again."],
  storage_full: ["unavailable", "The server's disk is full: nothing was stored; try again later."],
  storage_busy: ["unavailable", "The server is overloaded: try again shortly."],
  storage_failed: ["unavailable", "The server's disk failed: nothing was stored; try again later."],
}

/** @returns what to throw out of a handler. */
export function refusal(reason: RefusalReason, options: { readonly retryAfterMs?: number } = {}): RpcError {
  const [code, message] = refusals[reason]
  return new RpcError(code, reason, message, options)
}
