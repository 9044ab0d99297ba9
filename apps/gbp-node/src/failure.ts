import { FramingError, TransportError } from "@qpc/transport"
import { EXIT_CODES } from "./exit-code.ts"
import type { Output } from "./output.ts"
import { UsageError } from "./usage-error.ts"

/** Says what went wrong and what to do, and picks the exit code. What nobody expected is rethrown: a bug should look like one. */
export function reportFailure(output: Output, error: unknown): number {
  if (error instanceof UsageError) {
    output.failure(error.exit, error.message, error.nextStep)
    return EXIT_CODES[error.exit]
  }
  if (error instanceof FramingError) {
    output.failure(error.code, `At byte ${error.offset}: ${error.message}.`)
    return EXIT_CODES.badFrame
  }
  if (error instanceof TransportError) {
    output.failure(error.code, `${error.message}.`)
    if (error.code === "aborted") return EXIT_CODES.interrupted
    return error.code === "peer_changed" ? EXIT_CODES.refused : EXIT_CODES.unavailable
  }
  throw error
}
