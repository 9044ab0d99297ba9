import type { ControlMessage } from "../control.ts"
import { decodeDigestRequest, decodeDigestResponse, encodeDigestResponse } from "../control-args.ts"
import { decodedOrUndefined, encodeCbor, equalBytes } from "@qpc/wire"
import { askHowThingsStand } from "./ask.ts"
import { beginNext } from "./coordinate.ts"
import { giveUpOthers, noteHanded } from "./follow.ts"
import { mayTakeOver, takeOver } from "./handover.ts"
import { become, controlMessage, fail, refuse, send } from "./live-state.ts"
import type { LiveState } from "./live-state.ts"
import { framesOf, lastPromise } from "./promised.ts"
import { signOfLife } from "./sign-of-life.ts"

/** Whoever was asked did not answer: the next one is, for as long as we have to know. */
export function answerIsLate<Change>(state: LiveState<Change>, nowMs: number): void {
  if (typeof state.asked === "number") state.askedInVain.add(state.asked)
  state.asked = undefined
  if (state.endpoint === "resyncing") askHowThingsStand(state, nowMs)
}

/** Answers how things stand: what the asker missed, and the digest to compare. */
export function takeDigestRequest<Change>(
  state: LiveState<Change>,
  message: ControlMessage,
  senderId: number,
  nowMs: number,
): void {
  const request = decodedOrUndefined(() => decodeDigestRequest(message.args))
  if (request === undefined) return refuse(state, message, senderId, "STREAM_POLICY_VIOLATION")
  if (!mayAnswer(state, senderId, nowMs)) return
  const { sinceTransitionId } = request
  const { isTruncated } = state.log.since(sinceTransitionId)
  for (const bytes of missedBy(state, senderId, sinceTransitionId)) state.frames.push({ to: senderId, bytes })
  // Whoever was removed cannot open the answer.
  if (!state.group.memberIds.includes(senderId)) return
  const args = encodeDigestResponse({
    epoch: state.group.epoch,
    lastTransitionId: state.lastTransitionId,
    memberSetHash: memberSetHash(state),
    logTail: state.log.tailSince(sinceTransitionId),
    coordinatorId: state.coordinatorId,
    ...(isTruncated && { isTruncated: true as const }),
  })
  const answer = controlMessage(state, "GROUP_STATE_DIGEST_RESPONSE", state.lastTransitionId, args)
  send(state, senderId, { ...answer, requestId: message.requestId })
}

/** The frames that somebody needs who stands there; those of its own it has. */
function missedBy<Change>(state: LiveState<Change>, memberId: number, since: number): readonly Uint8Array[] {
  const { log, lastTransitionId, aborts } = state
  if (!state.group.memberIds.includes(memberId)) return log.noticeFor(memberId, since)
  const { transitions, isTruncated } = log.since(since)
  if (isTruncated) return []
  if (since < lastTransitionId) return transitions.flatMap(({ frames }) => frames)
  // As far as we are, nothing was executed after it; but the asker may have heard of an execution and lack somebody's word.
  const promised = lastPromise(state)
  return [...[...aborts.values()].map(({ frame }) => frame), ...(promised === undefined ? [] : framesOf(promised))]
}

/** Compares what was answered with what we have. Only from whom we asked. */
export function takeDigestResponse<Change>(
  state: LiveState<Change>,
  message: ControlMessage,
  senderId: number,
  nowMs: number,
): void {
  if (state.asked !== senderId && state.asked !== "all")
    return refuse(state, message, senderId, "STREAM_POLICY_VIOLATION")
  const response = decodedOrUndefined(() => decodeDigestResponse(message.args))
  if (response === undefined) return refuse(state, message, senderId, "STREAM_POLICY_VIOLATION")
  // Somebody who is behind us knows nothing that we could compare.
  if (response.lastTransitionId < state.lastTransitionId) return
  if (state.asked === senderId) state.asked = undefined
  if (response.lastTransitionId > state.lastTransitionId) {
    // It opened, so it is of an epoch that we have; and yet transitions are missing that nobody keeps.
    return response.isTruncated === true ? contradict(state, message, senderId) : noteHanded(state, nowMs)
  }
  const isSame = response.epoch === state.group.epoch && equalBytes(response.memberSetHash, memberSetHash(state))
  if (!isSame) return contradict(state, message, senderId)
  if (state.asked === "all") return
  state.askedInVain.clear()
  state.contradictedBy.clear()
  const { coordinatorId = state.coordinatorId } = response
  const isOther = coordinatorId !== state.coordinatorId && state.group.memberIds.includes(coordinatorId)
  if (isOther && mayTakeOver(state, coordinatorId, nowMs)) takeOver(state, coordinatorId, nowMs)
  if (senderId === state.coordinatorId) giveUpOthers(state, nowMs)
  state.isIsolated = false
  // What others say is no sign of its life.
  if (senderId === state.coordinatorId) signOfLife(state, nowMs)
  if (state.endpoint === "resyncing") become(state, "active")
  beginNext(state, nowMs)
}

/**
 * Somebody in our epoch says that we are in another group. One alone may lie; that all others say so can only be true.
 */
function contradict<Change>(state: LiveState<Change>, message: ControlMessage, senderId: number): void {
  state.contradictedBy.add(senderId)
  const others = state.group.memberIds.filter((id) => id !== state.ownId)
  if (others.every((id) => state.contradictedBy.has(id))) return fail(state, "DIGEST_MISMATCH")
  state.askedInVain.add(senderId)
  refuse(state, message, senderId, "DIGEST_MISMATCH")
}

/** SHA-256 of the canonical CBOR of the member ids, ascending. */
function memberSetHash<Change>({ group }: LiveState<Change>): Uint8Array {
  return group.hash(encodeCbor(group.memberIds))
}

/** A question costs us more than it costs the asker. */
function mayAnswer<Change>({ answered, limits }: LiveState<Change>, senderId: number, nowMs: number): boolean {
  const before = answered.get(senderId)
  const isNew = before === undefined || nowMs - before.sinceMs >= limits.askEveryMs
  const now = isNew ? { sinceMs: nowMs, count: 1 } : { ...before, count: before.count + 1 }
  answered.set(senderId, now)
  return now.count <= limits.answersPerMember
}
