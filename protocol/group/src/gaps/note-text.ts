import type { StreamNumbers } from "@qpc/gbp"
import type { MessageId } from "@qpc/wire"
import type { Draft } from "../draft.ts"
import { TEXT_NUMBERS_EXTENSION } from "../group-profile.ts"
import type { MemberState } from "../member-state.ts"
import type { Device } from "../roster.ts"
import { settleAsks } from "./ask.ts"
import { tellClosed, tellLost } from "./tell.ts"

/** True where a text that is left out shows: a delivery service orders the epochs, and everybody's program counts. */
export function areTextsCounted({ group, isOrdered }: MemberState): boolean {
  return isOrdered && group.everyoneSupports(TEXT_NUMBERS_EXTENSION)
}

/** The number of our next text; `undefined` where texts are not counted, because somebody's program could not read them then. */
export function nextNumber(state: MemberState): StreamNumbers | undefined {
  return areTextsCounted(state) ? state.ownNumbers.next(state.keys.epoch) : undefined
}

/**
 * Takes in what a text says of its sender's other texts: a gap begins or ends.
 *
 * @returns true if it fills a gap that people were told of
 */
export function noteText(
  state: MemberState,
  device: Device,
  numbers: StreamNumbers,
  nowMs: number,
  draft: Draft,
): boolean {
  const { gaps, ownNumbers, limits } = state
  // Of before we count: the state is of a program that did not.
  if (numbers.runs[0]!.epoch < ownNumbers.since) return false
  const options = { ourSince: ownNumbers.since, nowMs, limits }
  const { closed, forgotten, replaced } = gaps.note(device, numbers, options)
  if (replaced !== undefined) {
    for (const gap of replaced.texts.gaps) tellLost({ sender: replaced, gap }, "sender_replaced", draft)
  }
  const sender = gaps.find(device.deviceKey, numbers.since)
  if (sender === undefined) return false
  for (const gap of forgotten) tellLost({ sender, gap }, "too_many_gaps", draft)
  for (const range of closed) tellClosed(sender, range, draft)
  settleAsks(state)
  return closed.some(({ outcome, isTold }) => outcome === "delivered" && isTold)
}

/** A text as it was sealed, and what it says of itself. */
export interface SealedText {
  readonly device: Device["deviceKey"]
  readonly numbers: StreamNumbers
  readonly messageId?: MessageId
  readonly disappearAfterSeconds: number
  readonly envelope: Uint8Array
}

/** Keeps a text for members who may lack it, no longer than it may be read. */
export function keepText(
  { keptTexts, limits }: MemberState,
  { device, numbers, messageId, disappearAfterSeconds, envelope }: SealedText,
  nowMs: number,
): void {
  const { number, since } = numbers
  const shownMs = disappearAfterSeconds === 0 ? limits.keptTextMs : disappearAfterSeconds * 1000
  const untilMs = nowMs + Math.min(limits.keptTextMs, shownMs)
  const { epoch } = numbers.runs[0]!
  const times = { sinceMs: nowMs, untilMs }
  keptTexts.add({ device, since, number, epoch, ...(messageId && { messageId }), ...times, envelope }, limits)
}

/** A text of ours that no carrier will take: nobody is to wait for it. An unknown id changes nothing. */
export function giveUpText(state: MemberState, messageId: MessageId): void {
  const { keptTexts, ownNumbers, sealedNumbers, limits } = state
  keptTexts.dropOwn(messageId)
  const number = sealedNumbers.take(messageId)
  if (number !== undefined) ownNumbers.giveUp(number, limits)
}
