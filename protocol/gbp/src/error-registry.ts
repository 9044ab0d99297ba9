/** Whose business an error is. */
export type ErrorClass = "transport" | "crypto" | "state" | "policy" | "schema" | "authz"

/** One row of the registry. */
export interface RegisteredError {
  readonly code: number
  readonly name: string
  readonly class: ErrorClass
  /** True if the same action may succeed later. */
  readonly retryable: boolean
  /** True if the group cannot go on for this member. */
  readonly fatal: boolean
}

/** Error classes as numbers. */
export const ERROR_CLASS_CODES: Readonly<Record<ErrorClass, number>> = {
  transport: 1,
  crypto: 2,
  state: 3,
  policy: 4,
  schema: 5,
  authz: 6,
}

/** A name in the registry. */
export type ErrorName =
  | "UNSUPPORTED_VERSION"
  | "UNKNOWN_GROUP"
  | "EPOCH_MISMATCH"
  | "TRANSITION_MISMATCH"
  | "REPLAY_DETECTED"
  | "DECRYPT_FAILED"
  | "COMMIT_INVALID"
  | "STREAM_POLICY_VIOLATION"
  | "TRANSITION_IN_PROGRESS"
  | "PREPARE_TIMEOUT"
  | "READY_TIMEOUT"
  | "EXECUTE_TIMEOUT"
  | "COORDINATOR_GONE"
  | "DIGEST_MISMATCH"
  | "GAP_BAD_SOURCE_ID"
  | "GAP_DECODE_FAILED"
  | "GAP_AUTH_FAILED"
  | "GAP_REPLAY_DETECTED"
  | "GAP_EPOCH_STALE"
  | "GAP_KEY_PHASE_UNKNOWN"
  | "GTP_BAD_LENGTH"
  | "GTP_UNSUPPORTED_CONTENT_TYPE"
  | "GTP_DUPLICATE_MESSAGE"
  | "GTP_POLICY_REJECTED"
  | "GTP_ATTACHMENT_INTEGRITY"
  | "GTP_REQUEST_TIMEOUT"
  | "GSP_BAD_SCHEMA"
  | "GSP_UNAUTHORIZED"
  | "GSP_UNKNOWN_SIGNAL"
  | "GSP_DUPLICATE_REQUEST"
  | "GSP_STATE_CONFLICT"
  | "GSP_PRECONDITION_FAILED"

/** Every error of the Group Protocol Stack: the only table of them. */
export const ERROR_REGISTRY: Readonly<Record<ErrorName, RegisteredError>> = {
  UNSUPPORTED_VERSION: fatal(0x0001, "UNSUPPORTED_VERSION", "schema"),
  UNKNOWN_GROUP: fatal(0x0002, "UNKNOWN_GROUP", "state"),
  EPOCH_MISMATCH: retryable(0x0003, "EPOCH_MISMATCH", "state"),
  TRANSITION_MISMATCH: retryable(0x0004, "TRANSITION_MISMATCH", "state"),
  REPLAY_DETECTED: final(0x0005, "REPLAY_DETECTED", "crypto"),
  DECRYPT_FAILED: retryable(0x0006, "DECRYPT_FAILED", "crypto"),
  COMMIT_INVALID: fatal(0x0007, "COMMIT_INVALID", "crypto"),
  STREAM_POLICY_VIOLATION: final(0x0008, "STREAM_POLICY_VIOLATION", "policy"),
  TRANSITION_IN_PROGRESS: final(0x0009, "TRANSITION_IN_PROGRESS", "state"),
  PREPARE_TIMEOUT: retryable(0x0010, "PREPARE_TIMEOUT", "state"),
  READY_TIMEOUT: retryable(0x0011, "READY_TIMEOUT", "state"),
  EXECUTE_TIMEOUT: retryable(0x0012, "EXECUTE_TIMEOUT", "state"),
  COORDINATOR_GONE: retryable(0x0013, "COORDINATOR_GONE", "state"),
  DIGEST_MISMATCH: fatal(0x0014, "DIGEST_MISMATCH", "state"),
  GAP_BAD_SOURCE_ID: final(0x1001, "GAP_BAD_SOURCE_ID", "schema"),
  GAP_DECODE_FAILED: final(0x1002, "GAP_DECODE_FAILED", "schema"),
  GAP_AUTH_FAILED: final(0x1003, "GAP_AUTH_FAILED", "crypto"),
  GAP_REPLAY_DETECTED: final(0x1004, "GAP_REPLAY_DETECTED", "crypto"),
  GAP_EPOCH_STALE: final(0x1005, "GAP_EPOCH_STALE", "crypto"),
  GAP_KEY_PHASE_UNKNOWN: final(0x1006, "GAP_KEY_PHASE_UNKNOWN", "crypto"),
  GTP_BAD_LENGTH: final(0x2001, "GTP_BAD_LENGTH", "schema"),
  GTP_UNSUPPORTED_CONTENT_TYPE: final(0x2002, "GTP_UNSUPPORTED_CONTENT_TYPE", "schema"),
  GTP_DUPLICATE_MESSAGE: final(0x2003, "GTP_DUPLICATE_MESSAGE", "policy"),
  GTP_POLICY_REJECTED: final(0x2004, "GTP_POLICY_REJECTED", "policy"),
  GTP_ATTACHMENT_INTEGRITY: final(0x2005, "GTP_ATTACHMENT_INTEGRITY", "schema"),
  GTP_REQUEST_TIMEOUT: retryable(0x2006, "GTP_REQUEST_TIMEOUT", "state"),
  GSP_BAD_SCHEMA: final(0x3001, "GSP_BAD_SCHEMA", "schema"),
  GSP_UNAUTHORIZED: final(0x3002, "GSP_UNAUTHORIZED", "authz"),
  GSP_UNKNOWN_SIGNAL: final(0x3003, "GSP_UNKNOWN_SIGNAL", "schema"),
  GSP_DUPLICATE_REQUEST: final(0x3004, "GSP_DUPLICATE_REQUEST", "policy"),
  GSP_STATE_CONFLICT: retryable(0x3005, "GSP_STATE_CONFLICT", "state"),
  GSP_PRECONDITION_FAILED: final(0x3006, "GSP_PRECONDITION_FAILED", "state"),
}

/** The row of a code, or `undefined` for a code that is not registered. */
export function lookupError(code: number): RegisteredError | undefined {
  return Object.values(ERROR_REGISTRY).find((row) => row.code === code)
}

function final(code: number, name: string, errorClass: ErrorClass): RegisteredError {
  return { code, name, class: errorClass, retryable: false, fatal: false }
}

function retryable(code: number, name: string, errorClass: ErrorClass): RegisteredError {
  return { code, name, class: errorClass, retryable: true, fatal: false }
}

function fatal(code: number, name: string, errorClass: ErrorClass): RegisteredError {
  return { code, name, class: errorClass, retryable: false, fatal: true }
}
