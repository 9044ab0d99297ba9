import { MEMBER_ROLE, PERMISSIONS } from "@qpc/gsp"
import type { Permission, RoleId } from "@qpc/gsp"
import { compareBytes, equalBytes, toHex } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"

/** One person and the role they were given. */
export interface RoleAssignment {
  readonly identityKey: IdentityKey
  readonly role: RoleId
}

/** Who may do what: part of the group's authenticated state, the same for all members of an epoch. */
export interface RoleTable {
  /** What each role allows. */
  readonly roles: ReadonlyMap<RoleId, number>
  /** Those with another role than {@link MEMBER_ROLE}, by identity key in ascending order. */
  readonly assignments: readonly RoleAssignment[]
}

/** The role of a person. */
export function roleOf({ assignments }: RoleTable, identityKey: IdentityKey): RoleId {
  return assignments.find((one) => equalBytes(one.identityKey, identityKey))?.role ?? MEMBER_ROLE
}

/** What a person may do, as {@link PERMISSIONS} bits. */
export function permissionsOf(table: RoleTable, identityKey: IdentityKey): number {
  return table.roles.get(roleOf(table, identityKey)) ?? 0
}

/** True if a person may do this. */
export function isAllowed(table: RoleTable, identityKey: IdentityKey, permission: Permission): boolean {
  return (permissionsOf(table, identityKey) & PERMISSIONS[permission]) !== 0
}

/** The table with another role for one person. */
export function withRole({ roles, assignments }: RoleTable, { identityKey, role }: RoleAssignment): RoleTable {
  const others = assignments.filter((one) => !equalBytes(one.identityKey, identityKey))
  if (role === MEMBER_ROLE) return { roles, assignments: others }
  const sorted = [...others, { identityKey, role }].toSorted((a, b) => compareBytes(a.identityKey, b.identityKey))
  return { roles, assignments: sorted }
}

/** The table without those who are no longer in the group: whoever comes back starts as a member. */
export function withoutRolesOf({ roles, assignments }: RoleTable, gone: readonly IdentityKey[]): RoleTable {
  const names = new Set(gone.map(toHex))
  return { roles, assignments: assignments.filter((one) => !names.has(toHex(one.identityKey))) }
}

/**
 * What is wrong with a change of roles.
 *
 * - `roles_not_allowed`: whoever makes it may not assign roles.
 * - `roles_above_own`: it gives or takes a permission that its author does not have.
 */
export type RoleObjection = "roles_not_allowed" | "roles_above_own"

/**
 * Checks a change of roles made by `author`, among people who stay in the group.
 *
 * The law is that nobody gives or takes what they do not have. A moderator who may assign roles cannot make admins, nor
 * unmake them, neither by an assignment nor by changing what a role means.
 */
export function checkRoleChange(before: RoleTable, after: RoleTable, author: IdentityKey): RoleObjection | undefined {
  const own = permissionsOf(before, author)
  const changed = changedPermissions(before, after)
  if (changed === undefined) return undefined
  if ((own & PERMISSIONS.assignRoles) === 0) return "roles_not_allowed"
  return (changed & ~own) === 0 ? undefined : "roles_above_own"
}

/** All bits that somebody gains, loses, or could be given anew; `undefined` if the tables are the same. */
function changedPermissions(before: RoleTable, after: RoleTable): number | undefined {
  let changed: number | undefined
  for (const role of new Set([...before.roles.keys(), ...after.roles.keys()])) {
    const [was, is] = [before.roles.get(role), after.roles.get(role)]
    if (was !== is) changed = (changed ?? 0) | ((was ?? 0) ^ (is ?? 0))
  }
  const people = new Map([...before.assignments, ...after.assignments].map((one) => [toHex(one.identityKey), one]))
  for (const { identityKey } of people.values()) {
    if (roleOf(before, identityKey) === roleOf(after, identityKey)) continue
    changed = (changed ?? 0) | (permissionsOf(before, identityKey) ^ permissionsOf(after, identityKey))
  }
  return changed
}

/** True if somebody may assign roles: a group where nobody may can never be mended. */
export function hasAdmin(table: RoleTable): boolean {
  const isAdmin = (role: RoleId): boolean => ((table.roles.get(role) ?? 0) & PERMISSIONS.assignRoles) !== 0
  return isAdmin(MEMBER_ROLE) || table.assignments.some(({ role }) => isAdmin(role))
}
