/** What a status says about who has to act: nobody, the caller's code, the person, patience, or the operator. */
export type StatusClass = "success" | "request" | "person" | "transient" | "server"

/** One row of the status table. */
export interface Status {
  /** The number on the wire; below 0x80, because the top bit of the first byte marks a push. */
  readonly code: number
  readonly class: StatusClass
  /** True if the same call may succeed later without anyone changing anything. Repeating needs idempotency too. */
  readonly retryable: boolean
}

/** The names a call can end with. The numbers are gRPC's, so that people who know those need no second table. */
export type StatusName =
  | "ok"
  | "cancelled"
  | "invalid_argument"
  | "deadline_exceeded"
  | "not_found"
  | "already_exists"
  | "permission_denied"
  | "resource_exhausted"
  | "failed_precondition"
  | "unimplemented"
  | "internal"
  | "unavailable"
  | "unauthenticated"

/**
 * Every status that may travel, in one table.
 *
 * `internal` is not retryable: a fault that no handler foresaw tends to happen again, and a person should see it. A
 * handler that knows its fault is passing answers `unavailable`.
 */
export const statuses: Readonly<Record<StatusName, Status>> = {
  ok: { code: 0, class: "success", retryable: false },
  cancelled: { code: 1, class: "request", retryable: false },
  invalid_argument: { code: 3, class: "request", retryable: false },
  deadline_exceeded: { code: 4, class: "transient", retryable: true },
  not_found: { code: 5, class: "request", retryable: false },
  already_exists: { code: 6, class: "request", retryable: false },
  permission_denied: { code: 7, class: "person", retryable: false },
  resource_exhausted: { code: 8, class: "transient", retryable: true },
  failed_precondition: { code: 9, class: "request", retryable: false },
  unimplemented: { code: 12, class: "server", retryable: false },
  internal: { code: 13, class: "server", retryable: false },
  unavailable: { code: 14, class: "transient", retryable: true },
  unauthenticated: { code: 16, class: "person", retryable: false },
}

const namesByCode: ReadonlyMap<number, StatusName> = new Map(
  (Object.keys(statuses) as StatusName[]).map((name) => [statuses[name].code, name]),
)

/** The name behind a number from the wire, or undefined for one that this version does not know. */
export function statusName(code: number): StatusName | undefined {
  return namesByCode.get(code)
}
