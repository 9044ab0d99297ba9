import type { ControlMessage } from "../control.ts"
import { OPCODES } from "../control-args.ts"
import type { OpcodeName } from "../control-args.ts"
import { encodeErrorObject, errorObject } from "../error-object.ts"
import { ERROR_REGISTRY } from "../error-registry.ts"
import type { ErrorName } from "../error-registry.ts"
import type { Arrived } from "./arrived.ts"
import type { Departure, Division, SaidDeparture } from "./departure.ts"
import { endpointMayBecome } from "./endpoint-state.ts"
import type { EndpointState } from "./endpoint-state.ts"
import type { LiveGroup, MemberChanges, StagedOwn } from "./live-group.ts"
import type { LiveLimits } from "./live-limits.ts"
import type { OpenedPrepare, Promised } from "./promised.ts"
import type { TransitionLog } from "./transition-log.ts"

/** A frame to be sent. */
export interface LiveFrame {
  /** `all`: everybody in the group but us. */
  readonly to: number | "all"
  readonly bytes: Uint8Array
}

/** What the control plane tells its application. */
export type LiveEvent<Change> =
  | { readonly kind: "state_changed"; readonly from: EndpointState; readonly to: EndpointState }
  | (MemberChanges & { readonly kind: "epoch_advanced"; readonly epoch: bigint; readonly transitionId: number })
  | { readonly kind: "transition_aborted"; readonly transitionId: number; readonly code: number }
  /** Give it to the newcomer, with the transition's id. */
  | {
      readonly kind: "welcome"
      readonly to: readonly number[]
      readonly welcome: Uint8Array
      readonly transitionId: number
    }
  | { readonly kind: "change_done"; readonly change: Change }
  /** `silent`: who did not answer in time. `objectors`: who said of one of its commits that they cannot follow it. */
  | {
      readonly kind: "change_failed"
      readonly change: Change
      readonly code: number
      readonly silent: readonly number[]
      readonly objectors: readonly number[]
    }
  /**
   * A member reports a commit of ours: it cannot follow it, or heard of another under its number (`TRANSITION_MISMATCH`). We know of
   * our commit that MLS follows it, so either they lie, or somebody lied to them, or their policy is another than ours.
   */
  | {
      readonly kind: "commit_reported"
      readonly transitionId: number
      readonly senderId: number
      readonly code: number
    }
  | { readonly kind: "coordinator_changed"; readonly coordinatorId: number }
  | { readonly kind: "coordinator_gone"; readonly coordinatorId: number }
  /**
   * A member says under this number to be ready for another commit of the same coordinator than we. One of the two does not tell the
   * truth. We do not go on without that member's word for ours; whom to leave is for people to decide.
   */
  | {
      readonly kind: "preparation_divided"
      readonly coordinatorId: number
      readonly transitionId: number
      readonly senderId: number
    }
  /**
   * A member followed another commit out of this epoch than we did, and says so in a frame that it signed: the two of us are in different
   * groups by now. Only people can decide who invites whom anew.
   */
  | { readonly kind: "divided"; readonly memberId: number; readonly epoch: bigint; readonly transitionId: number }
  /** Somebody did what they may not, or could not. It changed nothing. */
  | { readonly kind: "refused"; readonly senderId: number; readonly opcode: number; readonly code: number }
  /** Somebody refuses what we sent. */
  | { readonly kind: "nacked"; readonly senderId: number; readonly requestId: number; readonly code: number }
  /** Only a new invitation helps: we were not let in, or what we missed is not kept any more, or we have another group. */
  | { readonly kind: "must_rejoin"; readonly code: number }
  | { readonly kind: "removed" }

/** What came of a call. */
export interface LiveStep<Change> {
  readonly frames: readonly LiveFrame[]
  readonly events: readonly LiveEvent<Change>[]
  /** Call `tick` no later than this. */
  readonly wakeAtMs: number | undefined
}

/** A change that somebody wants, how often it was tried, and who refused one of its commits. */
export interface WantedChange<Change> {
  readonly change: Change
  readonly attempt: number
  readonly objectors: readonly number[]
}

