import type { MemberState } from "../member-state.ts"
import { checkText } from "../check-settings.ts"
import { sealText } from "../send-text.ts"
import type { ForgottenTexts, SentText } from "./sent-texts.ts"
import type { KeptEpoch } from "./kept-epoch.ts"
import type { ServerlessDraft } from "./serverless-draft.ts"
import type { TextLoss } from "./serverless-event.ts"
import { activeState, tipOf } from "./serverless-state.ts"
import type { ServerlessState } from "./serverless-state.ts"

/**
 * Seals our own texts of branches that were given up once more, in the order in which they were written. They keep their numbers,
 * so that whoever saw them there does not see them twice.
 *
 * So are those of epochs that end for us by a jump over several: others came there before us, and may have forgotten the epoch before
 * they got the text.
 */
export function resendTexts(state: ServerlessState, { hasJumped, nowMs }: Move, draft: ServerlessDraft): void {
  const active = activeState(state)
  // Nothing may be sealed while a proposal waits (RFC 9420 §12.4): the commit that ends this brings us here again.
  if (active === undefined || active.group.pendingProposalCount > 0) return
  const tip = tipOf(state)
  const onPath = new Set<KeptEpoch>(state.path)
  const isThere = (texts: SentText | ForgottenTexts): boolean => {
    const sealedIn = [...texts.in].filter((epoch) => onPath.has(epoch))
    const isPassing =
      hasJumped && sealedIn.every(({ epoch }) => tip.epoch - epoch > BigInt(state.limits.rollbackEpochs))
    return sealedIn.length > 0 && !isPassing
  }
  for (const texts of state.sent.forgotten.filter((one) => !isThere(one))) {
    draft.tell({ kind: "texts_lost", count: texts.count, lastMid: texts.lastMid })
    state.sent.drop(texts)
  }
  for (const text of state.sent.all) {
    if (isThere(text)) continue
    const loss = resend(active, text, nowMs, draft)
    if (loss === undefined) {
      text.in.add(tip)
      tip.hear(state.self)
      continue
    }
    draft.tell({ kind: "text_lost", mid: text.mid, reason: loss })
    state.sent.drop(text)
  }
}

/** How we came to the tip. */
interface Move {
  /** True if it is more than one epoch away from where we were. */
  readonly hasJumped: boolean
  readonly nowMs: number
}

function resend(active: MemberState, text: SentText, nowMs: number, draft: ServerlessDraft): TextLoss | undefined {
  const { mid, payload } = text
  if (payload === undefined) return "not_kept"
  // The message inside names its sender by the leaf.
  if ([...text.in].some(({ state }) => state?.group.ownLeafIndex !== active.group.ownLeafIndex)) return "leaf_changed"
  const objection = checkText(active.profile.settings, active.self)
  if (objection !== undefined) return objection
  let refusal: TextLoss | undefined
  draft.add((shared) => {
    refusal = sealText(active, { mid, payload }, nowMs, shared)
  })
  return refusal
}
