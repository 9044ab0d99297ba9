import { encodeDigestRequest } from "../control-args.ts"
import { controlMessage, send } from "./live-state.ts"
import type { LiveState } from "./live-state.ts"

/**
 * Asks one member how things stand: the coordinator first, then the others in the order of their ids, one each `askEveryMs`.
 *
 * The question is sealed in our epoch. Who is ahead has the keys of the last epochs still, and answers with the frames that led on
 * from here, as their authors sealed them, and with a digest in the epoch where they end.
 */
export function askHowThingsStand<Change>(state: LiveState<Change>, nowMs: number): void {
  if (nowMs - state.lastAskedMs < state.limits.askEveryMs) return
  const others = state.group.memberIds.filter((id) => id !== state.ownId)
  const memberId = [state.coordinatorId, ...others].find((id) => others.includes(id) && !state.askedInVain.has(id))
  state.lastAskedMs = nowMs
  // Nobody answers. That says nothing of where we stand: they are asked again, all of them.
  if (memberId === undefined) return state.askedInVain.clear()
  ask(state, memberId)
}

/** Asks everybody at once, as whoever is about to take the coordinator's place has to: somebody may have gone on. */
export function askEverybody<Change>(state: LiveState<Change>, nowMs: number): void {
  state.lastAskedMs = nowMs
  ask(state, "all")
}

function ask<Change>(state: LiveState<Change>, to: number | "all"): void {
  state.asked = to
  const args = encodeDigestRequest({ sinceTransitionId: state.lastTransitionId, sinceEpoch: state.group.epoch })
  send(state, to, controlMessage(state, "GROUP_STATE_DIGEST_REQUEST", state.lastTransitionId, args))
}
