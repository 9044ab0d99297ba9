import { ADMIN_ROLE, MEMBER_ROLE, MODERATOR_ROLE } from "@qpc/group"
import type { RoleId } from "@qpc/group"

/** The roles of a new group: members talk and invite, moderators also remove people, admins do everything. */
export type RoleName = "member" | "moderator" | "admin"

/** The number of a role. */
export const ROLE_IDS: Readonly<Record<RoleName, RoleId>> = {
  member: MEMBER_ROLE,
  moderator: MODERATOR_ROLE,
  admin: ADMIN_ROLE,
}

/** The name of a role, or its number where somebody made one of their own. */
export function roleName(role: RoleId): string {
  return Object.entries(ROLE_IDS).find(([, id]) => id === role)?.[0] ?? `role ${role}`
}
