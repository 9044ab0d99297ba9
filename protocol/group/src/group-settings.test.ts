import { toIdentityKey } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeSettings, encodeSettings, firstSettings } from "./group-settings.ts"
import { ADMIN_ROLE, DEFAULT_ROLES, MODERATOR_ROLE, PERMISSIONS } from "@qpc/gsp"
import { roleOf, withRole } from "./permissions.ts"

const person = (name: number): ReturnType<typeof toIdentityKey> => toIdentityKey(new Uint8Array(32).fill(name))
const settings = firstSettings("friends", person(2))
const encoded = encodeSettings(settings)

describe("the settings extension", () => {
  it("reads back what was written", () => {
    const richer = { ...settings, ...withRole(settings, { identityKey: person(1), role: MODERATOR_ROLE }) }
    const other = { ...richer, name: "🎈 & co", disappearAfterSeconds: 3600, isClosed: true }
    expect(decodeSettings(encodeSettings(other))).toEqual(other)
  })

  it("says how many devices a person may have where that is not the usual number", () => {
    const other = { ...settings, devicesPerPerson: 32 }
    const bytes = encodeSettings(other)
    expect(decodeSettings(bytes)).toEqual(other)
    expect([encoded[0], bytes[0], bytes.length]).toEqual([1, 2, encoded.length + 1])
    expect(decodeSettings(bytes.with(bytes.length - 1, 5))).toBeUndefined()
  })

  it("makes the creator the admin of a new group", () => {
    expect(roleOf(settings, person(2))).toBe(ADMIN_ROLE)
    expect(roleOf(settings, person(3))).toBe(0)
  })

  it("has one encoding for each content: whatever else decodes encodes to itself", () => {
    const at = fc.nat(encoded.length - 1)
    let taken = 0
    fc.assert(
      fc.property(at, fc.nat(255), fc.nat(2), (where, value, cut) => {
        const bytes = encoded.slice(0, encoded.length - cut)
        if (where < bytes.length) bytes[where] = value
        const decoded = decodeSettings(bytes)
        if (decoded === undefined) return
        taken += 1
        expect(encodeSettings(decoded)).toEqual(bytes)
      }),
      { numRuns: 5000, seed: 3 },
    )
    expect(taken).toBeGreaterThan(100)
  })

  it.each([
    ["an empty name", { ...settings, name: "" }],
    ["a name that is too long", { ...settings, name: "x".repeat(4097) }],
    ["a timer above a year", { ...settings, disappearAfterSeconds: 367 * 86_400 }],
    ["no devices", { ...settings, devicesPerPerson: 0 }],
    ["too many devices", { ...settings, devicesPerPerson: 33 }],
    ["no role for members", { ...settings, roles: new Map([[ADMIN_ROLE, PERMISSIONS.assignRoles]]) }],
    ["a permission that does not exist", { ...settings, roles: new Map([...DEFAULT_ROLES, [3, 1 << 9]]) }],
    ["a role that is not in the table", { ...settings, assignments: [{ identityKey: person(2), role: 9 }] }],
    ["the members' role given by name", { ...settings, assignments: [{ identityKey: person(2), role: 0 }] }],
    ["a person twice", { ...settings, assignments: [...settings.assignments, ...settings.assignments] }],
    [
      "people out of order",
      { ...settings, assignments: [...settings.assignments, { identityKey: person(1), role: ADMIN_ROLE }] },
    ],
  ])("refuses %s", (_, bad) => {
    expect(() => encodeSettings(bad)).toThrow(RangeError)
  })

  it("is missing where there is none", () => {
    expect(decodeSettings(undefined)).toBeUndefined()
    expect(decodeSettings(new Uint8Array(0))).toBeUndefined()
  })
})
