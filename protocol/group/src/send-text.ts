import { sendEnvelope } from "@qpc/envelope"
import { sendText as composeText } from "@qpc/gtp"
import { equalBytes, newMessageId } from "@qpc/wire"
import { checkText } from "./check-settings.ts"
import type { Draft } from "./draft.ts"
import type { RefusalReason } from "./event.ts"
import { frameContext, ownLabel } from "./follow-log.ts"
import { keepText, nextNumber } from "./gaps/note-text.ts"
import type { HeldText } from "./held-texts.ts"
import { commitLeaves } from "./leave-turn.ts"
import { messageLimits } from "./member-state.ts"
import type { MemberState } from "./member-state.ts"
import { leavesOf } from "./roster.ts"

/** A text message before it is sealed. */
export interface MadeText {
  /** Names the text among those of its sender. */
  readonly mid: bigint
  readonly payload: Uint8Array
}

/**
 * The way of a text down: text → GTP message → GBP content → MLS PrivateMessage → GBP frame → envelope. While a proposal waits for a
 * commit nothing may be sealed (RFC 9420 §12.4): the text waits with it, and we make the commit if nobody else does.
 *
 * @returns why it cannot be sent; then nothing changed
 */
export function sendText(state: MemberState, text: string, nowMs: number, draft: Draft): RefusalReason | undefined {
  const made = makeText(state, text, nowMs)
  if (typeof made === "string") return made
  if (state.group.pendingProposalCount === 0) return sealText(state, made, nowMs, draft)
  const refusal = holdText(state, made, nowMs, draft)
  if (refusal === undefined) commitLeaves(state, nowMs, draft)
  return refusal
}

/** Keeps a text until a commit has ended the epoch in which nothing may be sealed. */
export function holdText(state: MemberState, made: MadeText, nowMs: number, draft: Draft): RefusalReason | undefined {
  const held = { ...made, messageId: newMessageId(nowMs, state.random), sentAtMs: nowMs }
  if (!state.heldTexts.add(held, state.limits)) return "too_many_texts"
  const { messageId, mid } = held
  const disappearAfterSeconds = state.profile.settings?.disappearAfterSeconds ?? 0
  draft.tell({ kind: "text_queued", messageId, mid, sentAtMs: nowMs, disappearAfterSeconds })
  return undefined
}

/** Makes a message of a text, if we may write one. @throws RangeError for text with lone surrogates */
export function makeText(state: MemberState, text: string, nowMs: number): MadeText | RefusalReason {
  const { group, onLayer, random } = state
  const objection = checkText(state.profile.settings, state.self)
  if (objection !== undefined) return objection
  const made = composeText({ text, senderId: group.ownLeafIndex, nowMs, random, limits: messageLimits(state.limits) })
  if (made.kind === "refused") return "text_too_large"
  const [bodyBytes, payloadBytes] = [made.bodyBytes, made.payload.length]
  onLayer?.({ layer: "gtp", direction: "down", bytesIn: bodyBytes, bytesOut: payloadBytes, id: `${made.messageId}` })
  return { mid: made.messageId, payload: made.payload }
}

/** Seals a text in the present epoch, and puts it into the draft for all others. */
export function sealText(state: MemberState, made: MadeText, nowMs: number, draft: Draft): RefusalReason | undefined {
  return seal(state, { ...made, messageId: newMessageId(nowMs, state.random), sentAtMs: nowMs }, false, draft)
}

/** Seals what waited for the commit that has just been merged. */
export function releaseTexts(state: MemberState, draft: Draft): void {
  for (const held of state.heldTexts.takeAll()) {
    const { messageId } = held
    const reason = checkText(state.profile.settings, state.self) ?? seal(state, held, true, draft)
    if (reason !== undefined) draft.tell({ kind: "text_failed", messageId, reason })
  }
}

function seal(state: MemberState, text: HeldText, wasQueued: boolean, draft: Draft): RefusalReason | undefined {
  const { group, groupId, keys, onLayer } = state
  const { messageId, mid, sentAtMs, payload } = text
  keys.payloadBytes = payload.length
  const log = ownLabel(state)
  const label = { kind: "application", groupId, epoch: keys.epoch, ...(log && { log }) } as const
  const context = frameContext(label)
  const numbers = nextNumber(state)
  const framed = state.sender.send({
    streamType: "text",
    payload,
    ...(numbers && { numbers }),
    ...(context && { context }),
  })
  if (framed.kind === "refused") return framed.reason === "too_large" ? "text_too_large" : framed.reason

  const { epoch, bytes } = framed
  const envelope = { ...label, sealed: bytes }
  const enveloped = sendEnvelope(envelope, { sizeBytes: state.limits.envelopeBytes })
  if (enveloped.kind === "too_large") return "text_too_large"
  const bytesOut = enveloped.bytes.length
  onLayer?.({ layer: "envelope", direction: "down", bytesIn: bytes.length, bytesOut, id: envelope.kind })

  const devices = leavesOf(group).map(({ deviceKey }) => deviceKey)
  const recipients = devices.filter((deviceKey) => !equalBytes(deviceKey, state.device))
  if (recipients.length > 0) draft.send({ messageId, groupId, deliveries: [{ recipients, envelope: enveloped.bytes }] })
  const disappearAfterSeconds = state.profile.settings?.disappearAfterSeconds ?? 0
  if (numbers !== undefined) {
    state.ownNumbers.use(numbers)
    state.sealedNumbers.add(messageId, numbers.number, state.limits)
    const { device } = state
    keepText(state, { device, numbers, messageId, disappearAfterSeconds, envelope: enveloped.bytes }, sentAtMs)
  }
  draft.tell({ kind: "text_sealed", messageId, mid, sentAtMs, epoch, wasQueued, disappearAfterSeconds })
  return undefined
}
