import type { Conversation, StoredMessage } from "@qpc/sdk"
import { countText, groupText } from "./text.ts"

/** In the place of a message that cannot be read. */
export const DAMAGED_MESSAGE = "(a message cannot be read: what is stored of it is damaged. What to do: qpc doctor)"

/** Positions of messages that cannot be read among the newest `limit`, of which these can. */
export function damagedAmong(
  group: Conversation,
  messages: readonly StoredMessage[],
  limit: number,
): Promise<readonly number[]> {
  const isWhole = messages.length < limit
  return group.damagedMessages({ after: isWhole ? 0 : messages[0]!.position })
}

/**
 * Marks messages read that were just shown, and with them those that cannot be read in front of them, between them, and, where no more are
 * unread, behind them: they are told once.
 *
 * @param last - the newest that was shown; `undefined` if there was none
 * @returns what to say of those that cannot be read; `undefined` if there are none
 */
export async function markShown(group: Conversation, last: StoredMessage | undefined): Promise<string | undefined> {
  let count = 0
  if (last !== undefined) {
    count += (await group.damagedMessages({ after: "read", before: last.position })).length
    await group.markRead(last.position)
  }
  if ((await group.unread()).length === 0) {
    const behind = await group.damagedMessages({ after: "read" })
    count += behind.length
    await group.markRead(behind.at(-1) ?? 0)
  }
  if (count === 0) return undefined
  return `${countText(count, "message")} of ${groupText(group)} cannot be read: what is stored is damaged. What to do: qpc doctor`
}
