import type { Extension, Group, StagedCommit } from "@qpc/mls"
import { equalBytes } from "@qpc/wire"
import { identityOf } from "./roster.ts"

/** Why a commit that MLS accepts is none of ours. */
export type CommitObjection =
  /** Somebody committed who was not a member before: nobody invited them. */
  | "committer_unknown"
  /** A newcomer whose credential is not their signature key. */
  | "identity_unbound"
  /** A member's leaf became somebody else's. */
  | "identity_changed"
  /** Name and requirements of a group are as they were when it was made. */
  | "extensions_changed"
  /** Our groups do not end in favour of another. */
  | "reinit_not_spoken"
  /** The group would have more members than our limits allow. */
  | "group_full"

/** What a commit is held against: the group as it is before it. */
export interface CommitView {
  readonly group: Pick<Group, "extensions" | "member" | "members">
  readonly limits: { readonly members: number }
}

/**
 * What a commit must be beyond RFC 9420: everyone in the group is the key they sign with, and stays it. MLS leaves the
 * judgement of credentials to the application (RFC 9420 §5.3.1); this is ours.
 */
export function checkCommit({ group, limits }: CommitView, staged: StagedCommit): CommitObjection | undefined {
  const { added, updated, removed, extensions, reinit } = staged.report
  const isNewcomer = added.some((member) => member.leafIndex === staged.committer)
  if (isNewcomer || group.member(staged.committer) === undefined) return "committer_unknown"
  if (reinit !== undefined) return "reinit_not_spoken"
  if (!areSameExtensions(extensions, group.extensions)) return "extensions_changed"
  if (added.some((member) => identityOf(member) === undefined)) return "identity_unbound"
  for (const member of updated) {
    const before = group.member(member.leafIndex)
    const [was, is] = [before && identityOf(before), identityOf(member)]
    if (was === undefined || is === undefined || !equalBytes(was, is)) return "identity_changed"
  }
  const memberCount = group.members().length + added.length - removed.length
  return added.length > 0 && memberCount > limits.members ? "group_full" : undefined
}

function areSameExtensions(a: readonly Extension[], b: readonly Extension[]): boolean {
  if (a.length !== b.length) return false
  return a.every((extension, i) => {
    const other = b[i]!
    return extension.extensionType === other.extensionType && equalBytes(extension.extensionData, other.extensionData)
  })
}
