/** Where a member stands (GBP state machine, "Endpoint lifecycle"). */
export type EndpointState = "idle" | "connecting" | "establishing_group" | "active" | "resyncing" | "failed" | "closed"

/** Where each state may lead; everything may lead to `closed`. */
export const ENDPOINT_TRANSITIONS: Readonly<Record<EndpointState, readonly EndpointState[]>> = {
  idle: ["connecting", "failed", "closed"],
  connecting: ["establishing_group", "failed", "closed"],
  establishing_group: ["active", "failed", "closed"],
  active: ["resyncing", "failed", "closed"],
  resyncing: ["active", "failed", "closed"],
  failed: ["closed"],
  closed: [],
}

/** True if the specification lists the step. */
export function endpointMayBecome(from: EndpointState, to: EndpointState): boolean {
  return ENDPOINT_TRANSITIONS[from].includes(to)
}
