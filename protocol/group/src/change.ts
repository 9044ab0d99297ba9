import { validateKeyPackage } from "@qpc/mls"
import { toHex } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import { checkSettings } from "./check-settings.ts"
import type { PlanFailure } from "./event.ts"
import type { GroupSettings } from "./group-settings.ts"
import type { Wanted } from "./intents.ts"
import type { LeaveRequest } from "./leaving.ts"
import type { MemberState } from "./member-state.ts"
import { hasAdmin, isAllowed, roleOf, withoutRolesOf, withRole } from "./permissions.ts"
import type { RoleTable } from "./permissions.ts"
import { identitiesOf, identityOf, membershipAfter } from "./roster.ts"

/** What a commit is going to do to the group. */
export interface Change {
  readonly adds: readonly { readonly keyPackage: Uint8Array; readonly identityKey: IdentityKey }[]
  readonly removes: readonly { readonly leafIndex: number; readonly identityKey: IdentityKey }[]
  /** Who asked to leave, and may, by their proposals. */
  readonly leaves: readonly (LeaveRequest & { readonly identityKey: IdentityKey })[]
  /** From then on; the very object of the state if they stay. `undefined` in a group without. */
  readonly settings: GroupSettings | undefined
}

/** New keys, and what others asked for: nothing of our own. Whoever would leave the group without an admin has to stay for now. */
export function noChange({ profile, leaving, group }: MemberState): Change {
  let { settings } = profile
  const leaves = new Map<number, Change["leaves"][number]>()
  for (const request of leaving.requests) {
    const { leafIndex } = request
    const member = group.member(leafIndex)
    const identityKey = member && identityOf(member)
    const isOwn = leafIndex === group.ownLeafIndex
    if (identityKey === undefined || isOwn || leaves.has(leafIndex)) continue
    const after = settings && withoutPeople(settings, [identityKey])
    if (after !== undefined && !hasAdmin(after)) continue
    settings = after
    leaves.set(leafIndex, { ...request, identityKey })
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
      return withInvited(state, change, wanted.keyPackages, nowMs)
    case "remove":
      return withRemoved(state, change, wanted.members)
    case "rename":
      return withSetting(change, { name: wanted.name })
    case "set_timer":
      return withSetting(change, { disappearAfterSeconds: wanted.disappearAfterSeconds })
    case "close":
      return withSetting(change, { isClosed: true })
    case "leave":
      return withSuccessor(state, change, wanted.successor)
    case "set_roles":
      return withRoles(change, wanted)
    case "update_keys":
    case "upkeep":
      return change
  }
}

/** Why the settings of the group do not let us make a change; see `check-settings.ts`. */
export function objectionTo(state: MemberState, change: Change): PlanFailure | undefined {
  const { adds, removes, leaves, settings: after } = change
  const { settings: before } = state.profile
  if (before === undefined || after === undefined) return undefined
  const [added, removed, left] = [adds, removes, leaves].map((people) => people.map(({ identityKey }) => identityKey))
  const isMemberAfter = membershipAfter(state.group, { added: added!, removes: [...removes, ...leaves] })
  const author = state.self
  return checkSettings({ author, added: added!, removed: removed!, left: left!, isMemberAfter, before, after })
}

function withInvited(
  state: MemberState,
  change: Change,
  keyPackages: readonly Uint8Array[],
  nowMs: number,
): Change | PlanFailure {
  const members = identitiesOf(state.group)
  const present = new Set([...members, ...change.adds.map(({ identityKey }) => identityKey)].map(toHex))
  const invited = new Set<string>()
  const leaving = new Set(goneIn(change).map((one) => toHex(one.identityKey)))
  const adds = [...change.adds]
  for (const keyPackage of keyPackages) {
    const validated = validateKeyPackage(state.suite, keyPackage, nowMs)
    const identityKey = validated.kind === "valid" ? identityOf(validated) : undefined
    if (identityKey === undefined || invited.has(toHex(identityKey))) return "key_package_rejected"
    invited.add(toHex(identityKey))
    if (leaving.has(toHex(identityKey))) return "commit_refused"
    if (!present.has(toHex(identityKey))) adds.push({ keyPackage, identityKey })
  }
  if (adds.length === change.adds.length) return change
  if (members.length + adds.length - goneIn(change).length > state.limits.members) return "group_full"
  return { ...change, adds }
}

function withRemoved({ group }: MemberState, change: Change, leaving: readonly IdentityKey[]): Change | PlanFailure {
  const names = new Set(leaving.map(toHex))
  if (change.adds.some(({ identityKey }) => names.has(toHex(identityKey)))) return "commit_refused"
  for (const { identityKey } of goneIn(change)) names.delete(toHex(identityKey))
  const more = group.members().flatMap((member) => {
    const identityKey = identityOf(member)
    if (identityKey === undefined || !names.has(toHex(identityKey))) return []
    return [{ leafIndex: member.leafIndex, identityKey }]
  })
  if (more.length === 0) return change
  const { settings } = change
  const gone = more.map(({ identityKey }) => identityKey)
  return { ...change, removes: [...change.removes, ...more], settings: settings && withoutPeople(settings, gone) }
}

/** Whoever leaves a group that needs an admin makes another one first. */
function withSuccessor(state: MemberState, change: Change, successor: IdentityKey | undefined): Change | PlanFailure {
  const { self, group } = state
  const { settings } = change
  if (settings === undefined || settings.isClosed || group.members().length === 1) return change
  if (successor !== undefined && !isAllowed(settings, successor, "assignRoles")) {
    const role = roleOf(settings, self)
    return { ...change, settings: { ...settings, ...withRole(settings, { identityKey: successor, role }) } }
  }
  return hasAdmin(withoutRolesOf(settings, [self])) ? change : "no_admin_left"
}

/** Who is no longer there afterwards. */
const goneIn = ({ removes, leaves }: Change): Change["removes"] => [...removes, ...leaves]

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
