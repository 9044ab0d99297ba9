import { equalBytes, GROUP_ID_BYTES, toGroupId } from "@qpc/wire"
import { allRows } from "../all-rows.ts"
import { readable } from "../damaged-rows.ts"
import { Profile } from "../profile.ts"
import { messageRecord } from "../records.ts"
import { GIVEN_UP } from "../sent-state.ts"
import type { Change, Store } from "../store.ts"

/**
 * What is written in the place of records of how far texts of ours got. With none, a text would look like one of another device of ours, which
 * the server has accepted: this says that nobody knows, until something new is heard of it.
 *
 * @param ids - of what cannot be read; those of changes of a group are left out
 */
export async function sentGivenUp(store: Store, ids: readonly Uint8Array[]): Promise<readonly Change[]> {
  if (ids.length === 0) return []
  const profile = new Profile(store)
  const changes: Change[] = []
  for await (const { key, value } of allRows(store, "messages")) {
    const message = readable(messageRecord, value)
    if (message?.isOwn !== true || !ids.some((id) => equalBytes(id, message.id))) continue
    const groupId = toGroupId(key.slice(0, GROUP_ID_BYTES))
    changes.push(profile.putSent(message.id, { groupId, state: "failed", failure: GIVEN_UP }))
  }
  return changes
}
