import type { ControlMessage } from "../control.ts"
import { encodeCoordinatorClaim, isCoordinatorClaim } from "../control-args.ts"
import { askEverybody, askHowThingsStand } from "./ask.ts"
import { abort, beat, isCoordinator } from "./coordinate.ts"
import { tellDepartures } from "./departure.ts"
import { become, codeOf, controlMessage, failQueue, IDLE, refuse, send } from "./live-state.ts"
import type { LiveState } from "./live-state.ts"
import { isExecuting } from "./promised.ts"
import { signOfLife } from "./sign-of-life.ts"

/**
 * A claim to be coordinator, or a sign of life of who is, which is the same message (GBP control plane, "Coordinator role"). Signs of
 * life are answered, so that a coordinator knows whether anybody hears it.
 */
export function takeCapabilities<Change>(
  state: LiveState<Change>,
  message: ControlMessage,
  senderId: number,
  nowMs: number,
): void {
  if (!isCoordinatorClaim(message.args)) return
  if (senderId !== state.coordinatorId) {
    if (!mayTakeOver(state, senderId, nowMs)) return refuse(state, message, senderId, "STREAM_POLICY_VIOLATION")
    takeOver(state, senderId, nowMs)
  }
  send(state, senderId, { ...controlMessage(state, "ACK", message.transitionId), requestId: message.requestId })
}

/**
 * Whether somebody may be coordinator in place of the present one: it must have been silent for the grace time, or be no member any
 * more, or have taken the place only just now with a higher id than theirs. A coordinator that is heard gives way to nobody, and nobody to
 * who is no member: a newcomer of an epoch that is only staged speaks before it is let in.
 */
export function mayTakeOver<Change>(state: LiveState<Change>, senderId: number, nowMs: number): boolean {
  const { claimedAtMs, coordinatorId, limits, group } = state
  const isRace =
    claimedAtMs !== undefined && nowMs - claimedAtMs < limits.coordinatorGraceMs && senderId < coordinatorId
  if (!group.memberIds.includes(senderId)) return false
  if (isCoordinator(state)) return state.isIsolated || isRace
  const isGone = !group.memberIds.includes(coordinatorId)
  return isGone || isRace || nowMs - state.coordinatorHeardMs >= limits.coordinatorGraceMs
}

/** Somebody is coordinator from now on. What we had begun ourselves is given up. */
export function takeOver<Change>(state: LiveState<Change>, coordinatorId: number, nowMs: number): void {
  const { pending } = state
  state.isIsolated = false
  state.claimAtMs = undefined
  state.coordinatorId = coordinatorId
  if (pending.at === "coordinating") abort(state, pending, "COORDINATOR_GONE", nowMs)
  failQueue(state, "COORDINATOR_GONE")
  // What is handed to us afterwards says nothing of who is there now.
  if (state.asked === undefined) {
    state.claimedAtMs = nowMs
    signOfLife(state, nowMs)
  }
  state.events.push({ kind: "coordinator_changed", coordinatorId })
}

/**
 * The coordinator is silent for one more grace time. The lowest of the others takes its place at once and tells everybody; each of those above
 * waits one grace time longer for whoever is before them.
 */
export function coordinatorIsSilent<Change>(state: LiveState<Change>, nowMs: number): void {
  const gone = state.coordinatorId
  const before = state.group.memberIds.filter((id) => id !== gone && id < state.ownId)
  state.silentTurns++
  if (state.silentTurns === 1) state.events.push({ kind: "coordinator_gone", coordinatorId: gone })
  if (state.silentTurns <= before.length || state.claimAtMs !== undefined) return
  askEverybody(state, nowMs)
  state.claimAtMs = nowMs + state.limits.askEveryMs
}

/** Everybody had time to tell of a transition that we missed. What is not executed by now is given up. */
export function claim<Change>(state: LiveState<Change>, nowMs: number): void {
  if (isExecuting(state, nowMs)) {
    askEverybody(state, nowMs)
    state.claimAtMs = nowMs + state.limits.askEveryMs
    return
  }
  state.asked = undefined
  const { pending } = state
  if (pending.at === "ready") {
    state.group.clear()
    state.pending = IDLE
    state.events.push({
      kind: "transition_aborted",
      transitionId: pending.transitionId,
      code: codeOf("COORDINATOR_GONE"),
    })
  }
  takeOver(state, state.ownId, nowMs)
  if (state.endpoint === "resyncing") become(state, "active")
  state.othersHeardMs = nowMs
  beat(state, encodeCoordinatorClaim(), nowMs)
}

/**
 * We are coordinator and nobody is heard: the others may have another one by now, and we give way to whoever says so. What we begin
 * meanwhile finds no quorum, unless nobody is left whose word it needs.
 */
export function nobodyIsHeard<Change>(state: LiveState<Change>, nowMs: number): void {
  state.isIsolated = true
  askHowThingsStand(state, nowMs)
  // They may have gone another way without us: what we seal now they cannot open.
  tellDepartures(state, "all", nowMs)
}
