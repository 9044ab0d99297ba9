import { decodedOrUndefined } from "@qpc/wire"
import { decodeAbort, encodeInvalidCommit, OPCODES } from "../control-args.ts"
import type { ErrorName } from "../error-registry.ts"
import type { Arrived } from "./arrived.ts"
import { askHowThingsStand } from "./ask.ts"
import { beginNext, isCoordinator } from "./coordinate.ts"
import { noteDeparture } from "./departure.ts"
import { keepEarly } from "./early.ts"
import { areFresh } from "./fresh-ids.ts"
import { finishTransition } from "./finish-transition.ts"
import { giveUp } from "./give-up.ts"
import { mayTakeOver, takeOver } from "./handover.ts"
import { become, codeOf, controlMessage, fail, IDLE, NUMBER_STEP_MAX, refuse, send } from "./live-state.ts"
import type { LiveState, Pending } from "./live-state.ts"
import {
  framesOf,
  isExecuting,
  isWordLost,
  keepPrepare,
  lastPromise,
  membersAfter,
  promise,
  promiseOf,
  voidPromises,
} from "./promised.ts"
import type { Promised } from "./promised.ts"
import { encodeReady } from "./ready-args.ts"

type Following<Change> = Extract<Pending<Change>, { at: "ready" }>

/** The coordinator wants a commit followed: checks it, holds it, and says that we are ready (GBP control plane, "Prepare"). */
export function takePrepare<Change>(state: LiveState<Change>, arrived: Arrived, nowMs: number): void {
  const { message, senderId, epoch } = arrived
  const { transitionId } = message
  if (epoch !== state.group.epoch) return refuse(state, message, senderId, "EPOCH_MISMATCH")
  if (!isAhead(state, transitionId)) return refuse(state, message, senderId, "TRANSITION_MISMATCH")
  keepPrepare(state, arrived)
  const promised = promiseOf(state, arrived)
  const isKnown = promised !== undefined && promised === lastPromise(state)
  if (senderId !== state.coordinatorId && !isKnown) {
    // Whoever took the place of a coordinator that is gone may have said so while we were not there.
    if (!mayTakeOver(state, senderId, nowMs)) return refuse(state, message, senderId, "STREAM_POLICY_VIOLATION")
    takeOver(state, senderId, nowMs)
  }
  const objection = isKnown ? undefined : objectionTo(state, arrived)
  if (objection !== undefined) return refuse(state, message, senderId, objection)
  const { pending } = state
  if (pending.at === "coordinating" || pending.at === "candidate") {
    return refuse(state, message, senderId, "TRANSITION_IN_PROGRESS")
  }
  // It asks again: our answer may be lost.
  if (pending.at === "ready" && isKnown && pending.promised === promised) return sayReady(state, pending, senderId)
  if (isExecuting(state, nowMs)) return refuse(state, message, senderId, "TRANSITION_IN_PROGRESS")
  // Whoever begins another in this epoch has not executed this one, and never will: we did not hear that it was given up.
  if (pending.at === "ready") giveUp(state, pending, "TRANSITION_MISMATCH")
  stage(state, arrived, nowMs)
}

/** Numbers only go up, or we would be bound to two transitions at once. What was given up does not come back. */
function objectionTo<Change>(state: LiveState<Change>, { message, senderId }: Arrived): ErrorName | undefined {
  const { transitionId } = message
  const before = lastPromise(state)
  if ((state.aborts.get(senderId)?.transitionId ?? 0) >= transitionId) return "TRANSITION_MISMATCH"
  if (before === undefined || transitionId > before.transitionId) return undefined
  const isSecond = before.transitionId === transitionId && before.coordinatorId === senderId
  // Two commits under one number, both signed by the coordinator.
  if (isSecond) state.events.push({ kind: "preparation_divided", coordinatorId: senderId, transitionId, senderId })
  return "TRANSITION_IN_PROGRESS"
}

