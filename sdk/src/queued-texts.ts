import type { GroupEvent } from "@qpc/group"
import { toHex } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import type { Context } from "./context.ts"
import { putTimedMessage, timerOf } from "./disappearing.ts"
import type { Placed, Profile } from "./profile.ts"
import type { MessageRecord } from "./records.ts"
import type { Transaction } from "./transaction.ts"

/** Messages looked at in one go. */
const PAGE_ROWS = 64

/**
 * Our texts that waited for a commit disappear by the timer of the epoch in which they were sealed at last, as they do for all who get
 * them. They were written down with that of an epoch before.
 */
export async function retimeQueued(
  context: Context,
  tx: Transaction,
  groupId: GroupId,
  events: readonly GroupEvent[],
): Promise<void> {
  const timers = new Map<string, number>()
  for (const event of events) {
    if (event.kind !== "text_sealed" || !event.wasQueued) continue
    timers.set(toHex(event.messageId), event.disappearAfterSeconds)
  }
  if (timers.size === 0) return
  // They are among the last.
  for await (const { position, record } of newestFirst(context.profile, groupId)) {
    const id = toHex(record.id)
    const afterSeconds = timers.get(id)
    if (afterSeconds === undefined) continue
    retime(context, tx, { groupId, position, afterSeconds }, record)
    timers.delete(id)
    if (timers.size === 0) return
  }
}

function retime(
  context: Context,
  tx: Transaction,
  { groupId, position, afterSeconds }: { groupId: GroupId; position: number; afterSeconds: number },
  { timer: before, ...record }: MessageRecord,
): void {
  if ((before?.afterSeconds ?? 0) === afterSeconds) return
  if (before?.deleteAtMs !== undefined) {
    tx.change(context.profile.forgetExpiring({ groupId, position, deleteAtMs: before.deleteAtMs }))
  }
  const timer = timerOf(context, afterSeconds, true)
  putTimedMessage(context, tx, { groupId, position }, { ...record, ...(timer && { timer }) })
}

async function* newestFirst(profile: Profile, groupId: GroupId): AsyncGenerator<Placed<MessageRecord>> {
  let before = Number.MAX_SAFE_INTEGER
  while (true) {
    const rows = await profile.messages(groupId, before, PAGE_ROWS)
    yield* rows.toReversed()
    if (rows.length < PAGE_ROWS) return
    before = rows[0]!.position
  }
}
