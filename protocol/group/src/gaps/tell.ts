import type { Draft } from "../draft.ts"
import type { GapOutcome, MissingTexts } from "../event.ts"
import type { MemberState } from "../member-state.ts"
import type { PlacedGap, Sender } from "./gaps.ts"
import { helperFor } from "./helper.ts"
import type { NumberRange } from "./sender-gaps.ts"

/** Tells people that texts are missing, once. */
export function tellFound(state: MemberState, { sender, gap }: PlacedGap, draft: Draft): void {
  if (gap.isTold) return
  gap.isTold = true
  state.gaps.touch(sender)
  const isAsked = gap.lastEpoch >= state.keys.oldestEpoch && helperFor(state, { sender, gap }) !== undefined
  draft.tell({ kind: "gap_found", ...missing(sender, gap), isAsked })
}

/** Tells people that a gap cannot be filled; first that there was one, if they do not know yet. It must be out of the state already. */
export function tellLost(
  { sender, gap }: PlacedGap,
  outcome: Exclude<GapOutcome, "delivered" | "given_up">,
  draft: Draft,
): void {
  if (!gap.isTold) draft.tell({ kind: "gap_found", ...missing(sender, gap), isAsked: false })
  draft.tell({ kind: "gap_closed", ...missing(sender, gap), outcome })
}

/** Tells people that nothing is missing there any more, if they were told that something was. */
export function tellClosed(
  sender: Sender,
  range: NumberRange & { readonly isTold: boolean; readonly outcome: GapOutcome },
  draft: Draft,
): void {
  if (range.isTold) draft.tell({ kind: "gap_closed", ...missing(sender, range), outcome: range.outcome })
}

function missing({ device }: Sender, { from, to, firstEpoch, lastEpoch }: NumberRange): MissingTexts {
  return { sender: device.identityKey, device: device.deviceKey, from, to, firstEpoch, lastEpoch }
}
