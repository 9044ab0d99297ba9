import { MEMBER_ID_END } from "@qpc/gbp"
import type { Signal } from "@qpc/gsp"
import { Permissions } from "./role-registry.ts"
import type { RoleRegistry } from "./role-registry.ts"

/** Why a signal has no effect. */
export type EffectRefusal = "not_allowed" | "above_own" | "unknown_role" | "unknown_target"

/** Members who may be muted or present at once. */
const MEMBERS_MAX = 100_000

/**
 * What signals made of the group: who is there, who is muted. Targets are read from the arguments; authority is looked up in the role
 * registry, and what a sender claims to be is ignored. Without a registry everybody decides about themselves alone.
 */
export class SignalEffects {
  readonly #roles: RoleRegistry | undefined
  readonly #present = new Set<number>()
  /** Who is muted, and by whom. */
  readonly #muted = new Map<number, number>()

  constructor(roles: RoleRegistry | undefined) {
    this.#roles = roles
  }

  get present(): ReadonlySet<number> {
    return new Set(this.#present)
  }

  isMuted(memberId: number): boolean {
    return this.#muted.has(memberId)
  }

  /** Why the sender may not do that, or `undefined` if it may. */
  refusalOf(senderId: number, signal: Signal): EffectRefusal | undefined {
    const target = "target" in signal ? signal.target : senderId
    if (target >= MEMBER_ID_END || this.#present.size + this.#muted.size >= MEMBERS_MAX) return "unknown_target"
    if (!this.#may(senderId, permissionFor(signal))) return "not_allowed"
    if (signal.type === "role_change") return this.#refusalOfRole(senderId, signal.target, signal.role)
    return this.#isOwnAffair(senderId, signal) || this.#mayModerate(senderId) ? undefined : "not_allowed"
  }

  /** What {@link refusalOf} let through. */
  apply(senderId: number, signal: Signal): void {
    switch (signal.type) {
      case "join":
        this.#present.add(senderId)
        return
      case "leave":
        this.#present.delete(senderId)
        return
      case "mute":
        // Who was muted by somebody else does not make it a mute of their own by muting themselves.
        if (signal.target !== senderId || !this.#muted.has(senderId)) this.#muted.set(signal.target, senderId)
        return
      case "unmute":
        this.#muted.delete(signal.target)
        return
      case "role_change":
        this.#roles?.assign(signal.target, signal.role)
        return
      case "stream_start":
      case "stream_stop":
      case "codec_update":
    }
  }

  /** Without a registry everybody may whatever is their own affair. */
  #may(senderId: number, permission: Permissions): boolean {
    return this.#roles?.has(senderId, permission) ?? true
  }

  #mayModerate(senderId: number): boolean {
    return this.#roles?.has(senderId, Permissions.MuteOthers) ?? false
  }

  #isOwnAffair(senderId: number, signal: Signal): boolean {
    if (signal.type === "codec_update") return false
    if (!("target" in signal)) return true
    const by = this.#muted.get(senderId)
    return signal.target === senderId && (signal.type === "mute" || by === undefined || by === senderId)
  }

  /** Nobody gives or takes what they do not have, or a moderator could unmake an admin. */
  #refusalOfRole(senderId: number, target: number, role: number): EffectRefusal | undefined {
    const roles = this.#roles
    if (roles?.has(senderId, Permissions.AssignRoles) !== true) return "not_allowed"
    const next = roles.role(role)
    if (next === undefined) return "unknown_role"
    const changed = roles.permissionsOf(target) ^ next.permissions
    return (changed & ~roles.permissionsOf(senderId)) === 0 ? undefined : "above_own"
  }
}

/** What it takes to signal at all, and to start what is started. */
function permissionFor(signal: Signal): Permissions {
  if (signal.type !== "stream_start") return Permissions.SendSignal
  if (signal.stream === "audio") return Permissions.SendSignal | Permissions.SendAudio
  return signal.stream === "text" ? Permissions.SendSignal | Permissions.SendText : Permissions.SendSignal
}
