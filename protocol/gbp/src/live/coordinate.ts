import type { ControlMessage } from "../control.ts"
import { decodeInvalidCommit, encodeAbort } from "../control-args.ts"
import type { ErrorName } from "../error-registry.ts"
import { decodedOrUndefined, equalBytes } from "@qpc/wire"
import type { Arrived } from "./arrived.ts"
import { finishTransition } from "./finish-transition.ts"
import { codeOf, controlMessage, IDLE, refuse, send } from "./live-state.ts"
import type { LiveState, Pending } from "./live-state.ts"

type Coordinating<Change> = Extract<Pending<Change>, { at: "coordinating" }>

/** True if we may begin transitions. */
export function isCoordinator<Change>(state: LiveState<Change>): boolean {
  return state.coordinatorId === state.ownId
}

/** Begins the next change that waits, if nothing is under way (GBP control plane, "Single-pending transition"). */
export function beginNext<Change>(state: LiveState<Change>, nowMs: number): void {
  while (state.endpoint === "active" && isCoordinator(state) && state.pending.at === "idle") {
    const wanted = state.queue.shift()
    if (wanted === undefined) return
    const staged = state.group.stageOwn(wanted.change)
    if (staged.kind === "done") state.events.push({ kind: "change_done", change: wanted.change })
    else if (staged.kind === "refused") failChange(state, wanted, "COMMIT_INVALID", [])
    else prepare(state, { wanted, staged }, nowMs)
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
  const abortAtMs = nowMs + state.limits.prepareMs + state.limits.quorumGraceMs
  state.pending = {
    at: "coordinating",
    transitionId,
    wanted,
    staged,
    prepare: message,
    prepareFrame,
    waitingFor,
    abortAtMs,
  }
  if (waitingFor.size === 0) execute(state, state.pending, nowMs)
}

/** A member is ready. One who says it twice counts once. */
export function takeReady<Change>(state: LiveState<Change>, arrived: Arrived, nowMs: number): void {
  const { message, senderId, epoch } = arrived
  const { pending } = state
  if (pending.at !== "coordinating" || pending.transitionId !== message.transitionId) {
    return refuse(state, message, senderId, "TRANSITION_MISMATCH")
  }
  const isAsked = state.group.memberIds.includes(senderId) || pending.staged.joined.includes(senderId)
  if (!isAsked || pending.staged.left.includes(senderId)) {
    return refuse(state, message, senderId, "STREAM_POLICY_VIOLATION")
  }
  const isOfRightEpoch = epoch === state.group.epoch + (pending.staged.joined.includes(senderId) ? 1n : 0n)
  if (!isOfRightEpoch) return refuse(state, message, senderId, "EPOCH_MISMATCH")
  // A newcomer is bound to the commit by its epoch.
  const isNewcomer = pending.staged.joined.includes(senderId)
  const isForThis = isNewcomer || equalBytes(message.args, state.group.hash(pending.staged.commit))
  if (!isForThis) return refuse(state, message, senderId, "TRANSITION_MISMATCH")
  pending.waitingFor.delete(senderId)
  if (pending.waitingFor.size === 0) execute(state, pending, nowMs)
}

/** Everybody is ready: takes the commit into effect and says so in the new epoch, which all of them can open. */
function execute<Change>(state: LiveState<Change>, pending: Coordinating<Change>, nowMs: number): void {
  const { transitionId, staged, wanted, prepare: prepareMessage, prepareFrame } = pending
  const message = controlMessage(state, "EXECUTE_TRANSITION", transitionId)
  state.group.merge()
  const executeFrame = state.group.seal(message)
  for (const to of state.group.memberIds) if (to !== state.ownId) state.frames.push({ to, bytes: executeFrame })
  state.spokeAtMs = nowMs
  state.events.push({ kind: "change_done", change: wanted.change })
  const frames = { prepare: prepareFrame, execute: executeFrame }
  finishTransition(state, { transitionId, staged, messages: [prepareMessage, message], frames }, nowMs)
  beginNext(state, nowMs)
}

/** A member cannot follow our commit. The same bytes are never tried again: the change is made anew. */
export function takeInvalidCommit<Change>(
  state: LiveState<Change>,
  message: ControlMessage,
  senderId: number,
  nowMs: number,
): void {
  const report = decodedOrUndefined(() => decodeInvalidCommit(message.args))
  if (report === undefined) return refuse(state, message, senderId, "STREAM_POLICY_VIOLATION")
  const { pending } = state
  const isOurs =
    pending.at === "coordinating" &&
    pending.transitionId === report.transitionId &&
    equalBytes(report.commitHash, state.group.hash(pending.staged.commit))
  if (!isOurs || !pending.waitingFor.has(senderId)) return refuse(state, message, senderId, "TRANSITION_MISMATCH")
  abort(state, pending, "COMMIT_INVALID", nowMs)
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
  state.events.push({ kind: "transition_aborted", transitionId, code: codeOf(name) })
  if (wanted.attempt >= state.limits.attempts) failChange(state, wanted, name, [...waitingFor])
  else state.queue.unshift({ change: wanted.change, attempt: wanted.attempt + 1 })
  beginNext(state, nowMs)
}

/** Says to all that we are there, where we have said nothing else for long. */
export function beat<Change>(state: LiveState<Change>, args: Uint8Array, nowMs: number): void {
  send(state, "all", controlMessage(state, "CAPABILITIES_ADVERTISE", state.lastTransitionId, args))
  state.spokeAtMs = nowMs
}

function failChange<Change>(
  state: LiveState<Change>,
  { change }: { readonly change: Change },
  name: ErrorName,
  silent: readonly number[],
): void {
  state.events.push({ kind: "change_failed", change, code: codeOf(name), silent })
}