/** The transition that is under way. */
export type Pending<Change> =
  | { readonly at: "idle" }
  /** Ours. */
  | {
      readonly at: "coordinating"
      readonly transitionId: number
      readonly wanted: WantedChange<Change>
      readonly staged: StagedOwn
      readonly prepare: ControlMessage
      readonly prepareFrame: Uint8Array
      /** Who is not ready yet. */
      readonly waitingFor: Set<number>
      /** By member id: the frames that say who is. */
      readonly readies: Map<number, Uint8Array>
      readonly abortAtMs: number
      /** When those who are not ready are asked again. */
      readonly askAgainAtMs: number
    }
  /** The coordinator's, for which we are ready. */
  | {
      readonly at: "ready"
      readonly transitionId: number
      readonly senderId: number
      readonly staged: MemberChanges
      readonly promised: Promised
      readonly executeByMs: number
    }
  /** We came in by its Welcome, and wait for its execution. */
  | {
      readonly at: "candidate"
      readonly transitionId: number
      readonly senderId: number
      readonly executeByMs: number
      /** When we say again that we are ready. */
      readonly askAgainAtMs: number
    }

/** Everything that a member of the control plane remembers. Owned by one `LiveControl`. */
export interface LiveState<Change> {
  readonly group: LiveGroup<Change>
  readonly ownId: number
  readonly limits: LiveLimits
  endpoint: EndpointState
  coordinatorId: number
  /** When the coordinator was last heard. */
  coordinatorHeardMs: number
  /** How many grace times of its silence have passed. */
  silentTurns: number
  /** When anybody was last heard. */
  othersHeardMs: number
  /** We are coordinator, and heard nobody for a grace time: the others may have another one by now. */
  isIsolated: boolean
  /** When we take its place, having asked everybody how things stand; `undefined` while it is not our turn. */
  claimAtMs: number | undefined
  /** When somebody last took the place of a coordinator. */
  claimedAtMs: number | undefined
  /** When we, as coordinator, last said something to all. */
  spokeAtMs: number
  lastTransitionId: number
  /** The highest that anybody used, also for what was given up. */
  highestTransitionId: number
  /** The highest member id that ever was: ids only go up, so that none is used twice. */
  highestMemberId: number
  nextRequestId: number
  pending: Pending<Change>
  /** What we said to be ready for in this epoch and nobody gave up, the last at the end. */
  promises: Promised[]
  /** Frames with preparations that opened in this epoch, the newest last. */
  prepares: OpenedPrepare[]
  /** What came before the preparation, or the epoch, that it belongs to: who is ready, and what the coordinator says. */
  early: Arrived[]
  /** The highest number that each coordinator gave up in this epoch, and its frame that says so. */
  readonly aborts: Map<number, { readonly transitionId: number; readonly frame: Uint8Array }>
  /** What showed us, as newcomers, that we were let in. */
  cameInBy:
    | {
        readonly frame: Uint8Array
        readonly epoch: bigint
        readonly coordinatorId: number
        readonly toldAtMs: number
      }
    | undefined
  /** When we last held again what we had given up. */
  lookedAheadMs: number
  looksAhead: number
  /** Who executed the last transition; `undefined` before there was one. */
  executedBy: number | undefined
  /** How we left the last epochs, the newest last. */
  departures: readonly Departure[]
  /** When we last told them, to whom, since the last transition. */
  readonly departuresToldMs: Map<number | "all", number>
  /** Who left one of them another way, as far as we heard since the last transition. */
  divisions: Division[]
  /** By which commits others say to have left epochs that we have not left. */
  saidDepartures: readonly SaidDeparture[]
  queue: WantedChange<Change>[]
  readonly log: TransitionLog
  /** Whom we asked how things stand. */
  asked: number | "all" | undefined
  lastAskedMs: number
  lastAskedId: number | undefined
  /** Members who were asked already while we do not know how things stand. */
  readonly askedInVain: Set<number>
  /** Members of our epoch who say that we are in another group. */
  readonly contradictedBy: Set<number>
  /** Questions that were answered, by whom they came from. */
  readonly answered: Map<number, { readonly sinceMs: number; readonly count: number }>
  frames: LiveFrame[]
  events: LiveEvent<Change>[]
}

