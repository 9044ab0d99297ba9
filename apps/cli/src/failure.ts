import { ClientError, type ClientErrorCode } from "@qpc/sdk"
import { EXIT_CODES, type ExitCode } from "./exit-code.ts"
import type { Output } from "./output.ts"
import { UsageError } from "./usage-error.ts"

/** Codes that are not here end with {@link EXIT_CODES.failed}. */
const CLIENT_EXIT_CODES: Partial<Record<ClientErrorCode, ExitCode>> = {
  store_in_use: EXIT_CODES.config,
  store_newer: EXIT_CODES.config,
  store_wrong_password: EXIT_CODES.refused,
  store_corrupt: EXIT_CODES.corrupt,
  group_damaged: EXIT_CODES.corrupt,
  group_unsupported: EXIT_CODES.config,
  store_full: EXIT_CODES.io,
  store_io: EXIT_CODES.io,
  not_registered: EXIT_CODES.notFound,
  identity_missing: EXIT_CODES.notFound,
  login_refused: EXIT_CODES.refused,
  device_not_approved: EXIT_CODES.refused,
  session_expired: EXIT_CODES.refused,
  user_unknown: EXIT_CODES.notFound,
  conversation_unknown: EXIT_CODES.notFound,
  server_changed: EXIT_CODES.refused,
  identity_changed: EXIT_CODES.refused,
  certificate_expired: EXIT_CODES.config,
  unreachable: EXIT_CODES.unavailable,
  timeout: EXIT_CODES.unavailable,
  rate_limited: EXIT_CODES.unavailable,
  server_failed: EXIT_CODES.unavailable,
  aborted: EXIT_CODES.interrupted,
}

/**
 * Says what went wrong and what to do, in one line, and picks the exit code. What nobody expected is rethrown: a bug
 * should look like one.
 */
export function reportFailure(output: Output, error: unknown): ExitCode {
  if (error instanceof UsageError) {
    output.failure({ code: error.exit, message: error.message, nextStep: error.nextStep })
    return EXIT_CODES[error.exit]
  }
  if (error instanceof ClientError) {
    output.failure({ code: error.code, message: sentence(error.message), nextStep: error.nextStep })
    return CLIENT_EXIT_CODES[error.code] ?? EXIT_CODES.failed
  }
  throw error
}

/** The sdk's messages begin small and end without a full stop, so that programs can put them into their own sentences. */
function sentence(text: string): string {
  const begun = text.slice(0, 1).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(begun) ? begun : `${begun}.`
}