function stage<Change>(state: LiveState<Change>, arrived: Arrived, nowMs: number): void {
  const { message, senderId } = arrived
  const { transitionId, args } = message
  const staged = state.group.stageReceived(args, senderId)
  const isFresh = staged !== undefined && areFresh(staged.joined, state.highestMemberId)
  if (staged !== undefined && !isFresh) state.group.clear()
  if (staged === undefined || !isFresh) {
    const report = { transitionId, reasonCode: codeOf("COMMIT_INVALID"), commitHash: state.group.hash(args) }
    state.events.push({ kind: "refused", senderId, opcode: message.opcode, code: codeOf("COMMIT_INVALID") })
    send(state, senderId, controlMessage(state, "REPORT_INVALID_COMMIT", transitionId, encodeInvalidCommit(report)))
    return
  }
  state.highestTransitionId = Math.max(state.highestTransitionId, transitionId)
  const executeByMs = nowMs + state.limits.executeMs
  const promised = promiseOf(state, arrived) ?? promise(state, arrived, staged)
  const pending: Following<Change> = { at: "ready", transitionId, senderId, staged, promised, executeByMs }
  state.pending = pending
  // Who is removed is not asked.
  if (!staged.left.includes(state.ownId)) sayReady(state, pending, "all")
  followIfAllAreReady(state, nowMs)
}

/** Holds again what we gave up, without a word, to see whether it was executed after all. */
export function lookAgain<Change>(state: LiveState<Change>, promised: Promised, nowMs: number): void {
  const { message, senderId } = promised.prepare
  const staged = state.group.stageReceived(message.args, senderId)
  if (staged === undefined) return
  const { transitionId } = message
  const executeByMs = nowMs + state.limits.executeMs
  state.pending = { at: "ready", transitionId, senderId, staged, promised, executeByMs }
  followIfAllAreReady(state, nowMs)
}

/** Says that we are ready, and for which commit: the number alone may be that of another coordinator's transition. */
function sayReady<Change>(state: LiveState<Change>, pending: Following<Change>, to: number | "all"): void {
  const { transitionId, promised } = pending
  if (pending.staged.left.includes(state.ownId)) return
  const args = encodeReady(promised)
  const frame = send(state, to, controlMessage(state, "READY_FOR_TRANSITION", transitionId, args))
  promised.readies.set(state.ownId, frame)
}

/**
 * Whoever prepared what we are ready for speaks in its epoch, so it has executed it, whatever it says: nobody seals in an epoch that they
 * have not gone on to.
 */
export function noteExecuted<Change>(state: LiveState<Change>, arrived: Arrived, nowMs: number): void {
  const { pending, group } = state
  if (pending.at !== "ready" || pending.senderId !== arrived.senderId || arrived.epoch !== group.epoch + 1n) return
  const { promised } = pending
  if (promised.execute === undefined) {
    promised.execute = arrived
    promised.executedAtMs = nowMs
    // Words take different ways: some may be on theirs still.
    state.pending = { ...pending, executeByMs: Math.min(pending.executeByMs, nowMs + state.limits.askEveryMs) }
  }
  followIfAllAreReady(state, nowMs)
}

/**
 * Somebody speaks in the epoch that we are ready for, so they are bound to its commit: members seal only where they have gone on to, and
 * newcomers have no other epoch. That is their word, though another frame of theirs, that was to say so, did not come or does not open.
 */
export function noteWord<Change>(state: LiveState<Change>, arrived: Arrived, nowMs: number): void {
  const { message, senderId, epoch, frame } = arrived
  const { pending, group } = state
  // Words are kept and handed on, and a preparation may be long.
  if (message.opcode === OPCODES.PREPARE_TRANSITION) return
  if (pending.at !== "ready" || epoch !== group.epoch + 1n) return
  const { readies, members } = pending.promised
  if (readies.has(senderId) || !members.includes(senderId)) return
  readies.set(senderId, frame)
  followIfAllAreReady(state, nowMs)
}

/** Somebody who has gone on handed us what they have. If that does not help, again and again, nothing does but a new invitation. */
export function noteHanded<Change>(state: LiveState<Change>, nowMs: number): void {
  const { pending } = state
  if (pending.at !== "ready" || pending.promised.execute === undefined) return
  pending.promised.handedInVain++
  if (isWordLost(state, nowMs)) fail(state, "EXECUTE_TIMEOUT")
}