/** The code of an error of the registry. */
export function codeOf(name: ErrorName): number {
  return ERROR_REGISTRY[name].code
}

/** Makes a control message of ours, with a request id of its own. */
export function controlMessage<Change>(
  state: LiveState<Change>,
  opcode: OpcodeName,
  transitionId: number,
  args: Uint8Array = NOTHING,
): ControlMessage {
  return { opcode: OPCODES[opcode], requestId: state.nextRequestId++, senderId: state.ownId, transitionId, args }
}

/** Seals and sends. Returns the frame. */
export function send<Change>(state: LiveState<Change>, to: number | "all", message: ControlMessage): Uint8Array {
  const bytes = state.group.seal(message)
  state.frames.push({ to, bytes })
  return bytes
}

/** True for what may come from somebody who hands on, because we asked, what others sealed long ago. */
export function isHandedOn<Change>({ asked }: LiveState<Change>, { opcode }: ControlMessage): boolean {
  return asked !== undefined && HANDED_ON.has(opcode)
}

/** Tells a member why its message was refused, and the application that it was. Nothing else changes. */
export function refuse<Change>(
  state: LiveState<Change>,
  message: ControlMessage,
  senderId: number,
  name: ErrorName,
): void {
  // Its author did not send it to us now, and whoever handed it on did what we asked for.
  if (isHandedOn(state, message)) return
  const error = ERROR_REGISTRY[name]
  state.events.push({ kind: "refused", senderId, opcode: message.opcode, code: error.code })
  const args = encodeErrorObject(errorObject(error))
  // An answer to a refusal would be answered, and so on.
  if (message.opcode === OPCODES.NACK || message.opcode === OPCODES.ACK) return
  const nack = { ...controlMessage(state, "NACK", message.transitionId, args), requestId: message.requestId }
  send(state, senderId, nack)
}

/** Goes on to another state. @throws Error for a step that the specification does not list */
export function become<Change>(state: LiveState<Change>, to: EndpointState): void {
  const from = state.endpoint
  if (from === to) return
  if (!endpointMayBecome(from, to)) throw new Error(`unreachable: an endpoint goes from ${from} to ${to}`)
  state.endpoint = to
  state.events.push({ kind: "state_changed", from, to })
}

/** Nobody tries this change any more. */
export function failChange<Change>(
  state: LiveState<Change>,
  { change, objectors }: WantedChange<Change>,
  name: ErrorName,
  silent: readonly number[] = [],
): void {
  state.events.push({ kind: "change_failed", change, code: codeOf(name), silent, objectors })
}

/** The changes that wait for their turn will not have it. */
export function failQueue<Change>(state: LiveState<Change>, name: ErrorName): void {
  for (const wanted of state.queue.splice(0)) failChange(state, wanted, name)
}

/** Drops what is under way, and what waits behind it. */
export function dropAll<Change>(state: LiveState<Change>, name: ErrorName): void {
  const { pending } = state
  if (pending.at === "ready" || pending.at === "coordinating") state.group.clear()
  state.pending = IDLE
  if (pending.at === "coordinating") state.queue.unshift(pending.wanted)
  failQueue(state, name)
}

/** There is no way on but a new invitation. */
export function fail<Change>(state: LiveState<Change>, name: ErrorName): void {
  dropAll(state, name)
  become(state, "failed")
  state.events.push({ kind: "must_rejoin", code: codeOf(name) })
}

/** How far a transition may be above the last, and a member id above the one before: nobody uses them all up with one message. */
export const NUMBER_STEP_MAX = 65_536

/** What a member who was away is handed as it was sealed then. */
const HANDED_ON: ReadonlySet<number> = new Set([
  OPCODES.PREPARE_TRANSITION,
  OPCODES.READY_FOR_TRANSITION,
  OPCODES.EXECUTE_TRANSITION,
  OPCODES.ABORT_TRANSITION,
])

export const IDLE = { at: "idle" } as const
const NOTHING = new Uint8Array(0)
