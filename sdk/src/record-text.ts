import type { GroupEvent, Member } from "@qpc/group"
import { equalBytes, newMessageId, uuidText } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import type { Context } from "./context.ts"
import { putTimedMessage, timerOf } from "./disappearing.ts"
import type { StoredMessage } from "./model.ts"
import type { MessageRecord } from "./records.ts"
import type { Transaction } from "./transaction.ts"

/** A text of somebody else, or of another device of ours, unless it is there already. */
export async function recordText(
  context: Context,
  tx: Transaction,
  member: Member,
  event: GroupEvent & { readonly kind: "text" },
): Promise<void> {
  const { profile, random, clock } = context
  // The member's own memory of duplicates is bounded; the store's is not.
  if (await profile.wasSeen(member.groupId, event.sender, event.mid)) return
  tx.change(profile.putSeen(member.groupId, event.sender, event.mid))
  const storedAtMs = clock.unixMs()
  const id = newMessageId(storedAtMs, random)
  const isOwn = equalBytes(event.sender, member.self)
  const { sender, mid, text, sentAtMs, isLate } = event
  // What another device of ours has sent, the server has accepted.
  const state = isOwn ? "accepted" : "received"
  await recordMessage(
    context,
    tx,
    member,
    {
      id,
      sender,
      isOwn,
      mid,
      text,
      sentAtMs,
      storedAtMs,
      ...timed(context, event, isOwn),
      // What another device of ours wrote is nothing that we did not know.
      ...(isLate && !isOwn && { isLate }),
    },
    state,
  )
}

/** A text that was written on this device. */
export async function recordOwnText(
  context: Context,
  tx: Transaction,
  member: Member,
  event: GroupEvent & { readonly kind: "text_queued" | "text_sealed" },
  text: string,
): Promise<void> {
  tx.sent(member.groupId, event.messageId, "stored")
  const { messageId: id, mid, sentAtMs } = event
  const own = { id, sender: member.self, isOwn: true, mid, text, sentAtMs, storedAtMs: context.clock.unixMs() }
  await recordMessage(context, tx, member, { ...own, ...timed(context, event, true) }, "stored")
}

function timed(
  context: Context,
  { disappearAfterSeconds }: { readonly disappearAfterSeconds: number },
  isOwn: boolean,
): Pick<MessageRecord, "timer"> {
  const timer = timerOf(context, disappearAfterSeconds, isOwn)
  return timer === undefined ? {} : { timer }
}

async function recordMessage(
  context: Context,
  tx: Transaction,
  member: Member,
  message: MessageRecord,
  state: StoredMessage["state"],
): Promise<void> {
  const position = await context.positions.message(member.groupId)
  putTimedMessage(context, tx, { groupId: member.groupId, position }, message)
  tx.event({ kind: "message", message: storedMessage(context, member.groupId, position, message, { state }) })
}

/** A record as people see it. */
export function storedMessage(
  context: Context,
  groupId: GroupId,
  position: number,
  record: MessageRecord,
  { state, failure }: Pick<StoredMessage, "state" | "failure">,
): StoredMessage {
  const { text, isOwn, sentAtMs, storedAtMs, timer, isLate } = record
  const leftMs = timer?.deleteAtMs === undefined ? undefined : Math.max(0, timer.deleteAtMs - context.time.nowMs())
  const disappears = timer && { afterSeconds: timer.afterSeconds, ...(leftMs !== undefined && { leftMs }) }
  const sender = context.contacts.person(record.sender)
  const id = uuidText(record.id)
  const message = { id, groupId, position, sender, isOwn, text, sentAtMs, storedAtMs, state }
  return { ...message, ...(failure && { failure }), ...(disappears && { disappears }), ...(isLate && { isLate }) }
}