/** The coordinator counted everybody (GBP control plane, "Execute"). We follow once we have counted them too. */
export function takeExecute<Change>(state: LiveState<Change>, arrived: Arrived, nowMs: number): void {
  const { message, senderId, epoch, frame } = arrived
  const { pending } = state
  const { transitionId } = message
  // Said again, or to a newcomer who has heard its coordinator before.
  if (transitionId === state.lastTransitionId && senderId === state.executedBy) return
  const isPending = (pending.at === "ready" || pending.at === "candidate") && pending.transitionId === transitionId
  const isNotice = isPending && pending.at === "ready" && epoch === state.group.epoch && pending.staged.left.length > 0
  // A newcomer is in the new epoch already. Everybody else has taken note of it before, if it was of the epoch that they hold.
  const isOfNext = isPending && epoch === state.group.epoch + (pending.at === "ready" ? 1n : 0n)
  if (!isNotice && !isOfNext) {
    // An execution has no arguments, so what is kept is small.
    const mayBeEarly = epoch === state.group.epoch && isAhead(state, transitionId) && message.args.length === 0
    if (mayBeEarly) keepEarly(state, arrived)
    refuse(state, message, senderId, "TRANSITION_MISMATCH")
    // We missed the beginning of it.
    if (transitionId > state.lastTransitionId && senderId === state.coordinatorId) askHowThingsStand(state, nowMs)
    return
  }
  if (pending.senderId !== senderId) {
    return refuse(state, message, senderId, isNotice ? "TRANSITION_MISMATCH" : "STREAM_POLICY_VIOLATION")
  }
  if (isNotice) takeNotice(state, pending, frame, nowMs)
}

function isAhead<Change>({ lastTransitionId }: LiveState<Change>, transitionId: number): boolean {
  return transitionId > lastTransitionId && transitionId <= lastTransitionId + NUMBER_STEP_MAX
}

/**
 * The execution for those who are removed, who have no keys of the new epoch. It proves nothing to anybody else: the others keep it, for
 * those who missed it.
 */
function takeNotice<Change>(
  state: LiveState<Change>,
  pending: Following<Change>,
  frame: Uint8Array,
  nowMs: number,
): void {
  pending.promised.notice = frame
  if (pending.staged.left.includes(state.ownId)) follow(state, pending, nowMs)
}

/**
 * Takes what was executed into effect once everybody in the new epoch has told us, and not only the coordinator, to be ready for the
 * same commit. So a coordinator that prepares one commit for some and another for others gets neither followed.
 */
export function followIfAllAreReady<Change>(state: LiveState<Change>, nowMs: number): void {
  const { pending } = state
  if (pending.at !== "ready" || pending.promised.execute === undefined) return
  const { promised, staged } = pending
  // We only look at it, being bound to something else.
  if (promised !== lastPromise(state)) return
  const others = membersAfter(state, staged).filter((id) => id !== state.ownId && id !== pending.senderId)
  if (others.every((id) => promised.readies.has(id))) follow(state, pending, nowMs)
}

function follow<Change>(state: LiveState<Change>, pending: Following<Change>, nowMs: number): void {
  const { transitionId, senderId, staged, promised } = pending
  const { prepare, execute, notice } = promised
  if (!staged.left.includes(state.ownId)) noteDeparture(state, promised)
  state.group.merge()
  const isSaid = execute?.message.opcode === OPCODES.EXECUTE_TRANSITION
  const messages = isSaid ? [prepare.message, execute.message] : [prepare.message]
  const told = notice === undefined ? [] : [prepare.frame, notice]
  const executed = { transitionId, executedBy: senderId, staged, messages, frames: framesOf(promised), notice: told }
  finishTransition(state, executed, nowMs)
  beginNext(state, nowMs)
}

/** We are let in: what we came in by was executed. */
export function comeIn<Change>(state: LiveState<Change>, frame: Uint8Array, nowMs: number): void {
  const { pending } = state
  if (pending.at !== "candidate") return
  const { transitionId, senderId } = pending
  const staged = { joined: [], left: [] }
  finishTransition(state, { transitionId, executedBy: senderId, staged, messages: [], frames: [], notice: [] }, nowMs)
  state.cameInBy = { frame, epoch: state.group.epoch, coordinatorId: senderId, toldAtMs: Number.NEGATIVE_INFINITY }
  if (state.endpoint === "resyncing") become(state, "active")
}

/**
 * Somebody seals in the epoch before we came in: they may not know that it is over. We cannot read what they ask, but have what shows
 * that it is, and our own word.
 */
