import { validateKeyPackage } from "@qpc/mls"
import { equalBytes, toHex } from "@qpc/wire"
import type { DeviceKey, IdentityKey } from "@qpc/wire"
import { planSuite } from "./change-suite.ts"
import type { SuiteWanted } from "./change-suite.ts"
import { checkSettings } from "./check-settings.ts"
import { deviceValidator } from "./device-credential.ts"
import { checkDevices, comeAndGone, membershipAfter, personChanges } from "./device-rules.ts"
import type { PlanFailure } from "./event.ts"
import { devicesPerPerson } from "./group-settings.ts"
import type { GroupSettings } from "./group-settings.ts"
import type { Wanted } from "./intents.ts"
import type { LeaveRequest } from "./leaving.ts"
import type { MemberState } from "./member-state.ts"
import { hasAdmin, isAllowed, roleOf, withoutRolesOf, withRole } from "./permissions.ts"
import type { RoleTable } from "./permissions.ts"
import { knownDevice, leafOf, leavesOf } from "./roster.ts"
import type { Device, Leaf } from "./roster.ts"

/** What a commit is going to do to the group. */
export interface Change {
  readonly adds: readonly Newcomer[]
  readonly removes: readonly Leaf[]
  /** Whose devices asked to leave, and may, by their proposals. */
  readonly leaves: readonly (LeaveRequest & Leaf)[]
  /** From then on; the very object of the state if they stay. `undefined` in a group without. */
  readonly settings: GroupSettings | undefined
  /** The cipher suite from then on; then there is nothing else, as a ReInit goes alone (RFC 9420 §12.2). */
  readonly suite?: SuiteWanted
}

/** A device that comes in, and the key package that brings it. */
interface Newcomer extends Device {
  readonly keyPackage: Uint8Array
}

/** What part of an envelope the requests in front of a commit may fill. The rest is for the commit, which grows with the group. */
const REQUESTS_SHARE = 0.5

/**
 * New keys, and what others asked for: nothing of our own. Whoever would leave the group without an admin has to stay for now, and
 * whoever the commit has no place for asks again in the next epoch.
 */
export function noChange({ profile, leaving, group, limits }: MemberState): Change {
  let { settings } = profile
  let roomBytes = limits.envelopeBytes * REQUESTS_SHARE
  const leaves = new Map<number, Change["leaves"][number]>()
  for (const request of leaving.requests) {
    const { leafIndex } = request
    const member = group.member(leafIndex)
    const isOwn = leafIndex === group.ownLeafIndex
    if (member === undefined || isOwn || leaves.has(leafIndex) || request.message.length > roomBytes) continue
    const leave = { ...request, ...leafOf(member) }
    const { gone } = comeAndGone(personChanges(leavesOf(group), { added: [], removed: [...leaves.values(), leave] }))
    const after = settings && withoutPeople(settings, gone)
    if (after !== undefined && !hasAdmin(after)) continue
    settings = after
    roomBytes -= request.message.length
    leaves.set(leafIndex, leave)
  }
  return { adds: [], removes: [], leaves: [...leaves.values()], settings }
}

/** Roles end with membership. The very same object if nobody had one. */
function withoutPeople(settings: GroupSettings, gone: readonly IdentityKey[]): GroupSettings {
  const left = { ...settings, ...withoutRolesOf(settings, gone) }
  return left.assignments.length === settings.assignments.length ? settings : left
}

/** The same change, doing also what somebody wants; the very same object if it does that already. */
export function extendChange(state: MemberState, change: Change, wanted: Wanted, nowMs: number): Change | PlanFailure {
  switch (wanted.kind) {
    case "invite":
    case "add_devices":
      return withNewcomers(state, change, wanted, nowMs)
    case "remove":
      return withRemoved(state, change, wanted.members)
    case "remove_devices":
      return withoutOwnDevices(state, change, wanted.devices)
    case "rename":
      return withSetting(change, { name: wanted.name })
    case "set_timer":
      return withSetting(change, { disappearAfterSeconds: wanted.disappearAfterSeconds })
    case "close":
      return withSetting(change, { isClosed: true })
    case "change_suite":
      return withSuite(state, change, wanted, nowMs)
    case "leave":
      return withSuccessor(state, change, wanted.successor)
    case "set_roles":
      return withRoles(change, wanted)
    case "update_keys":
    case "upkeep":
      return change
  }
}

