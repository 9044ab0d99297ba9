import type { Extension, Group, StagedCommit } from "@qpc/mls"
import { equalBytes } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import { checkSettings } from "./check-settings.ts"
import type { SettingsObjection } from "./check-settings.ts"
import { profileOf } from "./group-profile.ts"
import type { GroupProfile } from "./group-profile.ts"
import { GROUP_SETTINGS_EXTENSION } from "./group-settings.ts"
import type { GroupSettings } from "./group-settings.ts"
import { identityOf, membershipAfter } from "./roster.ts"

/** Why a commit that MLS accepts is none of ours. */
export type CommitObjection =
  /** Somebody committed who was not a member before: nobody invited them. */
  | "committer_unknown"
  /** A newcomer whose credential is not their signature key. */
  | "identity_unbound"
  /** A member's leaf became somebody else's. */
  | "identity_changed"
  /** What a group requires of its members is as it was when it was made. */
  | "extensions_changed"
  /** The settings are gone, or none that we can read. */
  | "settings_malformed"
  /** Our groups do not end in favour of another. */
  | "reinit_not_spoken"
  /** The group would have more members than our limits allow. */
  | "group_full"
  /** Its author's role does not allow it. */
  | SettingsObjection

/** What a commit is held against: the group as it is before it. */
export interface CommitView {
  readonly group: Pick<Group, "extensions" | "member" | "members">
  readonly profile: GroupProfile
  readonly limits: { readonly members: number }
}

/**
 * What a commit must be beyond RFC 9420: everyone in the group is the key they sign with, and stays it; and its author may do
 * what it does. MLS leaves the judgement of credentials to the application (RFC 9420 §5.3.1); this is ours.
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
  const author = committer && identityOf(committer)
  if (isNewcomer || author === undefined) return "committer_unknown"
  if (reinit !== undefined) return "reinit_not_spoken"
  if (!areSameExtensions(extensions, group.extensions)) return "extensions_changed"
  if (added.some((member) => identityOf(member) === undefined)) return "identity_unbound"
  for (const member of updated) {
    const before = group.member(member.leafIndex)
    const [was, is] = [before && identityOf(before), identityOf(member)]
    if (was === undefined || is === undefined || !equalBytes(was, is)) return "identity_changed"
  }
  const memberCount = group.members().length + added.length - removed.length
  if (added.length > 0 && memberCount > limits.members) return "group_full"
  return checkPermissions(view, { author, selfRemovals }, staged)
}

function checkPermissions(
  view: CommitView,
  { author, selfRemovals }: { readonly author: IdentityKey; readonly selfRemovals: readonly number[] },
  { report }: StagedCommit,
): CommitObjection | undefined {
  const before = view.profile.settings
  if (before === undefined) return undefined
  const after: GroupSettings | undefined = profileOf(report.extensions)?.settings
  if (after === undefined) return "settings_malformed"
  const left = report.removed.filter(({ leafIndex }) => selfRemovals.includes(leafIndex))
  const others = report.removed.filter((member) => !left.includes(member))
  const [added, removed, asked] = [report.added, others, left].map((people) =>
    people.flatMap((member) => identityOf(member) ?? []),
  )
  const isMemberAfter = membershipAfter(view.group, { added: added!, removes: report.removed })
  return checkSettings({ author, added: added!, removed: removed!, left: asked!, isMemberAfter, before, after })
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