export function tellThatItIsOver<Change>(state: LiveState<Change>, nowMs: number): void {
  const { cameInBy, group, limits } = state
  if (cameInBy === undefined || cameInBy.epoch !== group.epoch) return
  if (nowMs - cameInBy.toldAtMs < limits.askEveryMs) return
  state.cameInBy = { ...cameInBy, toldAtMs: nowMs }
  state.frames.push({ to: "all", bytes: cameInBy.frame })
  sayNewcomerIsReady(state, state.lastTransitionId, cameInBy.coordinatorId)
}

/** A newcomer says to everybody that it is ready, again and again: nobody can ask it in its epoch before they are there. */
export function sayCandidateIsReady<Change>(state: LiveState<Change>, nowMs: number): void {
  const { pending } = state
  if (pending.at !== "candidate") return
  sayNewcomerIsReady(state, pending.transitionId, pending.senderId)
  state.pending = { ...pending, askAgainAtMs: nowMs + state.limits.askEveryMs }
}

function sayNewcomerIsReady<Change>(state: LiveState<Change>, transitionId: number, coordinatorId: number): void {
  const args = encodeReady({ coordinatorId, commitHash: undefined })
  send(state, "all", controlMessage(state, "READY_FOR_TRANSITION", transitionId, args))
}

/** The coordinator gave its transition up: what was held is dropped (GBP control plane, "Abort"). */
export function takeAbort<Change>(state: LiveState<Change>, { message, senderId, epoch, frame }: Arrived): void {
  const { pending } = state
  const { transitionId } = message
  if (!isAhead(state, transitionId) || epoch !== state.group.epoch)
    return refuse(state, message, senderId, "TRANSITION_MISMATCH")
  const abort = decodedOrUndefined(() => ({ code: decodeAbort(message.args) ?? 0 }))
  if (abort === undefined) return refuse(state, message, senderId, "STREAM_POLICY_VIOLATION")
  // Kept whoever it is from: it may have overtaken what it gives up, and concerns nobody else's.
  const before = state.aborts.get(senderId)
  if (before === undefined || before.transitionId < transitionId) state.aborts.set(senderId, { transitionId, frame })
  const wanted = state.promises.filter((one) => one.transitionId === transitionId)
  const isTheirs = senderId === state.coordinatorId || wanted.some(({ coordinatorId }) => coordinatorId === senderId)
  if (!isTheirs) {
    return refuse(state, message, senderId, wanted.length === 0 ? "TRANSITION_MISMATCH" : "STREAM_POLICY_VIOLATION")
  }
  voidPromises(state, senderId, transitionId)
  const isOver = pending.at === "ready" && pending.senderId === senderId && pending.transitionId <= transitionId
  if (!isOver) return
  state.group.clear()
  state.pending = IDLE
  state.events.push({ kind: "transition_aborted", transitionId: pending.transitionId, code: abort.code })
}

/** The coordinator stands where we do, so it has given up what one before it prepared. If that turns out to be wrong, we go on from it. */
export function giveUpOthers<Change>(state: LiveState<Change>, nowMs: number): void {
  const { pending, coordinatorId } = state
  if (pending.at !== "ready" || pending.senderId === coordinatorId || isExecuting(state, nowMs)) return
  giveUp(state, pending, "COORDINATOR_GONE")
}

/**
 * Nobody executed what we are ready for. It may have been executed all the same, so nothing is dropped before somebody said how
 * things stand. A newcomer whom nobody answers for as long again was not let in: the others do not have its epoch.
 */
export function executionIsLate<Change>(state: LiveState<Change>, nowMs: number): void {
  const { pending } = state
  if (pending.at !== "ready" && pending.at !== "candidate") return
  if (pending.at === "candidate" && state.endpoint === "resyncing") return fail(state, "EXECUTE_TIMEOUT")
  if (pending.at === "ready" && isCoordinator(state) && !isExecuting(state, nowMs)) {
    // Of somebody before us, and nobody has shown that it was executed.
    giveUp(state, pending, "EXECUTE_TIMEOUT")
    return beginNext(state, nowMs)
  }
  state.pending = { ...pending, executeByMs: nowMs + state.limits.executeMs }
  become(state, "resyncing")
  askHowThingsStand(state, nowMs)
}
