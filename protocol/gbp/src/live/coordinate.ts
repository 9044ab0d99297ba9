import type { ControlMessage } from "../control.ts"
import { decodeInvalidCommit, encodeAbort } from "../control-args.ts"
import type { ErrorName } from "../error-registry.ts"
import { decodedOrUndefined, equalBytes } from "@qpc/wire"
import type { Arrived } from "./arrived.ts"
import { noteDeparture } from "./departure.ts"
import { areFresh } from "./fresh-ids.ts"
import { finishTransition } from "./finish-transition.ts"
import { giveUp } from "./give-up.ts"
import { codeOf, controlMessage, failChange, IDLE, refuse, send } from "./live-state.ts"
import type { LiveState, Pending } from "./live-state.ts"
import { isExecuting } from "./promised.ts"

type Coordinating<Change> = Extract<Pending<Change>, { at: "coordinating" }>

/** True if we may begin transitions. */
export function isCoordinator<Change>(state: LiveState<Change>): boolean {
  return state.coordinatorId === state.ownId
}

/** Begins the next change that waits, if nothing is under way (GBP control plane, "Single-pending transition"). */
export function beginNext<Change>(state: LiveState<Change>, nowMs: number): void {
  const { pending } = state
  const isWanted = state.endpoint === "active" && isCoordinator(state) && state.queue.length > 0
  // Of somebody before us, and nobody has shown that it was executed.
  if (isWanted && pending.at === "ready" && !isExecuting(state, nowMs)) giveUp(state, pending, "COORDINATOR_GONE")
  while (state.endpoint === "active" && isCoordinator(state) && state.pending.at === "idle") {
    const wanted = state.queue.shift()
    if (wanted === undefined) return
    const staged = state.group.stageOwn(wanted.change)
    if (staged.kind === "done") state.events.push({ kind: "change_done", change: wanted.change })
    else if (staged.kind === "refused") failChange(state, wanted, "COMMIT_INVALID")
    else if (!areFresh(staged.joined, state.highestMemberId)) {
      state.group.clear()
      failChange(state, wanted, "COMMIT_INVALID")
    } else prepare(state, { wanted, staged }, nowMs)
  }
}

/** Everybody is asked but those who leave: they must not hold up their own removal. */
function prepare<Change>(
  state: LiveState<Change>,
  { wanted, staged }: Pick<Coordinating<Change>, "wanted" | "staged">,
  nowMs: number,
): void {
  const transitionId = ++state.highestTransitionId
  const stay = state.group.memberIds.filter((id) => id !== state.ownId && !staged.left.includes(id))
  const message = controlMessage(state, "PREPARE_TRANSITION", transitionId, staged.commit)
  const prepareFrame = state.group.seal(message)
  for (const to of stay) state.frames.push({ to, bytes: prepareFrame })
  if (staged.welcome !== undefined) {
    state.events.push({ kind: "welcome", to: staged.joined, welcome: staged.welcome, transitionId })
  }
  state.spokeAtMs = nowMs
  const waitingFor = new Set([...stay, ...staged.joined])
  const { prepareMs, quorumGraceMs, askEveryMs } = state.limits
  state.pending = {
    at: "coordinating",
    transitionId,
    wanted,
    staged,
    prepare: message,
    prepareFrame,
    waitingFor,
    readies: new Map(),
    abortAtMs: nowMs + prepareMs + quorumGraceMs,
    askAgainAtMs: nowMs + askEveryMs,
  }
  if (waitingFor.size === 0) execute(state, state.pending, nowMs)
}

/** Asks those again who are not ready. Sealed anew: who opened the first frame could not open it a second time. */
export function askAgain<Change>(state: LiveState<Change>, pending: Coordinating<Change>, nowMs: number): void {
  state.pending = { ...pending, askAgainAtMs: nowMs + state.limits.askEveryMs }
  // Newcomers have no keys of this epoch; they say by themselves that they are ready.
  const asked = state.group.memberIds.filter((id) => pending.waitingFor.has(id))
  if (asked.length === 0) return
  const bytes = state.group.seal(pending.prepare)
  for (const to of asked) state.frames.push({ to, bytes })
}

/** A member is ready for our commit. */
export function countReady<Change>(
  state: LiveState<Change>,
  pending: Coordinating<Change>,
  { senderId, frame }: Arrived,
  nowMs: number,
): void {
  pending.readies.set(senderId, frame)
  pending.waitingFor.delete(senderId)
  if (pending.waitingFor.size === 0) execute(state, pending, nowMs)
}

