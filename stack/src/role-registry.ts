/** What a role permits, as bits, by the names of the published packages. */
export const Permissions = {
  None: 0,
  SendText: 0x1,
  SendAudio: 0x2,
  SendSignal: 0x4,
  MuteOthers: 0x8,
  AssignRoles: 0x10,
  Invite: 0x20,
  RemoveMembers: 0x40,
  CloseGroup: 0x80,
} as const

/** Bits of {@link Permissions}. */
export type Permissions = number

/** A role. */
export interface RoleSpec {
  readonly id: number
  readonly name: string
  readonly permissions: Permissions
}

/** A role is not there, or does not permit what was demanded. */
export class RoleError extends Error {
  override readonly name = "RoleError"
  readonly code: "unknown_role" | "permission_missing"

  constructor(code: "unknown_role" | "permission_missing", message: string) {
    super(message)
    this.code = code
  }
}

/** Who has which role, and what it permits. Whoever was given none may do nothing. */
export class RoleRegistry {
  readonly #roles = new Map<number, RoleSpec>()
  readonly #assigned = new Map<number, number>()

  /** Takes the place of a role of the same id. */
  define({ id, name, permissions }: RoleSpec): void {
    this.#roles.set(id, { id, name, permissions })
  }

  /** {@link define}. */
  defineRole(id: number, name: string, permissions: Permissions): void {
    this.define({ id, name, permissions })
  }

  role(id: number): RoleSpec | undefined {
    return this.#roles.get(id)
  }

  allRoles(): Iterable<RoleSpec> {
    return this.#roles.values()
  }

  /** @throws RoleError `unknown_role` */
  assign(memberId: number, roleId: number): void {
    if (!this.#roles.has(roleId)) throw new RoleError("unknown_role", `role ${roleId} is not defined: define it first`)
    this.#assigned.set(memberId, roleId)
  }

  roleOf(memberId: number): RoleSpec | undefined {
    const roleId = this.#assigned.get(memberId)
    return roleId === undefined ? undefined : this.#roles.get(roleId)
  }

  permissionsOf(memberId: number): Permissions {
    return this.roleOf(memberId)?.permissions ?? Permissions.None
  }

  /** True if the member has all these bits. */
  has(memberId: number, mask: Permissions): boolean {
    return (this.permissionsOf(memberId) & mask) === mask
  }

  /** @throws RoleError `permission_missing` unless the member has all these bits */
  require(memberId: number, mask: Permissions): void {
    if (this.has(memberId, mask)) return
    throw new RoleError("permission_missing", `member ${memberId} lacks permissions of 0x${mask.toString(16)}`)
  }
}
