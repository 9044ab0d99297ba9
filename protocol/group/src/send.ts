import { sendEnvelope } from "@qpc/envelope"
import { sendText } from "@qpc/gtp"
import { equalBytes, newMessageId, toIdentityKey } from "@qpc/wire"
import { attempt, attemptNext } from "./commit.ts"
import type { Content, Intent } from "./content.ts"
import type { Draft } from "./draft.ts"
import type { RefusalReason } from "./event.ts"
import { messageLimits } from "./member-state.ts"
import type { MemberState } from "./member-state.ts"
import { identitiesOf, planCommit } from "./plan.ts"

/**
 * The way down: text → GTP message → GBP content → MLS PrivateMessage → GBP frame → envelope. Everything else becomes a
 * commit, at once or behind the one that is pending.
 */
export function sendContent(state: MemberState, content: Content, nowMs: number, draft: Draft): void {
  checkContent(state, content)
  if (!state.isActive) {
    const reason = state.group.phase === "removed" ? "not_a_member" : "must_rejoin"
    return draft.tell({ kind: "refused", reason })
  }
  const refusal =
    content.kind === "text" ? sendTextContent(state, content.text, nowMs, draft) : takeUp(state, content, nowMs, draft)
  if (refusal !== undefined) draft.tell({ kind: "refused", reason: refusal })
}

function sendTextContent(state: MemberState, text: string, nowMs: number, draft: Draft): RefusalReason | undefined {
  const { group, groupId, keys, onLayer, random } = state
  const sent = sendText({ text, senderId: group.ownLeafIndex, nowMs, random, limits: messageLimits(state.limits) })
  if (sent.kind === "refused") return "text_too_large"
  const [bodyBytes, payloadBytes] = [sent.bodyBytes, sent.payload.length]
  onLayer?.({ layer: "gtp", direction: "down", bytesIn: bodyBytes, bytesOut: payloadBytes, id: `${sent.messageId}` })

  keys.payloadBytes = payloadBytes
  const framed = state.sender.send({ streamType: "text", payload: sent.payload })
  if (framed.kind === "refused") return framed.reason === "too_large" ? "text_too_large" : framed.reason

  const envelope = { kind: "application", groupId, epoch: framed.epoch, sealed: framed.bytes } as const
  const enveloped = sendEnvelope(envelope, { sizeBytes: state.limits.envelopeBytes })
  if (enveloped.kind === "too_large") return "text_too_large"
  const bytesOut = enveloped.bytes.length
  onLayer?.({ layer: "envelope", direction: "down", bytesIn: framed.bytes.length, bytesOut, id: envelope.kind })

  const messageId = newMessageId(nowMs, random)
  const recipients = identitiesOf(state).filter((member) => !equalBytes(member, state.self))
  if (recipients.length > 0) draft.send({ messageId, groupId, deliveries: [{ recipients, envelope: enveloped.bytes }] })
  draft.tell({ kind: "text_sealed", messageId, mid: sent.messageId, sentAtMs: nowMs, epoch: framed.epoch })
  return undefined
}

function takeUp(state: MemberState, intent: Intent, nowMs: number, draft: Draft): RefusalReason | undefined {
  const { intents, group, random, limits } = state
  const open = { intentId: newMessageId(nowMs, random), intent: owned(intent), attempt: 0 }
  if (intents.pending !== undefined) {
    // Planned only to see that it is not hopeless from the start; it is planned again when its turn comes.
    const plan = planCommit(state, open.intent, nowMs)
    if (plan.kind === "impossible") return plan.reason
    if (intents.queue.length >= limits.queuedIntents) return "too_many_intents"
    intents.queue.push(open)
    draft.tell({ kind: "intent_queued", intentId: open.intentId })
    return undefined
  }
  const outcome = attempt(state, open, nowMs, draft)
  // Only the first attempt is a refusal: nothing was promised yet.
  if (outcome !== "committed" && outcome !== "done") return outcome
  draft.tell({ kind: "intent_queued", intentId: open.intentId })
  if (outcome === "done") draft.tell({ kind: "intent_done", intentId: open.intentId, epoch: group.epoch })
  attemptNext(state, nowMs, draft)
  return undefined
}

/** An intent outlives the call that brought it. */
function owned(intent: Intent): Intent {
  switch (intent.kind) {
    case "invite":
      return { kind: "invite", keyPackages: intent.keyPackages.map((keyPackage) => keyPackage.slice()) }
    case "remove":
      return { kind: "remove", members: intent.members.map((member) => toIdentityKey(member.slice())) }
    case "update_keys":
      return intent
  }
}

function checkContent(state: MemberState, content: Content): void {
  if (content.kind === "text" && !content.text.isWellFormed()) throw new RangeError("text with a lone surrogate")
  if (content.kind === "invite" && content.keyPackages.length === 0) throw new RangeError("nobody to invite")
  if (content.kind !== "remove") return
  if (content.members.length === 0) throw new RangeError("nobody to remove")
  for (const member of content.members) {
    if (equalBytes(toIdentityKey(member), state.self)) throw new RangeError("nobody can commit their own removal")
  }
}
