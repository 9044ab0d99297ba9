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

/** Says what cannot be read between the first and the last of some messages that were just shown; `undefined` if nothing. */
export async function damagedBetween(
  group: Conversation,
  { first, last }: { readonly first: StoredMessage; readonly last: StoredMessage },
): Promise<string | undefined> {
  const { length } = await group.damagedMessages({ after: first.position, before: last.position })
  if (length === 0) return undefined
  return `${countText(length, "message")} of ${groupText(group)} cannot be read: what is stored is damaged. What to do: qpc doctor`
}
