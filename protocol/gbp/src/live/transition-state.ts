/** How far a transition has come (GBP state machine, "Epoch transition"). */
export type TransitionStateName =
  | "T_IDLE"
  | "T_PREPARED"
  | "T_COMMIT_PROCESSED"
  | "T_READY"
  | "T_EXECUTED"
  | "T_ABORTED"

/** Where each state may lead; nothing else may happen. */
export const TRANSITION_TRANSITIONS: Readonly<Record<TransitionStateName, readonly TransitionStateName[]>> = {
  T_IDLE: ["T_PREPARED"],
  T_PREPARED: ["T_COMMIT_PROCESSED", "T_ABORTED"],
  T_COMMIT_PROCESSED: ["T_READY", "T_ABORTED"],
  T_READY: ["T_EXECUTED", "T_ABORTED"],
  T_EXECUTED: ["T_IDLE"],
  T_ABORTED: ["T_IDLE"],
}

/** True if the specification lists the step. */
export function transitionMayBecome(from: TransitionStateName, to: TransitionStateName): boolean {
  return TRANSITION_TRANSITIONS[from].includes(to)
}
