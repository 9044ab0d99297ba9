import { compareBytes, decodeWhole, DecodeError, encode, fromUtf8, IDENTITY_KEY_BYTES, readList } from "@qpc/wire"
import { toIdentityKey, toUtf8 } from "@qpc/wire"
import type { Reader } from "@qpc/wire"
import { ADMIN_ROLE, ALL_PERMISSIONS, DEFAULT_ROLES, MEMBER_ROLE } from "@qpc/gsp"
import type { RoleId } from "@qpc/gsp"
import type { RoleAssignment, RoleTable } from "./permissions.ts"
import type { IdentityKey } from "@qpc/wire"

/** A group context extension of the range for private use (RFC 9420 §17.3). Required of every member of our groups. */
export const GROUP_SETTINGS_EXTENSION = 0xf7c1

/** What a group is, beside its members and keys: in the group context, so that all members of an epoch agree on it. */
export interface GroupSettings extends RoleTable {
  readonly name: string
  /** Seconds after which members delete what they have read; 0 for never. */
  readonly disappearAfterSeconds: number
  /** Set for ever: nobody sends or commits in a closed group. */
  readonly isClosed: boolean
  /** How many devices a person may have in the group: 1 to {@link DEVICES_PER_PERSON_MAX}. It stays as the group was made. */
  readonly devicesPerPerson: number
}

/** What a new group allows unless it is asked for another number, and what groups allow that do not say. */
export const DEVICES_PER_PERSON = 5
export const DEVICES_PER_PERSON_MAX = 32

/** How many devices a person may have; groups of before there were settings allow the usual number. */
export function devicesPerPerson(settings: GroupSettings | undefined): number {
  return settings?.devicesPerPerson ?? DEVICES_PER_PERSON
}

/** Without a number of devices: it is {@link DEVICES_PER_PERSON}, and older programs can read it. */
const USUAL = 1
/** With another number of devices. */
const WITH_DEVICES = 2
/** No name that was ever allowed is longer, in bytes. */
const NAME_LIMIT_BYTES = 4096
/** A year: longer is never. */
const DISAPPEAR_MAX_SECONDS = 366 * 86_400

/** The settings of a new group: its creator is its admin. */
export function firstSettings(
  name: string,
  creator: IdentityKey,
  {
    roles = DEFAULT_ROLES,
    devicesPerPerson: limit = DEVICES_PER_PERSON,
  }: Partial<Pick<GroupSettings, "roles" | "devicesPerPerson">> = {},
): GroupSettings {
  return {
    name,
    disappearAfterSeconds: 0,
    isClosed: false,
    devicesPerPerson: limit,
    roles,
    assignments: [{ identityKey: creator, role: ADMIN_ROLE }],
  }
}

/**
 * Writes version u8 · name<V> · disappear after u32 s · closed u8 · list of (role u8 · permissions u16), ascending ·
 * list of (identity key · role u8), ascending · in version 2 devices per person u8, which is not the usual number.
 *
 * @throws RangeError for what {@link decodeSettings} would not take
 */
export function encodeSettings(settings: GroupSettings): Uint8Array {
  const bytes = encode((writer) => {
    const version = settings.devicesPerPerson === DEVICES_PER_PERSON ? USUAL : WITH_DEVICES
    writer.uint8(version).vector(toUtf8(settings.name)).uint32(settings.disappearAfterSeconds)
    writer.uint8(settings.isClosed ? 1 : 0)
    const roles = [...settings.roles].toSorted(([a], [b]) => a - b)
    writer.list(roles, (inner, [role, permissions]) => void inner.uint8(role).uint16(permissions))
    writer.list(settings.assignments, (inner, { identityKey, role }) => void inner.bytes(identityKey).uint8(role))
    if (version === WITH_DEVICES) writer.uint8(settings.devicesPerPerson)
  })
  if (decodeSettings(bytes) === undefined) throw new RangeError("these are no settings of a group")
  return bytes
}

/** The settings, or `undefined` if the extension is missing or not the one encoding of any. Copies. */
export function decodeSettings(extensionData: Uint8Array | undefined): GroupSettings | undefined {
  if (extensionData === undefined) return undefined
  try {
    return decodeWhole(extensionData, readSettings)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/** Reads what {@link encodeSettings} wrote. Copies. @throws DecodeError */
export function readSettings(reader: Reader): GroupSettings {
  const version = reader.uint8()
  if (version !== USUAL && version !== WITH_DEVICES) throw new DecodeError("reserved_value", 0)
  const name = readName(reader)
  const start = reader.offset
  const disappearAfterSeconds = reader.uint32()
  if (disappearAfterSeconds > DISAPPEAR_MAX_SECONDS) throw new DecodeError("bad_value", start)
  const closed = reader.uint8()
  if (closed > 1) throw new DecodeError("reserved_value", start)
  const roles = readRoles(reader)
  const assignments = readAssignments(reader, roles)
  const limit = version === WITH_DEVICES ? readDevicesPerPerson(reader) : DEVICES_PER_PERSON
  return { name, disappearAfterSeconds, isClosed: closed === 1, roles, assignments, devicesPerPerson: limit }
}

function readDevicesPerPerson(reader: Reader): number {
  const start = reader.offset
  const count = reader.uint8()
  // The usual number has a version of its own: one encoding for each content.
  const isOther = count >= 1 && count <= DEVICES_PER_PERSON_MAX && count !== DEVICES_PER_PERSON
  if (!isOther) throw new DecodeError("bad_value", start)
  return count
}

function readName(reader: Reader): string {
  const start = reader.offset
  const bytes = reader.vector()
  const name = bytes.length <= NAME_LIMIT_BYTES ? fromUtf8(bytes) : undefined
  if (name === undefined || name === "") throw new DecodeError("bad_value", start)
  return name
}

function readRoles(reader: Reader): ReadonlyMap<RoleId, number> {
  const start = reader.offset
  const roles = readList(reader, (inner) => [inner.uint8(), inner.uint16()] as const)
  const isAscending = roles.every(([role], at) => at === 0 || roles[at - 1]![0] < role)
  const isKnown = roles.every(([, permissions]) => (permissions & ~ALL_PERMISSIONS) === 0)
  if (roles[0]?.[0] !== MEMBER_ROLE || !isAscending || !isKnown) throw new DecodeError("bad_value", start)
  return new Map(roles)
}

function readAssignments(reader: Reader, roles: ReadonlyMap<RoleId, number>): readonly RoleAssignment[] {
  const start = reader.offset
  const assignments = readList(reader, readAssignment)
  const isAscending = assignments.every(
    ({ identityKey }, at) => at === 0 || compareBytes(assignments[at - 1]!.identityKey, identityKey) < 0,
  )
  const isInTable = assignments.every(({ role }) => role !== MEMBER_ROLE && roles.has(role))
  if (!isAscending || !isInTable) throw new DecodeError("bad_value", start)
  return assignments
}

/** Reads identity key · role u8. Copies. @throws DecodeError */
export function readAssignment(reader: Reader): RoleAssignment {
  return { identityKey: toIdentityKey(reader.bytes(IDENTITY_KEY_BYTES).slice()), role: reader.uint8() }
}
