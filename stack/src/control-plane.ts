import type { ControlMessage, EndpointState, ErrorName } from "@qpc/gbp"
import { ERROR_REGISTRY } from "@qpc/gbp"
import type { MlsMember } from "./mls-member.ts"
import { errorEvent } from "./node-event.ts"
import type { NodeEvent } from "./node-event.ts"

/** How a node came into its group. */
export type Beginning =
  | { readonly as: "creator" }
  /** @param expectedTransitionId - the transition that let us in and is not executed yet, or 0 */
  | { readonly as: "joiner"; readonly expectedTransitionId: number }

/** A control message that came out of a frame. */
export interface ArrivedControl {
  readonly message: ControlMessage
  /** Whose frame it was in: proved in profile 2, a claim in profile 1. */
  readonly memberId: number
  readonly leafIndex: number | undefined
}

/** What a control plane needs of its node. */
export interface NodeSurroundings {
  readonly ownId: number
  readonly state: EndpointState
  nowMs(): number
  emit(event: NodeEvent): void
  /** Does nothing where the specification does not list the step. */
  become(state: EndpointState): void
  /** A transition took effect here. */
  applied(transitionId: number): void
}

/** Who changes the group, and when: checked in profile 2, as the published stack does it in profile 1. */
export interface ControlPlane {
  readonly lastTransitionId: number
  /** The transition that is under way, or 0. */
  readonly pendingTransitionId: number
  readonly isCoordinator: boolean
  begin(beginning: Beginning): void
  /** Looks at a message of ours before it is sealed. @throws StackError where it must not be sent */
  check(member: MlsMember, message: ControlMessage): void
  /** A message of ours was sealed. */
  sent(member: MlsMember, message: ControlMessage): void
  /** True if it counts: the application hears of it then. */
  received(member: MlsMember, arrived: ArrivedControl): boolean
  /** The application says that a transition took effect. @throws StackError `wrong_transition` */
  apply(transitionId: number): void
  /** @throws StackError `coordinator_is_active` */
  assertMayClaim(): void
  checkTimeouts(nowMs: number): void
}

/** How long things may take, in milliseconds (GBP "Timers"). */
export interface ControlTimeouts {
  /** From PREPARE until everybody is ready, at the coordinator. */
  readonly prepareMs: number
  /** From READY, or PREPARE, until EXECUTE, at everybody else. */
  readonly executeMs: number
  /** Silence of the coordinator after which another may take its place. */
  readonly coordinatorGraceMs: number
}

/** 5 s, 10 s, 10 s. */
export const DEFAULT_TIMEOUTS: ControlTimeouts = { prepareMs: 5000, executeMs: 10_000, coordinatorGraceMs: 10_000 }

/** Tells of an error of the registry that has not ended the node. */
export function complain(surroundings: Pick<NodeSurroundings, "emit">, name: ErrorName, reason: string): void {
  surroundings.emit(errorEvent(ERROR_REGISTRY[name], reason, false))
}
