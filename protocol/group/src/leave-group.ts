import { envelopeHeader, paddedBytes, sendEnvelope } from "@qpc/envelope"
import { equalBytes, newMessageId } from "@qpc/wire"
import type { MessageId } from "@qpc/wire"
import type { Draft } from "./draft.ts"
import { endMembership } from "./end-membership.ts"
import type { OpenIntent } from "./intents.ts"
import type { MemberState } from "./member-state.ts"
import { leavesOf } from "./roster.ts"
import type { Outgoing } from "./step.ts"

/**
 * Asks the others to commit our removal, because nobody can commit their own (RFC 9420 §12.2). A proposal holds for one epoch: the wish
 * goes on until a commit carries it out. Whoever is alone, or in a closed group, needs nobody for it.
 */
export function proposeLeave(state: MemberState, open: OpenIntent, nowMs: number, draft: Draft): void {
  const { group, keys, leaving, profile, limits } = state
  if (leavesOf(group).length === 1 || profile.settings?.isClosed === true) {
    leaving.own = { open, messageId: open.intentId, remindAtMs: nowMs }
    draft.tell({ kind: "left_group", epoch: keys.epoch })
    return endMembership(state, "left_group", draft)
  }
  const proposed = group.propose(
    { kind: "remove", leafIndex: group.ownLeafIndex },
    { authenticatedData: proposalHeader(state), paddedBytes, random: state.random, nowMs },
  )
  if (proposed.kind === "refused") {
    return draft.tell({ kind: "intent_failed", intentId: open.intentId, reason: "commit_refused" })
  }
  const { message, reference } = proposed
  leaving.add({ leafIndex: group.ownLeafIndex, reference, message })
  const messageId = newMessageId(nowMs, state.random)
  leaving.own = { open, messageId, remindAtMs: nowMs + limits.leaveWaitMs }
  draft.send(carry(state, message, messageId))
}

/** What a proposal authenticates: that it is one, of this group and epoch. */
export function proposalHeader({ groupId, keys }: MemberState): Uint8Array {
  return envelopeHeader({ kind: "proposal", groupId, epoch: keys.epoch })
}

/** True from the moment in which somebody wants to leave: they say and change nothing any more. */
export function isLeaving({ leaving, intents }: MemberState): boolean {
  const opens = [...(intents.pending?.opens ?? []), ...intents.queue]
  return leaving.own !== undefined || opens.some(({ intent }) => intent.kind === "leave")
}

/** Our proposal has waited for long: somebody should know, and those who lost it get it again. */
export function tickOwnLeave(state: MemberState, nowMs: number, draft: Draft): void {
  const { leaving, group, keys, limits } = state
  const { own } = leaving
  const request = leaving.requests.find(({ leafIndex }) => leafIndex === group.ownLeafIndex)
  if (own === undefined || request === undefined || own.remindAtMs > nowMs) return
  const messageId = newMessageId(nowMs, state.random)
  leaving.own = { open: own.open, messageId, remindAtMs: nowMs + limits.leaveWaitMs }
  draft.send(carry(state, request.message, messageId))
  draft.tell({ kind: "leave_delayed", intentId: own.open.intentId, epoch: keys.epoch })
}

/** The delivery service will never take our proposal. */
export function abandonLeave({ leaving }: MemberState, messageId: MessageId, draft: Draft): void {
  const { own } = leaving
  if (own === undefined || !equalBytes(own.messageId, messageId)) return
  leaving.own = undefined
  draft.tell({ kind: "intent_failed", intentId: own.open.intentId, reason: "refused_by_service" })
}

function carry(state: MemberState, message: Uint8Array, messageId: MessageId): Outgoing {
  const { group, keys, groupId, device, limits } = state
  const label = { kind: "proposal", groupId, epoch: keys.epoch } as const
  const enveloped = sendEnvelope({ ...label, sealed: message }, { sizeBytes: limits.envelopeBytes })
  if (enveloped.kind === "too_large") throw new Error("unreachable: a Remove is smaller than any envelope may be")
  const devices = leavesOf(group).map(({ deviceKey }) => deviceKey)
  const recipients = devices.filter((deviceKey) => !equalBytes(deviceKey, device))
  return { messageId, groupId, deliveries: [{ recipients, envelope: enveloped.bytes }] }
}
