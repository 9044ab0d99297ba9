import { decodedOrUndefined, equalBytes } from "@qpc/wire"
import { encodeInvalidCommit } from "../control-args.ts"
import type { ErrorName } from "../error-registry.ts"
import type { Arrived } from "./arrived.ts"
import { countReady } from "./coordinate.ts"
import { keepEarly } from "./early.ts"
import { followIfAllAreReady } from "./follow.ts"
import type { MemberChanges } from "./live-group.ts"
import { codeOf, controlMessage, NUMBER_STEP_MAX, refuse, send } from "./live-state.ts"
import type { LiveState } from "./live-state.ts"
import type { Promised } from "./promised.ts"
import { decodeReady } from "./ready-args.ts"
import type { Ready } from "./ready-args.ts"

/** How far above the last a number may be that we learn from somebody's readiness: a lie must not use many up. */
const LEARNED_STEP_MAX = 1024

/** A transition of which members say that they are ready. */
interface Wanted {
  readonly coordinatorId: number
  readonly commitHash: Uint8Array
  readonly staged: MemberChanges
}

/** A member is ready for a transition, ours or somebody's, and says so to everybody. One who says it twice counts once. */
export function takeReady<Change>(state: LiveState<Change>, arrived: Arrived, nowMs: number): void {
  const { message, senderId, epoch } = arrived
  const { transitionId } = message
  const { lastTransitionId, pending, group } = state
  const isNumber = transitionId > 0 && transitionId <= lastTransitionId + NUMBER_STEP_MAX
  if (!isNumber) return refuse(state, message, senderId, "TRANSITION_MISMATCH")
  const ready = decodedOrUndefined(() => decodeReady(message.args))
  if (ready === undefined) return refuse(state, message, senderId, "STREAM_POLICY_VIOLATION")
  if (transitionId <= lastTransitionId || epoch < group.epoch) return noteLate(state, ready, arrived)
  learnNumber(state, transitionId)
  const isThis = (pending.at === "coordinating" || pending.at === "ready") && pending.transitionId === transitionId
  const coordinatorId = pending.at === "ready" ? pending.senderId : state.ownId
  // Two coordinators may use one number.
  if (!isThis || ready.coordinatorId !== coordinatorId) return keepForLater(state, ready, arrived)
  const commitHash = pending.at === "ready" ? pending.promised.commitHash : group.hash(pending.staged.commit)
  const verdict = judge(state, { coordinatorId, commitHash, staged: pending.staged }, ready, arrived)
  if (verdict === "contradicts" && pending.at === "ready") return contradict(state, pending.promised, arrived)
  if (verdict === "contradicts") return refuse(state, message, senderId, "TRANSITION_MISMATCH")
  if (verdict !== "counts") return refuse(state, message, senderId, verdict)
  if (pending.at === "coordinating") return countReady(state, pending, arrived, nowMs)
  pending.promised.readies.set(senderId, arrived.frame)
  followIfAllAreReady(state, nowMs)
}

function judge<Change>(
  { group }: LiveState<Change>,
  { commitHash, staged }: Wanted,
  ready: Ready,
  { senderId, epoch }: Arrived,
): "counts" | "contradicts" | ErrorName {
  const isNewcomer = staged.joined.includes(senderId)
  if (!isNewcomer && !group.memberIds.includes(senderId)) return "STREAM_POLICY_VIOLATION"
  if (epoch !== group.epoch + (isNewcomer ? 1n : 0n)) return "EPOCH_MISMATCH"
  // A newcomer is bound to the commit by its epoch.
  if (isNewcomer) return "counts"
  if (ready.commitHash === undefined) return "STREAM_POLICY_VIOLATION"
  if (!equalBytes(ready.commitHash, commitHash)) return "contradicts"
  return staged.left.includes(senderId) ? "STREAM_POLICY_VIOLATION" : "counts"
}

/** It is of something that we gave up, or have not heard of. */
function keepForLater<Change>(state: LiveState<Change>, ready: Ready, arrived: Arrived): void {
  const { senderId, message, frame } = arrived
  const known = state.promises.find((one) => {
    return one.transitionId === message.transitionId && one.coordinatorId === ready.coordinatorId
  })
  if (known === undefined) return keepEarly(state, arrived)
  const isSame = ready.commitHash === undefined || equalBytes(ready.commitHash, known.commitHash)
  if (isSame) known.readies.set(senderId, frame)
}

/**
 * Under its number there is another commit, or the member lies. It is told to everybody who can do something about it, and the member's
 * word for our commit goes on missing: whatever a coordinator does, two who both tell the truth never follow two commits.
 */
function contradict<Change>(state: LiveState<Change>, promised: Promised, { senderId }: Arrived): void {
  if (promised.contradictedBy.has(senderId)) return
  promised.contradictedBy.add(senderId)
  const { transitionId, coordinatorId, commitHash } = promised
  state.events.push({ kind: "preparation_divided", coordinatorId, transitionId, senderId })
  const report = encodeInvalidCommit({ transitionId, reasonCode: codeOf("TRANSITION_MISMATCH"), commitHash })
  send(state, coordinatorId, controlMessage(state, "REPORT_INVALID_COMMIT", transitionId, report))
}

/** We have gone on. Whoever executed cannot have prepared anything else in the epoch before. */
function noteLate<Change>(state: LiveState<Change>, { coordinatorId }: Ready, { senderId, message }: Arrived): void {
  const { transitionId } = message
  const isDivided = transitionId > state.lastTransitionId && coordinatorId === state.executedBy
  if (isDivided) state.events.push({ kind: "preparation_divided", coordinatorId, transitionId, senderId })
}

function learnNumber<Change>(state: LiveState<Change>, transitionId: number): void {
  if (transitionId > state.lastTransitionId + LEARNED_STEP_MAX) return
  state.highestTransitionId = Math.max(state.highestTransitionId, transitionId)
}
