/** Times and bounds of the live control plane; see {@link DEFAULT_LIVE_LIMITS}. All times are milliseconds. */
export interface LiveLimits {
  /** How long the coordinator waits for everybody to be ready (`T_prepare_max`). */
  readonly prepareMs: number
  /** And then, before it gives the transition up (`T_quorum_grace`). */
  readonly quorumGraceMs: number
  /** How long a member who is ready waits for the execution (`T_execute_max`). */
  readonly executeMs: number
  /** How long a coordinator may be silent before somebody takes its place (`T_coordinator_grace`). */
  readonly coordinatorGraceMs: number
  /** A coordinator with nothing to say says that it is there so often. */
  readonly heartbeatMs: number
  /** How long somebody who was asked how things stand may take, before the next is asked; and between two questions. */
  readonly askEveryMs: number
  /** How often a change is tried before it is reported as failed. */
  readonly attempts: number
  /** Changes that wait for their turn. */
  readonly queuedChanges: number
  /** Transitions that are kept for those who missed them. */
  readonly loggedTransitions: number
  /** Bytes of them. */
  readonly loggedBytes: number
  /** Answers to questions how things stand, to one member in `askEveryMs`. */
  readonly answersPerMember: number
}

/** The normative timers of GBP, a heartbeat of 3 s, 3 attempts, 256 changes, 64 transitions of 8 MiB together. */
export const DEFAULT_LIVE_LIMITS: LiveLimits = {
  prepareMs: 5_000,
  quorumGraceMs: 2_000,
  executeMs: 10_000,
  coordinatorGraceMs: 10_000,
  heartbeatMs: 3_000,
  askEveryMs: 2_000,
  attempts: 3,
  queuedChanges: 256,
  loggedTransitions: 64,
  loggedBytes: 8 * 1024 * 1024,
  answersPerMember: 1,
}
