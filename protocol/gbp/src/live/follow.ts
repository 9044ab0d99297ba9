import type { ControlMessage } from "../control.ts"
import { decodeAbort, encodeInvalidCommit } from "../control-args.ts"
import type { ErrorName } from "../error-registry.ts"
import { decodedOrUndefined, equalBytes } from "@qpc/wire"
import type { Arrived } from "./arrived.ts"
import { askHowThingsStand } from "./ask.ts"
import { beginNext } from "./coordinate.ts"
import { finishTransition } from "./finish-transition.ts"
import { mayTakeOver, takeOver } from "./handover.ts"
import { become, codeOf, controlMessage, fail, IDLE, refuse, send } from "./live-state.ts"
import type { LiveState } from "./live-state.ts"

/** How far a transition may be above the last, and a member id above the one before: nobody uses them all up with one message. */
const NUMBER_STEP_MAX = 65_536

/** The coordinator wants a commit followed: checks it, holds it, and says that we are ready (GBP control plane, "Prepare"). */
export function takePrepare<Change>(state: LiveState<Change>, arrived: Arrived, nowMs: number): void {
  const { message, senderId, epoch } = arrived
  const { transitionId } = message
  if (epoch !== state.group.epoch) return refuse(state, message, senderId, "EPOCH_MISMATCH")
  const { lastTransitionId } = state
  const isNext = transitionId > lastTransitionId && transitionId <= lastTransitionId + NUMBER_STEP_MAX
  if (!isNext) return refuse(state, message, senderId, "TRANSITION_MISMATCH")
  if (senderId !== state.coordinatorId && !isPromised(state, message, senderId)) {
    // Whoever took the place of a coordinator that is gone may have said so while we were not there.
    if (!mayTakeOver(state, senderId, nowMs)) return refuse(state, message, senderId, "STREAM_POLICY_VIOLATION")
    takeOver(state, senderId, nowMs)
  }
  const { pending } = state
  if (pending.at === "coordinating") return refuse(state, message, senderId, "TRANSITION_IN_PROGRESS")
  if (pending.at === "ready") {
    if (pending.transitionId === transitionId && pending.senderId === senderId) {
      // It asks again: our answer may be lost. Another commit under the same number is another matter.
      if (equalBytes(pending.prepare.args, message.args)) return answerReady(state, senderId, transitionId)
      return refuse(state, message, senderId, "TRANSITION_IN_PROGRESS")
    }
    if (transitionId <= pending.transitionId) return refuse(state, message, senderId, "TRANSITION_IN_PROGRESS")
    // Whoever begins another in this epoch has not executed this one, and never will: we did not hear that it was given up.
    giveUp(state, pending, "TRANSITION_MISMATCH")
  }
  if (state.pending.at === "candidate") return refuse(state, message, senderId, "TRANSITION_IN_PROGRESS")
  stage(state, arrived, nowMs)
}

function stage<Change>(state: LiveState<Change>, { message, senderId, frame }: Arrived, nowMs: number): void {
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
  state.promise = { transitionId, senderId, commitHash: state.group.hash(args) }
  state.pending = { at: "ready", transitionId, senderId, staged, prepare: message, prepareFrame: frame, executeByMs }
  answerReady(state, senderId, transitionId)
}

/**
 * True for what we said to be ready for in this epoch, and gave up because its coordinator was silent. If it was executed after all, this
 * is how we hear of it.
 */
function isPromised<Change>({ promise, group }: LiveState<Change>, message: ControlMessage, senderId: number): boolean {
  if (promise === undefined || promise.transitionId !== message.transitionId) return false
  return promise.senderId === senderId && equalBytes(promise.commitHash, group.hash(message.args))
}

/** Drops what we are ready for. */
function giveUp<Change>(
  state: LiveState<Change>,
  { transitionId }: { readonly transitionId: number },
  name: ErrorName,
): void {
  state.group.clear()
  state.pending = IDLE
  state.events.push({ kind: "transition_aborted", transitionId, code: codeOf(name) })
}

