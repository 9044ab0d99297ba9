import type { ControlMessage } from "../control.ts"
import { encodeCoordinatorClaim, OPCODES } from "../control-args.ts"
import { decodeErrorObject } from "../error-object.ts"
import { decodedOrUndefined } from "@qpc/wire"
import type { Arrived } from "./arrived.ts"
import { askHowThingsStand } from "./ask.ts"
import { answerIsLate, takeDigestRequest, takeDigestResponse } from "./catch-up.ts"
import { abort, askAgain, beat, beginNext, isCoordinator, takeInvalidCommit } from "./coordinate.ts"
import { hearDivisionAgain, isDeparture, takeDeparture, tellDepartures } from "./departure.ts"
import { keepAhead, SAID_MAX_BYTES, takeEarly, takeEarlyOf } from "./early.ts"
import type { EndpointState } from "./endpoint-state.ts"
import {
  comeIn,
  executionIsLate,
  lookAgain,
  noteExecuted,
  noteWord,
  sayCandidateIsReady,
  takeAbort,
  takeExecute,
  takePrepare,
  tellThatItIsOver,
} from "./follow.ts"
import { claim, coordinatorIsSilent, nobodyIsHeard, takeCapabilities } from "./handover.ts"
import { initialState } from "./initial-state.ts"
import type { LiveControlOptions } from "./initial-state.ts"
import { become, dropAll, isHandedOn, refuse } from "./live-state.ts"
import type { LiveState, LiveStep } from "./live-state.ts"
import { hearWitness, lastPromise, promiseIn } from "./promised.ts"
import { takeReady } from "./ready.ts"
import { signOfLife } from "./sign-of-life.ts"

/** What only a coordinator says. */
const COORDINATORS: ReadonlySet<number> = new Set([
  OPCODES.PREPARE_TRANSITION,
  OPCODES.EXECUTE_TRANSITION,
  OPCODES.ABORT_TRANSITION,
  OPCODES.CAPABILITIES_ADVERTISE,
])

/** What is said in an epoch before everybody is there. */
const SAID_AHEAD: ReadonlySet<number> = new Set([OPCODES.EXECUTE_TRANSITION, OPCODES.READY_FOR_TRANSITION])

/** What is not answered. */
const IS_ANSWER: ReadonlySet<number> = new Set([OPCODES.ACK, OPCODES.NACK])

/** How many times `executeMs` between two looks at what we gave up: each takes one, and anybody can make us look. */
const LOOK_AHEAD_EVERY = 3

/**
 * One member of the live control plane (GBP control plane): who may change the group, and how all of its members go from one
 * epoch to the next together.
 *
 * Pure and total: control messages that opened come in with whoever signed them, and time; frames, events and the next
 * deadline go out. One member, the coordinator, makes all commits. It executes one only once every member, newcomers
 * included, is ready for it. So no two members are in the same epoch with different members, and whoever missed a step is handed the
 * frames of its author.
 */
export class LiveControl<Change> {
  readonly #state: LiveState<Change>