/** Why the rules of the group do not let us make a change; see `device-rules.ts` and `check-settings.ts`. */
export function objectionTo(state: MemberState, change: Change): PlanFailure | undefined {
  const { adds, leaves: asked, settings: after } = change
  const { settings: before } = state.profile
  const [leaves, removed] = [leavesOf(state.group), goneIn(change)]
  const changes = personChanges(leaves, { added: adds, removed, asked })
  const author = state.self
  const finding = checkDevices(changes, author, devicesPerPerson(before))
  if (finding !== undefined) return finding.objection
  if (before === undefined || after === undefined) return undefined
  const { come, expelled, left } = comeAndGone(changes)
  const isMemberAfter = membershipAfter(leaves, { added: adds, removed })
  return checkSettings({ author, added: come, removed: expelled, left, isMemberAfter, before, after })
}

/** Those who asked to leave ask again in the epoch of the new suite. */
function withSuite(
  state: MemberState,
  change: Change,
  wanted: Extract<Wanted, { kind: "change_suite" }>,
  nowMs: number,
): Change | PlanFailure {
  const suite = planSuite(state, wanted, nowMs)
  if (suite === undefined || typeof suite === "string") return suite ?? change
  return { adds: [], removes: [], leaves: [], settings: state.profile.settings, suite }
}

/**
 * Invites people with all the devices that were named, or brings in other devices of ours. Whoever is there already is left out: for
 * an invitation that is a person, who brings in their other devices themselves, else a device.
 */
function withNewcomers(
  state: MemberState,
  change: Change,
  { kind, keyPackages }: Extract<Wanted, { kind: "invite" | "add_devices" }>,
  nowMs: number,
): Change | PlanFailure {
  const newcomers = newcomersOf(state, keyPackages, nowMs)
  if (newcomers === undefined) return "key_package_rejected"
  const areOurs = kind === "add_devices"
  if (areOurs && newcomers.some(({ identityKey }) => !equalBytes(identityKey, state.self))) return "device_of_another"
  const nameOf = ({ identityKey, deviceKey }: Device): string => toHex(areOurs ? deviceKey : identityKey)
  const present = new Set([...leavesOf(state.group), ...change.adds].map(nameOf))
  const leaving = new Set(goneIn(change).map(nameOf))
  if (newcomers.some((one) => leaving.has(nameOf(one)))) return "commit_refused"
  return withAdds(
    state,
    change,
    newcomers.filter((one) => !present.has(nameOf(one))),
  )
}

/** The devices that these key packages would bring in; `undefined` if one is of no use, or a device is named twice. */
function newcomersOf(
  { suite }: MemberState,
  keyPackages: readonly Uint8Array[],
  nowMs: number,
): readonly Newcomer[] | undefined {
  const credentialValidator = deviceValidator(suite)
  const newcomers = keyPackages.flatMap((keyPackage) => {
    const validated = validateKeyPackage(suite, keyPackage, nowMs, { credentialValidator })
    return validated.kind === "valid" ? [{ ...knownDevice(validated), keyPackage }] : []
  })
  const areDifferent = new Set(newcomers.map(({ deviceKey }) => toHex(deviceKey))).size === keyPackages.length
  return areDifferent ? newcomers : undefined
}

function withAdds({ group, limits }: MemberState, change: Change, more: readonly Newcomer[]): Change | PlanFailure {
  if (more.length === 0) return change
  const adds = [...change.adds, ...more]
  if (leavesOf(group).length + adds.length - goneIn(change).length > limits.members) return "group_full"
  return { ...change, adds }
}

