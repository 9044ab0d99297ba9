import type { ControlMessage } from "../control.ts"
import type { MemberChanges } from "./live-group.ts"
import { become, IDLE } from "./live-state.ts"
import { signOfLife } from "./sign-of-life.ts"
import type { LiveState } from "./live-state.ts"

/** A transition that was executed just now; the group below is in its epoch already. */
export interface Executed {
  readonly transitionId: number
  readonly staged: MemberChanges
  /** What led to it: preparation and execution. Empty for a newcomer, who could not read them. */
  readonly messages: readonly ControlMessage[]
  readonly frames: { readonly prepare: Uint8Array; readonly execute: Uint8Array } | undefined
}

/** Remembers a transition that took effect, and goes on from there. */
export function finishTransition<Change>(state: LiveState<Change>, executed: Executed, nowMs: number): void {
  const { transitionId, staged, messages, frames } = executed
  const { joined, left } = staged
  state.pending = IDLE
  state.promise = undefined
  state.contradictedBy.clear()
  state.lastTransitionId = transitionId
  state.highestTransitionId = Math.max(state.highestTransitionId, transitionId)
  state.highestMemberId = Math.max(state.highestMemberId, ...joined)
  for (const memberId of left) state.answered.delete(memberId)
  if (frames !== undefined) {
    const entries = messages.map(({ opcode, senderId, args }) => {
      return { transitionId, opcode, senderId, argsDigest: state.group.hash(args) }
    })
    state.log.add({ transitionId, ...frames, entries })
  }
  // What is handed to us afterwards says nothing of who is there now.
  if (state.asked === undefined) signOfLife(state, nowMs)
  state.events.push({ kind: "epoch_advanced", epoch: state.group.epoch, transitionId, joined, left })
  if (!left.includes(state.ownId)) return
  state.events.push({ kind: "removed" })
  become(state, "closed")
}
