import type { GroupEvent } from "@qpc/group"
import { equalBytes } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import type { Context } from "./context.ts"
import type { TextGap } from "./model.ts"
import type { TextGapRecord } from "./gap-records.ts"
import type { Transaction } from "./transaction.ts"

type GapEvent = Extract<GroupEvent, { readonly kind: "gap_found" | "gap_closed" }>

/** Writes down which messages are missing, and what became of those that were. */
export async function recordGaps(
  context: Context,
  tx: Transaction,
  groupId: GroupId,
  events: readonly GroupEvent[],
): Promise<void> {
  const told = events.filter(isGapEvent)
  if (told.length === 0) return
  let gaps = await context.profile.textGaps(groupId)
  for (const event of told) {
    const position = await placeOf(context, groupId, gaps, event)
    const { sender, device, from, to, firstEpoch, lastEpoch } = event
    const missing = { position, sender, device, from, to, firstEpoch, lastEpoch }
    if (event.kind === "gap_found") gaps = gaps.concat(missing)
    else gaps = closed(gaps, event, position)
    tx.event({ kind: "gap", groupId, gap: { ...textGap(context, missing), ...standing(event) } })
  }
  tx.change(context.profile.putTextGaps(groupId, gaps.slice(-context.limits.gapsKept)))
}

/** A gap as people see it. */
export function textGap(context: Context, record: TextGapRecord): TextGap {
  const { position, from, to, firstEpoch, lastEpoch, reason } = record
  const range = { position, from, to, firstEpoch, lastEpoch }
  const sender = context.contacts.person(record.sender)
  return { ...range, sender, state: reason === undefined ? "asking" : "lost", ...(reason && { reason }) }
}

function isGapEvent(event: GroupEvent): event is GapEvent {
  return event.kind === "gap_found" || event.kind === "gap_closed"
}

/** Where a gap stands among the messages: it keeps the place at which it was noticed. */
async function placeOf(
  context: Context,
  groupId: GroupId,
  gaps: readonly TextGapRecord[],
  event: GapEvent,
): Promise<number> {
  const known = gaps.find((gap) => holds(gap, event))
  return known?.position ?? context.positions.message(groupId)
}

/** The gaps, after something became of a part of one. */
function closed(
  gaps: readonly TextGapRecord[],
  event: GapEvent & { readonly kind: "gap_closed" },
  position: number,
): readonly TextGapRecord[] {
  const { sender, device, from, to, firstEpoch, lastEpoch, outcome } = event
  const isOver = outcome === "delivered" || outcome === "given_up"
  const lost = isOver ? [] : [{ position, sender, device, from, to, firstEpoch, lastEpoch, reason: outcome }]
  const rest = gaps.flatMap((gap) => {
    if (!holds(gap, event)) return [gap]
    const parts = [{ ...gap, to: from - 1 }, ...lost, { ...gap, from: to + 1 }]
    return parts.filter((part) => part.from <= part.to)
  })
  return rest
}

function standing({ kind, ...event }: GapEvent): Pick<TextGap, "state" | "reason"> {
  if (kind === "gap_found" || !("outcome" in event)) return { state: "asking" }
  const { outcome } = event
  return outcome === "delivered" || outcome === "given_up" ? { state: outcome } : { state: "lost", reason: outcome }
}

/** True if the gap is still asked for, and the event speaks of a part of it. */
function holds(gap: TextGapRecord, { device, from, to, firstEpoch }: GapEvent): boolean {
  const isOfIt = equalBytes(gap.device, device) && gap.firstEpoch === firstEpoch
  return gap.reason === undefined && isOfIt && gap.from <= from && to <= gap.to
}
