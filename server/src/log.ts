import { destination, pino, stdTimeFunctions } from "pino"
import type { Logger } from "pino"
import type { LogLevel } from "./config/configuration.ts"
import type { Observation } from "./observe.ts"
import type { Fault } from "./fault.ts"

/**
 * Where the server says what it does: one JSON object a line, on standard error.
 *
 * Lines hold methods, statuses, sizes, durations and error codes; no payload, token, key, username or client address
 * ever gets here. The redaction is the second lock on that door.
 */
export function openLog(level: LogLevel): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      redact: {
        paths: [
          "token",
          "sessionToken",
          "payload",
          "data",
          "username",
          "password",
          "key",
          "dbKey",
          "*.token",
          "*.payload",
        ],
        censor: "[redacted]",
      },
    },
    destination({ fd: 2, sync: true }),
  )
}

/** Writes down one observation; most are details. */
export function logObservation(log: Logger, observation: Observation): void {
  if (observation.kind === "call" && observation.status === "internal") log.error(observation, "call failed")
  else log.debug(observation, observation.kind)
}

/** Writes down a fault: its kind, its message and where in the code, never what it was about. */
export function logFault(log: Logger, { during, correlationId, error }: Fault): void {
  const { name, message, stack } =
    error instanceof Error ? error : { name: typeof error, message: "", stack: undefined }
  const code = error instanceof Error && "code" in error ? error.code : undefined
  log.error({ during, correlationId, error: name, code, stack: stack?.split("\n").slice(1, 6) }, message)
}
