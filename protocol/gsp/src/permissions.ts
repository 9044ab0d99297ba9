/** What a role allows, as bits (GSP "Roles"; the ninth is ours). */
export const PERMISSIONS = {
  sendText: 0x001,
  sendAudio: 0x002,
  sendSignal: 0x004,
  muteOthers: 0x008,
  assignRoles: 0x010,
  invite: 0x020,
  removeMembers: 0x040,
  closeGroup: 0x080,
  changeSettings: 0x100,
} as const

/** The name of one permission. */
export type Permission = keyof typeof PERMISSIONS

/** Every bit that means something. */
export const ALL_PERMISSIONS: number = Object.values(PERMISSIONS).reduce((all, bit) => all | bit, 0)

/** A role's number; {@link MEMBER_ROLE} is everybody's who was given no other. */
export type RoleId = number

/** The role of whoever was given none. Every table has it. */
export const MEMBER_ROLE: RoleId = 0
export const MODERATOR_ROLE: RoleId = 1
export const ADMIN_ROLE: RoleId = 2

const TALK = PERMISSIONS.sendText | PERMISSIONS.sendAudio | PERMISSIONS.sendSignal

/** The roles of a new group: members talk and invite, moderators also remove and mute, admins do everything. */
export const DEFAULT_ROLES: ReadonlyMap<RoleId, number> = new Map([
  [MEMBER_ROLE, TALK | PERMISSIONS.invite],
  [MODERATOR_ROLE, TALK | PERMISSIONS.invite | PERMISSIONS.removeMembers | PERMISSIONS.muteOthers],
  [ADMIN_ROLE, ALL_PERMISSIONS],
])
