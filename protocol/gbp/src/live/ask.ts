import { encodeDigestRequest } from "../control-args.ts"
import { controlMessage, send } from "./live-state.ts"
import type { LiveState } from "./live-state.ts"

/** Who asks again within this time asks the next one: the one before did not know what we miss. Milliseconds. */
const SAME_QUESTION_MS = 20_000

/**
 * Asks one member how things stand: the coordinator first, then the others in the order of their ids, one each `askEveryMs`.
 *
 * The question is sealed in our epoch. Who is ahead has the keys of the last epochs still, and answers with the frames that led on
 * from here, as their authors sealed them, and with a digest in the epoch where they end.
 *
 * @param ahead - A member who showed to have gone on: they know. A newcomer cannot read the question, and tells what they came in by.
 */
export function askHowThingsStand<Change>(state: LiveState<Change>, nowMs: number, ahead?: number): void {
  const { group, ownId, coordinatorId, askedInVain, limits } = state
  if (nowMs - state.lastAskedMs < limits.askEveryMs) return
  const others = group.memberIds.filter((id) => id !== ownId && id !== coordinatorId)
  const all = group.memberIds.includes(coordinatorId) && coordinatorId !== ownId ? [coordinatorId, ...others] : others
  const left = all.filter((id) => !askedInVain.has(id))
  const isSame = nowMs - state.lastAskedMs < SAME_QUESTION_MS
  const next = isSame ? left[(left.indexOf(state.lastAskedId ?? ownId) + 1) % left.length] : left[0]
  const memberId = ahead ?? next
  state.lastAskedMs = nowMs
  // Nobody answers. That says nothing of where we stand: they are asked again, all of them.
  if (memberId === undefined) return askedInVain.clear()
  state.lastAskedId = memberId
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
