import type { StagedCommit } from "@qpc/mls"
import { equalBytes } from "@qpc/wire"
import type { CommitView } from "../check-commit.ts"
import { deviceOf, knownDevice } from "../roster.ts"

/**
 * Why an external commit is none of a device that comes back.
 *
 * - `committer_unknown`: it replaces nobody: its author was not in the group.
 * - `rejoin_not_external`: a member made it, who has another way to commit.
 * - `rejoin_changes_more`: it does more than to put one leaf in the place of another.
 * - `identity_unbound`: its credential is none of a device.
 * - `rejoin_of_another`: it would take the place of another device.
 * - `group_closed`: a closed group does not change.
 */
export type RejoinObjection =
  | "committer_unknown"
  | "rejoin_not_external"
  | "rejoin_changes_more"
  | "identity_unbound"
  | "rejoin_of_another"
  | "group_closed"

/** ExternalInit and one Remove (RFC 9420 §12.4.3.2): no PSK, which a report would not show. */
const PROPOSAL_COUNT = 2

/**
 * What an external commit must be beyond RFC 9420: the same device, with the same key and credential, in the place of its own old
 * leaf. MLS has refused every other credential than that of the leaf that goes; nothing that the group has settled can change by it.
 */
export function checkRejoin(
  { group, profile }: CommitView,
  staged: StagedCommit,
  proposalCount: number,
): RejoinObjection | undefined {
  const { added, updated, removed, reinit } = staged.report
  const newcomer = added.find((member) => member.leafIndex === staged.committer)
  if (newcomer === undefined) return "rejoin_not_external"
  if (removed.length === 0) return "committer_unknown"
  const isMore = added.length !== 1 || removed.length !== 1 || updated.length > 0 || reinit !== undefined
  if (isMore || proposalCount !== PROPOSAL_COUNT) return "rejoin_changes_more"
  const [after, before] = [deviceOf(newcomer), knownDevice(group.member(removed[0]!.leafIndex))]
  if (after === undefined) return "identity_unbound"
  const isSame = equalBytes(after.identityKey, before.identityKey) && equalBytes(after.deviceKey, before.deviceKey)
  if (!isSame) return "rejoin_of_another"
  return profile.settings?.isClosed === true ? "group_closed" : undefined
}
