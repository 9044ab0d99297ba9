import { OPCODE_REDELIVERY_ANSWER } from "@qpc/gbp"
import { equalBytes } from "@qpc/wire"
import type { Draft } from "../draft.ts"
import type { MemberState } from "../member-state.ts"
import type { Leaf } from "../roster.ts"
import type { KeptText } from "./kept-texts.ts"
import { encodeAnswer } from "./redelivery-message.ts"
import type { RedeliveryAsk } from "./redelivery-message.ts"
import { sendControl } from "./send-control.ts"

/** Of the control messages of an epoch; so much is left to ask ourselves, however much others ask us. */
const ANSWERS_SHARE = 0.5

/**
 * Sends somebody the texts that they never got, as their author sealed them. Whoever was not meant to read them cannot: they lack the
 * keys of that epoch. While nothing may be sealed (RFC 9420 §12.4) there is no answer, and they ask somebody else.
 */
export function answerAsk(
  state: MemberState,
  asked: { readonly by: Leaf; readonly requestId: number; readonly ask: RedeliveryAsk },
  nowMs: number,
  draft: Draft,
): void {
  const { group, keptTexts, keys, limits, redelivery } = state
  const { by, requestId, ask } = asked
  if (group.pendingProposalCount > 0) return
  const allowance = redelivery.allowance(by.leafIndex, nowMs, limits)
  const mayAnswer = redelivery.maySeal(keys.epoch, limits.controlsPerEpoch * ANSWERS_SHARE)
  const isUsedUp = allowance.textCount === 0 || allowance.sizeBytes === 0
  if (isUsedUp || !mayAnswer) return draft.drop("too_many_asks", "STREAM_POLICY_VIOLATION")

  keptTexts.forget(keys.oldestEpoch, nowMs, limits)
  const texts = keptTexts.find(ask.device, ask.since, ask).slice(0, allowance.textCount)
  const envelopes = portionOf(texts, Math.min(limits.envelopeBytes / 2, allowance.sizeBytes))
  const args = encodeAnswer({ envelopes, givenUp: voidsOf(state, ask) })
  const sizeBytes = envelopes.reduce((sum, { length }) => sum + length, 0)
  redelivery.helped(by.leafIndex, { textCount: Math.max(1, envelopes.length), sizeBytes }, nowMs)
  sendControl(state, { opcode: OPCODE_REDELIVERY_ANSWER, requestId, args, recipient: by.deviceKey }, nowMs, draft)
}

/** The first of them, as many as these bytes have room for: the rest will be asked for again. One in any case. */
function portionOf(texts: readonly KeptText[], roomBytes: number): readonly Uint8Array[] {
  let usedBytes = 0
  const envelopes = texts.map(({ envelope }) => envelope)
  return envelopes.filter(({ length }, at) => {
    usedBytes += length
    return at === 0 || usedBytes <= roomBytes
  })
}

/** Those of our own that we gave up; of others' we know nothing that anybody would have to believe. */
function voidsOf({ device, ownNumbers }: MemberState, ask: RedeliveryAsk): readonly number[] {
  if (!equalBytes(ask.device, device) || ask.since !== ownNumbers.since) return []
  const asked = Array.from({ length: ask.to - ask.from + 1 }, (_, at) => ask.from + at)
  return asked.filter((number) => ownNumbers.isVoid(number))
}