  constructor(options: LiveControlOptions<Change>) {
    const { start, nowMs } = options
    this.#state = initialState(options)
    become(this.#state, "active")
    if (start.kind === "creator") return
    const { coordinatorId: senderId, transitionId } = start
    const executeByMs = nowMs + this.#state.limits.executeMs
    this.#state.pending = { at: "candidate", transitionId, senderId, executeByMs, askAgainAtMs: nowMs }
    sayCandidateIsReady(this.#state, nowMs)
  }

  get endpoint(): EndpointState {
    return this.#state.endpoint
  }

  get coordinatorId(): number {
    return this.#state.coordinatorId
  }

  /** The highest member id that there ever was, as far as we know: who is invited next has to have a higher one. */
  get highestMemberId(): number {
    return this.#state.highestMemberId
  }

  /** The last transition that was executed here. */
  get lastTransitionId(): number {
    return this.#state.lastTransitionId
  }

  /** The transition that is under way, or 0. */
  get pendingTransitionId(): number {
    const { pending } = this.#state
    return pending.at === "idle" ? 0 : pending.transitionId
  }

  /** What came of the constructor, above all that a newcomer is ready. Take it once. */
  begin(): LiveStep<Change> {
    return this.#step()
  }

  /**
   * Asks for a change; its turn comes after those that were asked for before. Only the coordinator can.
   *
   * @throws TypeError unless we are the coordinator of a group that we are in
   * @throws RangeError when too many changes wait
   */
  request(change: Change, nowMs: number): LiveStep<Change> {
    const state = this.#state
    const isIn = state.endpoint === "active" || state.endpoint === "resyncing"
    if (!isIn || !isCoordinator(state))
      throw new TypeError(`only the coordinator, ${state.coordinatorId}, makes changes`)
    if (state.queue.length >= state.limits.queuedChanges) throw new RangeError("too many changes wait for their turn")
    state.queue.push({ change, attempt: 1, objectors: [] })
    beginNext(state, nowMs)
    return this.#step()
  }

  /**
   * Takes in a control message that opened.
   *
   * @param arrived - `senderId` is whoever signed the frame; `message.senderId` must be the same.
   */
  receive(arrived: Arrived, nowMs: number): LiveStep<Change> {
    const state = this.#state
    const { message, senderId } = arrived
    if (state.endpoint === "failed" || state.endpoint === "closed") return this.#step()
    if (message.senderId !== senderId) refuse(state, message, senderId, "STREAM_POLICY_VIOLATION")
    else this.#dispatch(arrived, nowMs)
    return this.#step()
  }

  /**
   * A frame came that we opened before, so that it does not open any more: somebody hands us, because we asked, what we had given up.
   * We go on from what we kept of it.
   */
  receiveAgain(frame: Uint8Array, nowMs: number): LiveStep<Change> {
    const state = this.#state
    hearDivisionAgain(state, frame, nowMs)
    const promised = promiseIn(state, frame)
    const isGivenUp = state.pending.at === "idle" && state.asked !== undefined
    if (isGivenUp && promised !== undefined && promised === lastPromise(state)) this.#dispatch(promised.prepare, nowMs)
    return this.#step()
  }

  /** Any frame of a member opened: they are there. */
  heard(senderId: number, nowMs: number): void {
    if (senderId !== this.#state.ownId) this.#state.othersHeardMs = nowMs
  }

  /**
   * A frame claims an epoch that we do not have. Nobody proved that, so all that follows is a question; and, once in a while, that we hold
   * again what we gave up, one after the other, to see whether it opens such frames: newcomers who were let in by it cannot be asked.
   */
  behind(nowMs: number): LiveStep<Change> {
    const state = this.#state
    if (state.endpoint === "active") askHowThingsStand(state, nowMs)
    const isTime = nowMs - state.lookedAheadMs >= LOOK_AHEAD_EVERY * state.limits.executeMs
    const promised = state.promises.at(-1 - (state.looksAhead % Math.max(1, state.promises.length)))
    if (promised !== undefined && state.pending.at === "idle" && isTime) {
      state.lookedAheadMs = nowMs
      state.looksAhead++
      lookAgain(state, promised, nowMs)
    }
    return this.#step()
  }

  /** A frame is of an epoch before we came in. Nobody proved that; whoever did not hear that it is over is told what we have. */
  tooOld(nowMs: number): LiveStep<Change> {
    if (this.#state.endpoint === "active") tellThatItIsOver(this.#state, nowMs)
    return this.#step()
  }

  /**
   * A frame claims an epoch that we have, and does not open. Nobody proved anything, but somebody may be in another epoch under that number.
   */
  undecryptable(nowMs: number): LiveStep<Change> {
    const { endpoint } = this.#state
    if (endpoint === "active" || endpoint === "resyncing") tellDepartures(this.#state, "all", nowMs)
    return this.#step()
  }

  /** A member said that it leaves, or its connection is gone: nobody waits for it any longer. */
  unreachable(memberId: number, nowMs: number): LiveStep<Change> {
    const { pending, coordinatorId, ownId, limits } = this.#state
    const isOthers = memberId === coordinatorId && memberId !== ownId
    if (isOthers)
      this.#state.coordinatorHeardMs = Math.min(this.#state.coordinatorHeardMs, nowMs - limits.coordinatorGraceMs)
    if (pending.at === "coordinating" && pending.waitingFor.has(memberId)) {
      abort(this.#state, pending, "READY_TIMEOUT", nowMs)
    }
    return this.#step()
  }

  /** Does what is due. */
  tick(nowMs: number): LiveStep<Change> {
    const state = this.#state
    if (state.endpoint === "failed" || state.endpoint === "closed") return this.#step()
    const { pending } = state
    if (pending.at === "coordinating" && pending.abortAtMs <= nowMs) abort(state, pending, "READY_TIMEOUT", nowMs)
    else if (pending.at === "coordinating" && pending.askAgainAtMs <= nowMs) askAgain(state, pending, nowMs)
    else if (pending.at === "candidate" && pending.askAgainAtMs <= nowMs) sayCandidateIsReady(state, nowMs)
    const isWaiting = pending.at === "ready" || pending.at === "candidate"
    if (isWaiting && pending.executeByMs <= nowMs) executionIsLate(state, nowMs)
    const isAsking = state.asked !== undefined || state.endpoint === "resyncing"
    if (isAsking && state.lastAskedMs + state.limits.askEveryMs <= nowMs) answerIsLate(state, nowMs)
    if (state.endpoint === "active" || state.endpoint === "resyncing") this.#mindTheCoordinator(nowMs)
    return this.#step()
  }

  /** Leaves without a word: others notice by our silence. */
  close(): LiveStep<Change> {
    dropAll(this.#state, "COORDINATOR_GONE")
    become(this.#state, "closed")
    return this.#step()
  }

  #dispatch(arrived: Arrived, nowMs: number): void {
    const state = this.#state
    const { message, senderId } = arrived
    if (isDeparture(message)) return takeDeparture(state, arrived, nowMs)
    if (isOfFormerMember(state, arrived) && message.opcode !== OPCODES.GROUP_STATE_DIGEST_REQUEST) {
      return IS_ANSWER.has(message.opcode) ? undefined : refuse(state, message, senderId, "EPOCH_MISMATCH")
    }
    // What a member says may be kept and handed on; only a commit has a reason to be long.
    const isLong = arrived.frame.length > SAID_MAX_BYTES && message.opcode !== OPCODES.PREPARE_TRANSITION
    if (isLong) return refuse(state, message, senderId, "STREAM_POLICY_VIOLATION")
    // Frames that are handed to us afterwards say nothing of who is there now.
    const isLate = isHandedOn(state, message)
    if (!isLate) this.heard(senderId, nowMs)
    // Two who follow each other would wait for ever, if anything but the coordinator's part counted as a sign of its life.
    const isItsPart = senderId === state.coordinatorId && COORDINATORS.has(message.opcode)
    if (isItsPart && !isLate) signOfLife(state, nowMs)
    const { epoch } = state.group
    hearWitness(state, arrived)
    noteExecuted(state, arrived, nowMs)
    noteWord(state, arrived, nowMs)
    // Sealed in the epoch that we are ready for: somebody has executed it, and we did not hear of it. Newcomers are ready there.
    const isAhead = arrived.epoch > state.group.epoch && !SAID_AHEAD.has(message.opcode)
    if (isAhead) askHowThingsStand(state, nowMs, senderId)
    // Whoever let us in speaks in the epoch that we wait for, so it has executed it.
    if (state.pending.at === "candidate" && senderId === state.pending.senderId) comeIn(state, arrived.frame, nowMs)
    if (isAhead && keepAhead(state, arrived)) return
    this.#take(arrived, nowMs)
    if (state.group.epoch === epoch) return
    for (const early of takeEarlyOf(state, state.group.epoch)) this.#take(early, nowMs)
  }

  #take(arrived: Arrived, nowMs: number): void {
    const state = this.#state
    const { message, senderId } = arrived
    switch (message.opcode) {
      case OPCODES.PREPARE_TRANSITION:
        takePrepare(state, arrived, nowMs)
        return this.#takeEarly(nowMs)
      case OPCODES.READY_FOR_TRANSITION:
        return takeReady(state, arrived, nowMs)
      case OPCODES.EXECUTE_TRANSITION:
        return takeExecute(state, arrived, nowMs)
      case OPCODES.ABORT_TRANSITION:
        return takeAbort(state, arrived)
      case OPCODES.GROUP_STATE_DIGEST_REQUEST:
        return takeDigestRequest(state, message, senderId, nowMs)
      case OPCODES.GROUP_STATE_DIGEST_RESPONSE:
        return takeDigestResponse(state, message, senderId, nowMs)
      case OPCODES.REPORT_INVALID_COMMIT:
        return takeInvalidCommit(state, message, senderId, nowMs)
      case OPCODES.CAPABILITIES_ADVERTISE:
        return takeCapabilities(state, message, senderId, nowMs)
      case OPCODES.ACK:
        return
      case OPCODES.NACK:
        return this.#takeNack(message, senderId)
      default:
        return refuse(state, message, senderId, "STREAM_POLICY_VIOLATION")
    }
  }

  /** What was said of the transition that we are ready for before we heard of it. */
  #takeEarly(nowMs: number): void {
    const { pending } = this.#state
    if (pending.at !== "ready") return
    for (const early of takeEarly(this.#state, pending.transitionId)) this.#take(early, nowMs)
  }

  #takeNack(message: ControlMessage, senderId: number): void {
    const error = decodedOrUndefined(() => decodeErrorObject(message.args))
    if (error === undefined) return refuse(this.#state, message, senderId, "STREAM_POLICY_VIOLATION")
    this.#state.events.push({ kind: "nacked", senderId, requestId: message.requestId, code: error.code })
  }

  #mindTheCoordinator(nowMs: number): void {
    const state = this.#state
    const { heartbeatMs, coordinatorGraceMs } = state.limits
    if (!isCoordinator(state)) {
      if (state.claimAtMs !== undefined && nowMs >= state.claimAtMs) claim(state, nowMs)
      else if (nowMs >= this.#nextTurnMs()) coordinatorIsSilent(state, nowMs)
    } else if (state.group.memberIds.length > 1) {
      if (nowMs - state.othersHeardMs >= coordinatorGraceMs) nobodyIsHeard(state, nowMs)
      if (nowMs - state.spokeAtMs >= heartbeatMs) beat(state, encodeCoordinatorClaim(), nowMs)
    }
  }

  #wakeAtMs(): number | undefined {
    const state = this.#state
    if (state.endpoint === "failed" || state.endpoint === "closed") return undefined
    const { pending, limits } = state
    const times: number[] = []
    if (pending.at === "coordinating") times.push(pending.abortAtMs, pending.askAgainAtMs)
    if (pending.at === "candidate") times.push(pending.askAgainAtMs)
    if (pending.at === "ready" || pending.at === "candidate") times.push(pending.executeByMs)
    if (state.asked !== undefined || state.endpoint === "resyncing") times.push(state.lastAskedMs + limits.askEveryMs)
    if (state.claimAtMs !== undefined) times.push(state.claimAtMs)
    if (!isCoordinator(state)) times.push(this.#nextTurnMs())
    else if (state.group.memberIds.length > 1) times.push(state.spokeAtMs + limits.heartbeatMs)
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /** When one more grace time of the coordinator's silence is over. */
  #nextTurnMs(): number {
    const { coordinatorHeardMs, silentTurns, limits } = this.#state
    return coordinatorHeardMs + (silentTurns + 1) * limits.coordinatorGraceMs
  }

  #step(): LiveStep<Change> {
    const { frames, events } = this.#state
    this.#state.frames = []
    this.#state.events = []
    return { frames, events, wakeAtMs: this.#wakeAtMs() }
  }
}

/** True for what somebody said who was removed: keys of past epochs are kept, and they can seal there for as long. */
function isOfFormerMember<Change>({ group }: LiveState<Change>, { epoch, senderId }: Arrived): boolean {
  return epoch < group.epoch && !group.memberIds.includes(senderId)
}
