import type { IdentityKey } from "@qpc/wire"
import type { GroupSettings } from "./group-settings.ts"
import { checkRoleChange, hasAdmin, isAllowed, permissionsOf, withoutRolesOf } from "./permissions.ts"
import type { RoleObjection } from "./permissions.ts"

/**
 * Why a commit is not permitted by the group's own settings.
 *
 * - `group_closed`: a closed group does not change.
 * - `invite_not_allowed`, `remove_not_allowed`: its author's role does not allow that.
 * - `remove_above_own`: it removes somebody who may do what its author may not.
 * - `settings_not_allowed`, `close_not_allowed`: its author's role does not allow that.
 * - `role_of_stranger`: somebody has a role who is not in the group.
 * - `no_admin_left`: nobody could assign roles afterwards.
 */
export type SettingsObjection =
  | "group_closed"
  | "invite_not_allowed"
  | "remove_not_allowed"
  | "remove_above_own"
  | "settings_not_allowed"
  | "close_not_allowed"
  | "role_of_stranger"
  | "no_admin_left"
  | RoleObjection

/** Why somebody may not write. */
export type TextObjection = "group_closed" | "text_not_allowed"

/** Decides whether somebody may write a text under these settings; `undefined` if they may, as everybody where there are none. */
export function checkText(settings: GroupSettings | undefined, author: IdentityKey): TextObjection | undefined {
  if (settings === undefined) return undefined
  if (settings.isClosed) return "group_closed"
  return isAllowed(settings, author, "sendText") ? undefined : "text_not_allowed"
}

/** What a commit does to a group, as far as its settings have a say in it. People, not devices. */
export interface SettingsChange {
  readonly author: IdentityKey
  /** Who comes in with their first devices. */
  readonly added: readonly IdentityKey[]
  /** Who loses all their devices, even if they get others, except those who asked to leave themselves. */
  readonly removed: readonly IdentityKey[]
  /** Who asked to leave; any member may carry that out. */
  readonly left: readonly IdentityKey[]
  /** True for whoever is in the group afterwards. */
  readonly isMemberAfter: (identityKey: IdentityKey) => boolean
  readonly before: GroupSettings
  readonly after: GroupSettings
}

/** Decides whether the settings before a commit permit it; `undefined` if they do. Every member decides the same. */
export function checkSettings(change: SettingsChange): SettingsObjection | undefined {
  const { author, before, after } = change
  if (before.isClosed) return "group_closed"
  if (change.added.length > 0 && !isAllowed(before, author, "invite")) return "invite_not_allowed"
  return checkRemovals(change) ?? checkContent(before, after, author) ?? checkRoles(change)
}

function checkRemovals({ author, removed, before }: SettingsChange): SettingsObjection | undefined {
  if (removed.length === 0) return undefined
  if (!isAllowed(before, author, "removeMembers")) return "remove_not_allowed"
  const own = permissionsOf(before, author)
  const isAbove = removed.some((identityKey) => (permissionsOf(before, identityKey) & ~own) !== 0)
  return isAbove ? "remove_above_own" : undefined
}

function checkContent(before: GroupSettings, after: GroupSettings, author: IdentityKey): SettingsObjection | undefined {
  const isOther = before.name !== after.name || before.disappearAfterSeconds !== after.disappearAfterSeconds
  if (isOther && !isAllowed(before, author, "changeSettings")) return "settings_not_allowed"
  // Nobody's to change: people with more devices than a lower number would be against the rules without having done anything.
  if (before.devicesPerPerson !== after.devicesPerPerson) return "settings_not_allowed"
  if (after.isClosed && !isAllowed(before, author, "closeGroup")) return "close_not_allowed"
  return undefined
}

function checkRoles({
  author,
  removed,
  left,
  isMemberAfter,
  before,
  after,
}: SettingsChange): SettingsObjection | undefined {
  if (!after.assignments.every(({ identityKey }) => isMemberAfter(identityKey))) return "role_of_stranger"
  const objection = checkRoleChange(withoutRolesOf(before, [...removed, ...left]), after, author)
  if (objection !== undefined) return objection
  return after.isClosed || hasAdmin(after) ? undefined : "no_admin_left"
}
