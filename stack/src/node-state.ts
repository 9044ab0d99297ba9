import type { EndpointState } from "@qpc/gbp"

/** Where a node stands (GBP state machine), by the names of the published packages. */
export const NodeState = {
  Idle: 0,
  Connecting: 1,
  EstablishingGroup: 2,
  Active: 3,
  Resyncing: 4,
  Failed: 5,
  Closed: 6,
} as const

/** One of {@link NodeState}. */
export type NodeState = (typeof NodeState)[keyof typeof NodeState]

/** A state as a number. */
export const NODE_STATES: Readonly<Record<EndpointState, NodeState>> = {
  idle: NodeState.Idle,
  connecting: NodeState.Connecting,
  establishing_group: NodeState.EstablishingGroup,
  active: NodeState.Active,
  resyncing: NodeState.Resyncing,
  failed: NodeState.Failed,
  closed: NodeState.Closed,
}
