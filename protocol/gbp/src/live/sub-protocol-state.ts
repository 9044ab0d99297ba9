/** Whether a stream type is in use (GBP state machine, "Subprotocol activation"). */
export type SubProtocolState = "disabled" | "negotiating" | "enabled" | "degraded" | "suspended"

/** Failures in a row after which a stream type is suspended. */
export const FAILURES_TO_SUSPEND = 3

/** What happens to a stream type. */
export type SubProtocolInput =
  | "offered"
  /** Everybody can do it, and our policy permits it. */
  | "agreed"
  | "refused"
  /** A frame of it worked. */
  | "worked"
  /** Its schema or its authentication failed. */
  | "failed"
  /** Its failure was fatal. */
  | "failed_fatally"
  | "withdrawn"

/** Where a stream type stands, with what it takes to go on. */
export interface SubProtocol {
  readonly state: SubProtocolState
  /** Fatal failures in a row. */
  readonly failures: number
}

export const DISABLED: SubProtocol = { state: "disabled", failures: 0 }

/** The next state. What does not apply leaves it as it is. */
export function stepSubProtocol(from: SubProtocol, input: SubProtocolInput): SubProtocol {
  if (input === "withdrawn") return DISABLED
  switch (from.state) {
    case "disabled":
      return input === "offered" ? { state: "negotiating", failures: 0 } : from
    case "negotiating":
      if (input === "agreed") return { state: "enabled", failures: 0 }
      return input === "refused" ? DISABLED : from
    case "enabled":
    case "degraded":
      return stepRunning(from, input)
    case "suspended":
      return input === "offered" ? { state: "negotiating", failures: 0 } : from
  }
}

function stepRunning(from: SubProtocol, input: SubProtocolInput): SubProtocol {
  if (input === "worked") return { state: "enabled", failures: 0 }
  if (input === "failed") return { state: "degraded", failures: from.failures }
  if (input !== "failed_fatally") return from
  const failures = from.failures + 1
  return { state: failures >= FAILURES_TO_SUSPEND ? "suspended" : "degraded", failures }
}
