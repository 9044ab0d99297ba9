import type { LiveGroup } from "./live-group.ts"
import { DEFAULT_LIVE_LIMITS } from "./live-limits.ts"
import type { LiveLimits } from "./live-limits.ts"
import { IDLE } from "./live-state.ts"
import type { LiveState } from "./live-state.ts"
import { TransitionLog } from "./transition-log.ts"

/** How we came into the group. */
export type LiveStart =
  /** We made it: we are its first coordinator. */
  | { readonly kind: "creator" }
  /** We took a Welcome: its transition waits for the execution, and for us to be ready. */
  | { readonly kind: "joiner"; readonly coordinatorId: number; readonly transitionId: number }

/** What {@link LiveControl} needs. */
export interface LiveControlOptions<Change> {
  readonly group: LiveGroup<Change>
  /** Our member id. */
  readonly ownId: number
  readonly start: LiveStart
  readonly nowMs: number
  readonly limits?: Partial<LiveLimits>
}

/** A member that came into the group just now. */
export function initialState<Change>(options: LiveControlOptions<Change>): LiveState<Change> {
  const { group, ownId, start, nowMs, limits } = options
  const all = { ...DEFAULT_LIVE_LIMITS, ...limits }
  const transitionId = start.kind === "creator" ? 0 : start.transitionId
  return {
    group,
    ownId,
    limits: all,
    endpoint: "establishing_group",
    coordinatorId: start.kind === "creator" ? ownId : start.coordinatorId,
    coordinatorHeardMs: nowMs,
    silentTurns: 0,
    othersHeardMs: nowMs,
    isIsolated: false,
    claimAtMs: undefined,
    claimedAtMs: undefined,
    spokeAtMs: nowMs,
    lastTransitionId: start.kind === "creator" ? 0 : transitionId - 1,
    highestTransitionId: transitionId,
    highestMemberId: Math.max(...group.memberIds),
    nextRequestId: 1,
    pending: IDLE,
    promises: [],
    prepares: [],
    early: [],
    aborts: new Map(),
    executedBy: undefined,
    cameInBy: undefined,
    lookedAheadMs: Number.NEGATIVE_INFINITY,
    looksAhead: 0,
    departures: [],
    departuresToldMs: new Map(),
    divisions: [],
    saidDepartures: [],
    queue: [],
    log: new TransitionLog(transitionId, all),
    asked: undefined,
    lastAskedMs: Number.NEGATIVE_INFINITY,
    lastAskedId: undefined,
    askedInVain: new Set(),
    contradictedBy: new Set(),
    answered: new Map(),
    frames: [],
    events: [],
  }
}
