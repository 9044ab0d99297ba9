import type { ControlMessage } from "../control.ts"
import { compareEarlyDepartures } from "./departure.ts"
import type { MemberChanges } from "./live-group.ts"
import { become, IDLE } from "./live-state.ts"
import { signOfLife } from "./sign-of-life.ts"
import type { LiveState } from "./live-state.ts"

/** A transition that was executed just now; the group below is in its epoch already. */
export interface Executed {
  readonly transitionId: number
  readonly executedBy: number
  readonly staged: MemberChanges
  /** What led to it: preparation and execution. Empty for a newcomer, who could not read them. */
  readonly messages: readonly ControlMessage[]
  /** All that others may have missed. */
  readonly frames: readonly Uint8Array[]
  /** What tells those who were removed. */
  readonly notice: readonly Uint8Array[]
}

/** Remembers a transition that took effect, and goes on from there. */
export function finishTransition<Change>(state: LiveState<Change>, executed: Executed, nowMs: number): void {
  const { transitionId, executedBy, staged, messages, notice } = executed
  const { joined, left } = staged
  const frames = [...[...state.aborts.values()].map(({ frame }) => frame), ...executed.frames]
  const entries = messages.map(({ opcode, senderId, args }) => {
    return { transitionId, opcode, senderId, argsDigest: state.group.hash(args) }
  })
  state.log.add({ transitionId, frames, left, notice, entries })
  state.pending = IDLE
  state.promises = []
  state.prepares = []
  state.early = state.early.filter(({ epoch }) => epoch === state.group.epoch)
  state.aborts.clear()
  state.contradictedBy.clear()
  // Whoever was ready for this is where we are.
  state.divisions = []
  state.departuresToldMs.clear()
  state.executedBy = executedBy
  state.lastTransitionId = transitionId
  state.highestTransitionId = Math.max(state.highestTransitionId, transitionId)
  state.highestMemberId = Math.max(state.highestMemberId, ...joined)
  for (const memberId of left) state.answered.delete(memberId)
  // What is handed to us afterwards says nothing of who is there now.
  if (state.asked === undefined) signOfLife(state, nowMs)
  state.events.push({ kind: "epoch_advanced", epoch: state.group.epoch, transitionId, joined, left })
  if (!left.includes(state.ownId)) return compareEarlyDepartures(state, nowMs)
  state.events.push({ kind: "removed" })
  become(state, "closed")
}