/** Removes people with all their devices. */
function withRemoved({ group }: MemberState, change: Change, leaving: readonly IdentityKey[]): Change | PlanFailure {
  const names = new Set(leaving.map(toHex))
  if (change.adds.some(({ identityKey }) => names.has(toHex(identityKey)))) return "commit_refused"
  const away = new Set(goneIn(change).map(({ leafIndex }) => leafIndex))
  const more = leavesOf(group).filter(
    ({ identityKey, leafIndex }) => names.has(toHex(identityKey)) && !away.has(leafIndex),
  )
  if (more.length === 0) return change
  const { settings } = change
  const gone = more.map(({ identityKey }) => identityKey)
  return { ...change, removes: [...change.removes, ...more], settings: settings && withoutPeople(settings, gone) }
}

/** Whoever leaves takes their other devices with them, and in a group that needs an admin makes another one first. */
function withSuccessor(state: MemberState, change: Change, successor: IdentityKey | undefined): Change | PlanFailure {
  const { self, device, group } = state
  // Nobody changes a closed group: each device just goes.
  if (change.settings?.isClosed === true) return change
  const leaves = leavesOf(group)
  const others = leaves.filter(({ identityKey, deviceKey }) => {
    return equalBytes(identityKey, self) && !equalBytes(deviceKey, device)
  })
  const alone = withoutOwnDevices(
    state,
    change,
    others.map(({ deviceKey }) => deviceKey),
  )
  const { settings } = change
  if (typeof alone === "string" || settings === undefined) return alone
  if (leaves.length === others.length + 1) return alone
  const mayHandOver = isAllowed(settings, self, "assignRoles")
  if (successor !== undefined && mayHandOver && !isAllowed(settings, successor, "assignRoles")) {
    const role = roleOf(settings, self)
    return { ...alone, settings: { ...settings, ...withRole(settings, { identityKey: successor, role }) } }
  }
  return hasAdmin(withoutRolesOf(settings, [self])) ? alone : "no_admin_left"
}

/** What is no longer there afterwards. */
const goneIn = ({ removes, leaves }: Change): readonly Leaf[] => [...removes, ...leaves]

function withoutOwnDevices(state: MemberState, change: Change, leaving: readonly DeviceKey[]): Change | PlanFailure {
  const names = new Set(leaving.map(toHex))
  if (change.adds.some(({ deviceKey }) => names.has(toHex(deviceKey)))) return "commit_refused"
  for (const { deviceKey } of goneIn(change)) names.delete(toHex(deviceKey))
  const more = leavesOf(state.group).filter(({ deviceKey }) => names.has(toHex(deviceKey)))
  if (more.some(({ identityKey }) => !equalBytes(identityKey, state.self))) return "device_of_another"
  return more.length === 0 ? change : { ...change, removes: [...change.removes, ...more] }
}

function withSetting(
  change: Change,
  wanted: Partial<Pick<GroupSettings, "name" | "disappearAfterSeconds" | "isClosed">>,
): Change | PlanFailure {
  const { settings } = change
  if (settings === undefined) return "settings_missing"
  const after = { ...settings, ...wanted }
  const isSame =
    after.name === settings.name &&
    after.disappearAfterSeconds === settings.disappearAfterSeconds &&
    after.isClosed === settings.isClosed
  return isSame ? change : { ...change, settings: after }
}

function withRoles(
  change: Change,
  { assignments, permissions }: Extract<Wanted, { kind: "set_roles" }>,
): Change | PlanFailure {
  const { settings } = change
  if (settings === undefined) return "settings_missing"
  const isOther = [...permissions].some(([role, bits]) => settings.roles.get(role) !== bits)
  let table: RoleTable = isOther ? { ...settings, roles: new Map([...settings.roles, ...permissions]) } : settings
  for (const assignment of assignments) {
    if (!table.roles.has(assignment.role)) return "role_unknown"
    if (roleOf(table, assignment.identityKey) !== assignment.role) table = withRole(table, assignment)
  }
  return table === settings ? change : { ...change, settings: { ...settings, ...table } }
}