/** True for ids that go up from the highest that there was, each by no more than a step: a leap would leave nobody else any. */
function areFresh(joined: readonly number[], highestMemberId: number): boolean {
  return joined.every((memberId, at) => {
    const before = at === 0 ? highestMemberId : joined[at - 1]!
    return memberId > before && memberId <= before + NUMBER_STEP_MAX
  })
}

/** Says that we are ready; what the coordinator may not have heard is said again. */
export function answerReady<Change>(state: LiveState<Change>, to: number, transitionId: number): void {
  // For which commit: the number alone may be that of another coordinator's transition.
  const commitHash = state.promise?.commitHash
  send(state, to, controlMessage(state, "READY_FOR_TRANSITION", transitionId, commitHash))
}

/** The coordinator counted everybody: takes the commit into effect (GBP control plane, "Execute"). */
export function takeExecute<Change>(state: LiveState<Change>, arrived: Arrived, nowMs: number): void {
  const { message, senderId, epoch, frame } = arrived
  const { pending } = state
  const { transitionId } = message
  const isPending = (pending.at === "ready" || pending.at === "candidate") && pending.transitionId === transitionId
  // A newcomer is in the new epoch already; everybody else has it held.
  const isOfNext = epoch === state.group.epoch + (pending.at === "ready" ? 1n : 0n)
  if (!isPending || !isOfNext) {
    // Again what we did already. What lies ahead of us, we missed the beginning of.
    if (transitionId > state.lastTransitionId && senderId === state.coordinatorId) askHowThingsStand(state, nowMs)
    return refuse(state, message, senderId, "TRANSITION_MISMATCH")
  }
  if (pending.senderId !== senderId) return refuse(state, message, senderId, "STREAM_POLICY_VIOLATION")
  if (pending.at === "candidate") return comeIn(state, nowMs)
  state.group.merge()
  const messages = [pending.prepare, message]
  const frames = { prepare: pending.prepareFrame, execute: frame }
  finishTransition(state, { transitionId, staged: pending.staged, messages, frames }, nowMs)
  beginNext(state, nowMs)
}

/** We are let in: what we came in by was executed. */
export function comeIn<Change>(state: LiveState<Change>, nowMs: number): void {
  const { pending } = state
  if (pending.at !== "candidate") return
  const { transitionId } = pending
  finishTransition(state, { transitionId, staged: { joined: [], left: [] }, messages: [], frames: undefined }, nowMs)
  if (state.endpoint === "resyncing") become(state, "active")
}

/** The coordinator gave its transition up: what was held is dropped (GBP control plane, "Abort"). */
export function takeAbort<Change>(state: LiveState<Change>, { message, senderId, epoch }: Arrived): void {
  const { pending } = state
  if (pending.at !== "ready" || pending.transitionId !== message.transitionId || epoch !== state.group.epoch) {
    return refuse(state, message, senderId, "TRANSITION_MISMATCH")
  }
  if (pending.senderId !== senderId) return refuse(state, message, senderId, "STREAM_POLICY_VIOLATION")
  const code = decodedOrUndefined(() => ({ code: decodeAbort(message.args) ?? 0 }))
  if (code === undefined) return refuse(state, message, senderId, "STREAM_POLICY_VIOLATION")
  state.group.clear()
  state.pending = IDLE
  state.events.push({ kind: "transition_aborted", transitionId: message.transitionId, code: code.code })
}

/**
 * Nobody executed what we are ready for. It may have been executed all the same, so nothing is dropped before somebody said how
 * things stand. A newcomer whom nobody answers for as long again was not let in: the others do not have its epoch.
 */
export function executionIsLate<Change>(state: LiveState<Change>, nowMs: number): void {
  const { pending } = state
  if (pending.at !== "ready" && pending.at !== "candidate") return
  if (pending.at === "candidate" && state.endpoint === "resyncing") return fail(state, "EXECUTE_TIMEOUT")
  state.pending = { ...pending, executeByMs: nowMs + state.limits.executeMs }
  become(state, "resyncing")
  askHowThingsStand(state, nowMs)
}