/**
 * Everybody is ready: takes the commit into effect and says so in the new epoch, which all of them can open. Those who are removed
 * cannot: they are told in the old one, while we can still seal there.
 */
function execute<Change>(state: LiveState<Change>, pending: Coordinating<Change>, nowMs: number): void {
  const { transitionId, staged, wanted, prepare: prepareMessage, prepareFrame, readies } = pending
  const message = controlMessage(state, "EXECUTE_TRANSITION", transitionId)
  const notice = staged.left.length === 0 ? [] : [prepareFrame, state.group.seal(message)]
  for (const to of staged.left) for (const bytes of notice) state.frames.push({ to, bytes })
  noteDeparture(state, { transitionId, coordinatorId: state.ownId, commitHash: state.group.hash(staged.commit) })
  state.group.merge()
  const executeFrame = state.group.seal(message)
  const others = state.group.memberIds.filter((id) => id !== state.ownId)
  for (const to of others) {
    // Kept for those who are removed, should we be gone when they ask.
    if (!staged.joined.includes(to)) for (const bytes of notice.slice(1)) state.frames.push({ to, bytes })
    state.frames.push({ to, bytes: executeFrame })
  }
  state.spokeAtMs = nowMs
  state.events.push({ kind: "change_done", change: wanted.change })
  const frames = [prepareFrame, ...readies.values(), ...notice.slice(1), executeFrame]
  const messages = [prepareMessage, message]
  finishTransition(state, { transitionId, executedBy: state.ownId, staged, messages, frames, notice }, nowMs)
  beginNext(state, nowMs)
}

/**
 * A member cannot follow our commit: it is given up, and the same bytes are never tried again; the change is made anew. Nobody can prove that
 * they cannot, so they are named.
 *
 * That it heard of another commit under the same number is no reason to give ours up: we made only one, so whoever told it lied, and their
 * true word, which we wait for, is handed to it. Nor can anybody take a word back that they gave us.
 */
export function takeInvalidCommit<Change>(
  state: LiveState<Change>,
  message: ControlMessage,
  senderId: number,
  nowMs: number,
): void {
  const report = decodedOrUndefined(() => decodeInvalidCommit(message.args))
  if (report?.commitHash === undefined) return refuse(state, message, senderId, "STREAM_POLICY_VIOLATION")
  const { pending } = state
  const isOurs =
    pending.at === "coordinating" &&
    pending.transitionId === report.transitionId &&
    equalBytes(report.commitHash, state.group.hash(pending.staged.commit))
  const isAsked = isOurs && (pending.waitingFor.has(senderId) || pending.readies.has(senderId))
  if (!isAsked) return refuse(state, message, senderId, "TRANSITION_MISMATCH")
  const { transitionId, reasonCode: code } = report
  state.events.push({ kind: "commit_reported", transitionId, senderId, code })
  if (code === codeOf("TRANSITION_MISMATCH") || pending.readies.has(senderId)) return
  const { wanted } = pending
  const objectors = [...new Set([...wanted.objectors, senderId])]
  abort(state, { ...pending, wanted: { ...wanted, objectors } }, "COMMIT_INVALID", nowMs)
}

/** Gives the transition up and tries the change again, as often as the limits allow. */
export function abort<Change>(
  state: LiveState<Change>,
  { transitionId, staged, wanted, waitingFor }: Coordinating<Change>,
  name: ErrorName,
  nowMs: number,
): void {
  state.group.clear()
  state.pending = IDLE
  const args = encodeAbort(codeOf(name))
  const frame = state.group.seal(controlMessage(state, "ABORT_TRANSITION", transitionId, args))
  const stay = state.group.memberIds.filter((id) => id !== state.ownId && !staged.left.includes(id))
  for (const to of stay) state.frames.push({ to, bytes: frame })
  state.spokeAtMs = nowMs
  state.aborts.set(state.ownId, { transitionId, frame })
  state.events.push({ kind: "transition_aborted", transitionId, code: codeOf(name) })
  // Whoever had no time to answer was not silent.
  const silent = name === "READY_TIMEOUT" ? [...waitingFor] : []
  if (wanted.attempt >= state.limits.attempts) failChange(state, wanted, name, silent)
  else state.queue.unshift({ ...wanted, attempt: wanted.attempt + 1 })
  beginNext(state, nowMs)
}

/** Says to all that we are there, where we have said nothing else for long. */
export function beat<Change>(state: LiveState<Change>, args: Uint8Array, nowMs: number): void {
  send(state, "all", controlMessage(state, "CAPABILITIES_ADVERTISE", state.lastTransitionId, args))
  state.spokeAtMs = nowMs
}
