import type { Extension, Group, StagedCommit } from "@qpc/mls"
import { equalBytes } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import { checkSettings } from "./check-settings.ts"
import type { SettingsObjection } from "./check-settings.ts"
import { checkDevices, comeAndGone, membershipAfter, personChanges } from "./device-rules.ts"
import type { DeviceFinding, DeviceObjection, PersonChange } from "./device-rules.ts"
import { profileOf } from "./group-profile.ts"
import type { GroupProfile } from "./group-profile.ts"
import { devicesPerPerson, GROUP_SETTINGS_EXTENSION } from "./group-settings.ts"
import type { GroupSettings } from "./group-settings.ts"
import { deviceOf, knownDevice, leafOf, leavesOf } from "./roster.ts"
import type { Device } from "./roster.ts"

/** Why a commit that MLS accepts is none of ours. */
export type CommitObjection =
  /** Somebody committed who was not a member before: nobody invited them. */
  | "committer_unknown"
  /** A newcomer's credential is none of a device. */
  | "identity_unbound"
  /** A leaf became another device's. */
  | "identity_changed"
  /** What a group requires of its members is as it was when it was made. */
  | "extensions_changed"
  /** The settings are gone, or none that we can read. */
  | "settings_malformed"
  /** A group ends in favour of another only together with the Welcome into that one: see `follow-suite.ts`. */
  | "reinit_not_spoken"
  /** The group would have more devices than our limits allow. */
  | "group_full"
  /** It changes somebody's devices against the rules. */
  | DeviceObjection
  /** Its author's role does not allow it. */
  | SettingsObjection

/** What a commit is held against: the group as it is before it. */
export interface CommitView {
  readonly group: Pick<Group, "epoch" | "extensions" | "member" | "members">
  readonly profile: GroupProfile
  readonly limits: { readonly members: number }
}

/**
 * What a commit must be beyond RFC 9420: every leaf is a person's device, and stays it; people's devices are their own affair; and
 * its author may do what it does. MLS leaves all that to the application (RFC 9420 §5.3.1); this is our part of it.
 */
export function checkCommit(
  view: CommitView,
  staged: StagedCommit,
  selfRemovals: readonly number[] = [],
): CommitObjection | undefined {
  const { group, limits } = view
  const { added, updated, removed, extensions, reinit } = staged.report
  const isNewcomer = added.some((member) => member.leafIndex === staged.committer)
  const committer = group.member(staged.committer)
  const author = committer && deviceOf(committer)?.identityKey
  if (isNewcomer || author === undefined) return "committer_unknown"
  if (reinit !== undefined) return "reinit_not_spoken"
  if (!areSameExtensions(extensions, group.extensions)) return "extensions_changed"
  if (added.some((member) => deviceOf(member) === undefined)) return "identity_unbound"
  for (const member of updated) {
    const before = group.member(member.leafIndex)
    if (!areSame(before && deviceOf(before), deviceOf(member))) return "identity_changed"
  }
  const memberCount = leavesOf(group).length + added.length - removed.length
  if (added.length > 0 && memberCount > limits.members) return "group_full"
  const finding = findDevices(view, staged, selfRemovals)
  return finding?.objection ?? checkPermissions(view, { author, selfRemovals }, staged)
}

/** What a commit does to people's devices against the rules, if it does. Its leaves are all devices, its author a member. */
export function findDevices(
  view: CommitView,
  staged: StagedCommit,
  selfRemovals: readonly number[],
): DeviceFinding | undefined {
  const { identityKey } = knownDevice(view.group.member(staged.committer))
  const { changes } = devicesIn(view, staged, selfRemovals)
  return checkDevices(changes, identityKey, devicesPerPerson(view.profile.settings))
}

function devicesIn(
  { group }: CommitView,
  { report }: StagedCommit,
  selfRemovals: readonly number[],
): {
  readonly changes: readonly PersonChange[]
  readonly isMemberAfter: (identityKey: IdentityKey) => boolean
} {
  const before = leavesOf(group)
  const added = report.added.map(knownDevice)
  const removed = report.removed.map(leafOf)
  const asked = removed.filter(({ leafIndex }) => selfRemovals.includes(leafIndex))
  const isMemberAfter = membershipAfter(before, { added, removed })
  return { changes: personChanges(before, { added, removed, asked }), isMemberAfter }
}

function areSame(a: Device | undefined, b: Device | undefined): boolean {
  if (a === undefined || b === undefined) return false
  return equalBytes(a.identityKey, b.identityKey) && equalBytes(a.deviceKey, b.deviceKey)
}

function checkPermissions(
  view: CommitView,
  { author, selfRemovals }: { readonly author: IdentityKey; readonly selfRemovals: readonly number[] },
  staged: StagedCommit,
): CommitObjection | undefined {
  const before = view.profile.settings
  if (before === undefined) return undefined
  const after: GroupSettings | undefined = profileOf(staged.report.extensions)?.settings
  if (after === undefined) return "settings_malformed"
  const { changes, isMemberAfter } = devicesIn(view, staged, selfRemovals)
  const { come, expelled, left } = comeAndGone(changes)
  return checkSettings({ author, added: come, removed: expelled, left, isMemberAfter, before, after })
}

/** True if nothing but the content of the settings differs. */
function areSameExtensions(a: readonly Extension[], b: readonly Extension[]): boolean {
  if (a.length !== b.length) return false
  return a.every(({ extensionType, extensionData }, i) => {
    const other = b[i]!
    if (extensionType !== other.extensionType) return false
    return extensionType === GROUP_SETTINGS_EXTENSION || equalBytes(extensionData, other.extensionData)
  })
}
