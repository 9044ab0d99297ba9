import { hasSameRoles, isWeakerSuite } from "@qpc/group"
import type { Joined, Member } from "@qpc/group"
import { equalBytes } from "@qpc/wire"
import type { GroupId, IdentityKey } from "@qpc/wire"
import type { Context } from "./context.ts"

/**
 * True if a Welcome may take the place of a group that we are in: we cannot follow it any more, or look for a way back.
 *
 * Behind a commit that we did not follow nobody leads us before a person wants it, whatever the server says of the group's history: its
 * author would be glad to.
 */
export function mayBeInvitedAnew({ rejoining, missing }: Context, groupId: GroupId): boolean {
  const stage = rejoining.find(groupId)?.stage
  if (stage === undefined) return missing.isStuck(groupId)
  return stage.at !== "stopped" || stage.reason !== "not_followed"
}

/** True if we followed the group to our end in it. Whoever comes in after that begins anew; whoever lost the group goes on in it. */
export function isOut(earlier: Member): boolean {
  return !earlier.isActive && earlier.condition().ending !== "must_rejoin"
}

/**
 * The server alone says that we cannot follow a group, it may hand out an old Welcome again, and whoever is in no group with us
 * may found one with the id of ours. So a Welcome never leads back in time, where keys would be used again and those who were
 * removed would be members, and never into a weaker cipher suite. Out of a group that we are in, lost or not, it leads only by somebody
 * whom we know there, and where all others may do what they could do before: they could have given themselves a role by a commit
 * that all others refused. If a role has changed, the device finds its way back by the word of two people, as `enterAgain` does, or of
 * the person in front of it. Our own role does not count, since whoever is removed loses it.
 */
export function continues(
  { rejoining }: Context,
  earlier: Member,
  { member, by }: Extract<Joined, { kind: "joined" }>,
): boolean {
  if (member.epoch <= earlier.epoch || isWeakerSuite(earlier.suiteId, member.suiteId)) return false
  if (isOut(earlier)) return true
  const isInsisted = rejoining.find(member.groupId)?.isInsisted === true
  return wasIn(earlier, by) && (isInsisted || hasSameRoles(earlier.settings, member.settings, member.self))
}

/** True if we know somebody as a member of a group, as it was when we last could follow it. */
export function wasIn(earlier: Member, person: IdentityKey): boolean {
  return earlier.members().some(({ identityKey }) => equalBytes(identityKey, person))
}
