/** What went wrong, as a stable name for programs. */
export type ClientErrorCode =
  // The profile on this machine.
  | "store_in_use"
  | "store_wrong_password"
  | "store_corrupt"
  | "store_full"
  | "store_io"
  | "store_newer"
  | "store_closed"
  // Who we are.
  | "not_registered"
  | "already_registered"
  | "username_taken"
  | "username_invalid"
  | "login_refused"
  | "identity_missing"
  | "session_expired"
  | "device_not_approved"
  | "device_refused"
  // Whom we talk to.
  | "user_unknown"
  | "identity_changed"
  | "key_packages_exhausted"
  | "key_package_refused"
  | "suite_not_ready"
  | "conversation_unknown"
  | "conversation_ambiguous"
  | "not_a_member"
  | "must_rejoin"
  | "group_damaged"
  | "group_unsupported"
  | "group_refused"
  | "server_equivocated"
  | "text_too_long"
  // The way to the server.
  | "server_changed"
  | "certificate_expired"
  | "unreachable"
  | "timeout"
  | "rate_limited"
  | "inbox_full"
  | "server_refused"
  | "server_failed"
  | "protocol"
  // This program.
  | "busy"
  | "events_overflow"
  | "send_failed"
  | "aborted"
  | "closed"

/** The facts beside the code. */
export interface ClientErrorDetail {
  /** One imperative sentence: what a person should do now. */
  readonly nextStep: string
  /** True if the same call may succeed later without anyone doing anything. Default false. */
  readonly retryable?: boolean
  /** Names to choose from, where the answer was ambiguous or unknown. */
  readonly candidates?: readonly string[]
  readonly cause?: unknown
}

/**
 * The one error this package throws for what is not the caller's programming mistake.
 *
 * `message` is one sentence that says what happened; `nextStep` one that says what to do. Neither holds a secret or a
 * message's content.
 */
export class ClientError extends Error {
  override readonly name = "ClientError"
  readonly code: ClientErrorCode
  readonly retryable: boolean
  readonly nextStep: string
  readonly candidates: readonly string[]

  constructor(code: ClientErrorCode, message: string, detail: ClientErrorDetail) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.code = code
    this.retryable = detail.retryable ?? false
    this.nextStep = detail.nextStep
    this.candidates = detail.candidates ?? []
  }
}

/** What whoever still wants something of a closed profile is told. */
export function profileClosed(): ClientError {
  return new ClientError("store_closed", "the profile is closed", { nextStep: "Open it again." })
}

/** How long a full disk is left alone before what is due is tried again, milliseconds. */
export const FULL_DISK_RETRY_MS = 60_000

/** Nothing could be written, and nothing is wrong with what is there: it may go when somebody has made room. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof ClientError && error.code === "store_full"
}
