import type { Member } from "@qpc/group"
import type { GroupId } from "@qpc/wire"
import { profileClosed } from "./client-error.ts"
import type { Context } from "./context.ts"
import { damageOfGroup } from "./damaged-groups.ts"
import { damagedGroupError } from "./group-damage.ts"

/**
 * The member of a group of this profile as it is now: one that was kept from before may have been replaced or disposed meanwhile. Look it
 * up inside the turn in which it is used.
 *
 * @throws ClientError `group_damaged`, `group_unsupported`; `store_closed` when the profile is closed
 */
export function memberOf(context: Context, groupId: GroupId): Member {
  const member = context.groups.find(groupId)
  if (member !== undefined) return member
  const damage = damageOfGroup(context, groupId)
  throw damage === undefined ? profileClosed() : damagedGroupError(groupId, damage)
}
