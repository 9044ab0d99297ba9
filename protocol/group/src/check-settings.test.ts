import { toIdentityKey } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { checkSettings } from "./check-settings.ts"
import type { SettingsChange } from "./check-settings.ts"
import { firstSettings } from "./group-settings.ts"
import type { GroupSettings } from "./group-settings.ts"
import type { RoleTable } from "./permissions.ts"
import { ADMIN_ROLE, ALL_PERMISSIONS, DEFAULT_ROLES, MEMBER_ROLE, MODERATOR_ROLE, PERMISSIONS } from "@qpc/gsp"
import { permissionsOf, withoutRolesOf, withRole } from "./permissions.ts"

const person = (name: number): IdentityKey => toIdentityKey(new Uint8Array(32).fill(name))
const [ada, ben, cay, dan, eve] = [person(1), person(2), person(3), person(4), person(5)]

/** Ada is admin, Ben moderator, Cay, Dan and Eve are members. */
const settings: GroupSettings = {
  ...firstSettings("friends", ada),
  ...withRole(firstSettings("friends", ada), { identityKey: ben, role: MODERATOR_ROLE }),
}

function check(change: Partial<SettingsChange> & Pick<SettingsChange, "author">): ReturnType<typeof checkSettings> {
  const gone = [...(change.removed ?? []), ...(change.left ?? [])]
  return checkSettings({
    added: [],
    removed: [],
    left: [],
    before: settings,
    after: { ...settings, ...withoutRolesOf(settings, gone) },
    isMemberAfter: (identityKey) => !gone.some((one) => one[0] === identityKey[0]),
    ...change,
  })
}

const withSettings = (changes: Partial<GroupSettings>): GroupSettings => ({ ...settings, ...changes })

describe("the settings of a group", () => {
  it("let members invite, moderators remove members, and admins do everything", () => {
    expect(check({ author: cay, added: [person(9)] })).toBeUndefined()
    expect(check({ author: ben, removed: [cay] })).toBeUndefined()
    expect(check({ author: ada, removed: [ben] })).toBeUndefined()
    expect(check({ author: ada, after: withSettings({ name: "family" }) })).toBeUndefined()
    expect(check({ author: ada, after: withSettings({ isClosed: true }) })).toBeUndefined()
  })

  it("stay with the number of devices that they began with", () => {
    expect(check({ author: ada, after: withSettings({ devicesPerPerson: 6 }) })).toBe("settings_not_allowed")
  })

  it("let every member carry out that somebody asked to leave", () => {
    expect(check({ author: cay, left: [ben] })).toBeUndefined()
  })

  it("refuse what a role does not allow", () => {
    expect(check({ author: cay, removed: [dan] })).toBe("remove_not_allowed")
    expect(check({ author: ben, after: withSettings({ name: "family" }) })).toBe("settings_not_allowed")
    expect(check({ author: ben, after: withSettings({ disappearAfterSeconds: 60 }) })).toBe("settings_not_allowed")
    expect(check({ author: ben, after: withSettings({ isClosed: true }) })).toBe("close_not_allowed")
    expect(
      check({ author: ben, after: withSettings(withRole(settings, { identityKey: cay, role: MODERATOR_ROLE })) }),
    ).toBe("roles_not_allowed")
    const muted = withSettings({ roles: new Map([...DEFAULT_ROLES, [MEMBER_ROLE, PERMISSIONS.sendText]]) })
    expect(check({ author: cay, added: [person(9)], before: muted, after: muted })).toBe("invite_not_allowed")
  })

  it("refuse that a moderator removes an admin", () => {
    expect(check({ author: ben, removed: [ada], after: withSettings(withoutRolesOf(settings, [ada])) })).toBe(
      "remove_above_own",
    )
  })

  it("refuse a role for somebody who is not in the group, and one kept by who left", () => {
    const stranger = withSettings(withRole(settings, { identityKey: person(77), role: MODERATOR_ROLE }))
    expect(check({ author: ada, after: stranger, isMemberAfter: (one) => one[0] !== 77 })).toBe("role_of_stranger")
    expect(check({ author: ada, removed: [ben], after: settings })).toBe("role_of_stranger")
  })

  it("refuse that the last admin goes without naming another, unless the group is closed", () => {
    const demoted = withSettings(withRole(settings, { identityKey: ada, role: MEMBER_ROLE }))
    expect(check({ author: ada, after: demoted })).toBe("no_admin_left")
    expect(check({ author: cay, left: [ada] })).toBe("no_admin_left")
    expect(check({ author: ada, after: { ...demoted, isClosed: true } })).toBeUndefined()
    const handedOver = withSettings(withRole(demoted, { identityKey: ben, role: ADMIN_ROLE }))
    expect(check({ author: ada, after: handedOver })).toBeUndefined()
  })

  it("refuse every change once the group is closed", () => {
    const closed = withSettings({ isClosed: true })
    expect(check({ author: ada, before: closed, after: settings })).toBe("group_closed")
    expect(check({ author: ada, before: closed, after: closed })).toBe("group_closed")
  })

  it("let nobody give or take a permission that they do not have", () => {
    const bits = fc.integer({ min: 0, max: ALL_PERMISSIONS })
    const people = [ada, ben, cay, dan, eve]
    const role = fc.integer({ min: 0, max: 3 })
    const roles = fc.tuple(bits, bits, bits, bits).map((all) => new Map(all.map((one, at) => [at, one] as const)))
    const table = fc.record({ roles, given: fc.array(role, { minLength: 5, maxLength: 5 }) }).map((drawn) => {
      let made: RoleTable = { roles: drawn.roles, assignments: [] }
      for (const [at, identityKey] of people.entries()) made = withRole(made, { identityKey, role: drawn.given[at]! })
      return withSettings(made)
    })
    let permitted = 0
    fc.assert(
      fc.property(table, table, fc.constantFrom(...people), (before, after, author) => {
        if (check({ author, before, after }) !== undefined) return
        permitted += 1
        const own = permissionsOf(before, author)
        for (const identityKey of people) {
          const changed = permissionsOf(before, identityKey) ^ permissionsOf(after, identityKey)
          expect(changed & ~own).toBe(0)
        }
      }),
      { numRuns: 20_000, seed: 7 },
    )
    expect(permitted).toBeGreaterThan(10)
  })
})
