import { equalBytes, toHex } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import { encodeSettings } from "./group-settings.ts"
import type { GroupSettings } from "./group-settings.ts"
import { roleOf, withoutRolesOf } from "./permissions.ts"
import type { RoleAssignment } from "./permissions.ts"

/** A part of the settings that can change. */
export type SettingName = "name" | "timer" | "closed" | "roles"

/** What somebody wanted to change, beside the roles that end when people leave. */
export interface SettingsDifference {
  readonly changed: readonly SettingName[]
  /** Who stays and has another role, and which. */
  readonly assigned: readonly RoleAssignment[]
}

/** Compares the settings before and after a commit that took some people out; `undefined` if they are the same. */
export function settingsDifference(
  before: GroupSettings,
  after: GroupSettings,
  gone: readonly IdentityKey[],
): SettingsDifference | undefined {
  if (equalBytes(encodeSettings(before), encodeSettings(after))) return undefined
  const stayed = { ...before, ...withoutRolesOf(before, gone) }
  const changed: SettingName[] = []
  if (before.name !== after.name) changed.push("name")
  if (before.disappearAfterSeconds !== after.disappearAfterSeconds) changed.push("timer")
  if (before.isClosed !== after.isClosed) changed.push("closed")
  const { name, disappearAfterSeconds, isClosed } = after
  const otherwiseSame = { ...stayed, name, disappearAfterSeconds, isClosed }
  if (!equalBytes(encodeSettings(otherwiseSame), encodeSettings(after))) changed.push("roles")
  return { changed, assigned: assignedIn(stayed, after) }
}

function assignedIn(before: GroupSettings, after: GroupSettings): readonly RoleAssignment[] {
  const people = new Map([...before.assignments, ...after.assignments].map((one) => [toHex(one.identityKey), one]))
  return [...people.values()].flatMap(({ identityKey }) => {
    const role = roleOf(after, identityKey)
    return role === roleOf(before, identityKey) ? [] : [{ identityKey, role }]
  })
}
