import type { MergeReport, StagedCommit } from "@qpc/mls"
import type { IdentityKey } from "@qpc/wire"
import { attemptNext } from "./commit.ts"
import type { Draft } from "./draft.ts"
import { profileOf } from "./group-profile.ts"
import { leave } from "./leave.ts"
import type { MemberState } from "./member-state.ts"
import { rebase } from "./rebase.ts"
import { identityOf } from "./roster.ts"
import { settingsDifference } from "./settings-difference.ts"
import { continueUpkeep } from "./upkeep.ts"

/** Our commit came back from the delivery service: it is the one. */
export function mergeOwn(state: MemberState, staged: StagedCommit, nowMs: number, draft: Draft): void {
  const { pending } = state.intents
  state.intents.pending = undefined
  merge(state, staged, draft)
  const { epoch } = state.group
  for (const { intentId, intent } of pending?.opens ?? []) {
    if (intent.kind !== "upkeep") draft.tell({ kind: "intent_done", intentId, epoch })
  }
  continueUpkeep(state, true, nowMs)
  attemptNext(state, nowMs, draft)
}

/** Somebody else's commit is the one. Ours, if there is one, is void; what it was to achieve may still be wanted. */
export function mergeOthers(state: MemberState, staged: StagedCommit, nowMs: number, draft: Draft): void {
  const { intents } = state
  const report = merge(state, staged, draft)
  if (report.selfRemoved) return
  const { pending } = intents
  intents.pending = undefined
  if (pending !== undefined) rebase(state, pending, { nowMs, ifTooOften: "too_many_conflicts" }, draft)
  continueUpkeep(state, false, nowMs)
  attemptNext(state, nowMs, draft)
}

function merge(state: MemberState, staged: StagedCommit, draft: Draft): MergeReport {
  const { group } = state
  const by = identityAt(state, staged.committer)
  const leftEpoch = group.epoch
  const report = group.merge(staged)
  state.deadlines.winnerByMs = undefined
  state.ownCommits.forgetAll()
  if (report.selfRemoved) {
    leave(state, "removed_from_group", draft)
    draft.tell({ kind: "removed_from_group", epoch: leftEpoch + 1n, by })
    return report
  }

  const removed = report.removed.map((member) => ({
    leafIndex: member.leafIndex,
    identityKey: known(identityOf(member)),
  }))
  for (const one of removed) state.departed.add({ ...one, lastEpoch: leftEpoch })
  state.departed.forgetBefore(state.keys.oldestEpoch)
  const added = report.added.map((member) => known(identityOf(member)))
  const { epoch } = group
  if (added.length + removed.length > 0) {
    const gone = removed.map((one) => one.identityKey)
    draft.tell({ kind: "members_changed", epoch, by, added, removed: gone })
  }
  followSettings(state, { by, leftEpoch, gone: removed.map((one) => one.identityKey) }, draft)
  draft.tell({ kind: "epoch_changed", epoch, authenticator: group.epochAuthenticator() })
  return report
}

/** Takes the settings of the new epoch; the old ones still judge late texts. */
function followSettings(
  state: MemberState,
  change: { readonly by: IdentityKey; readonly leftEpoch: bigint; readonly gone: readonly IdentityKey[] },
  draft: Draft,
): void {
  const { group, profile, formerSettings, keys } = state
  const before = profile.settings
  formerSettings.forgetBefore(keys.oldestEpoch)
  if (before === undefined) return
  const settings = profileOf(group.extensions)?.settings
  if (settings === undefined) throw new Error("unreachable: a commit without settings was let in")
  const difference = settingsDifference(before, settings, change.gone)
  if (difference === undefined) return
  formerSettings.add({ lastEpoch: change.leftEpoch, settings: before })
  state.profile = { name: settings.name, settings }
  const { changed, assigned } = difference
  if (changed.length === 0) return
  draft.tell({ kind: "settings_changed", epoch: group.epoch, by: change.by, changed, settings, assigned })
}

function identityAt(state: MemberState, leafIndex: number): IdentityKey {
  const member = state.group.member(leafIndex)
  return known(member && identityOf(member))
}

function known(identityKey: IdentityKey | undefined): IdentityKey {
  if (identityKey === undefined) throw new Error("unreachable: a member without an identity was let in")
  return identityKey
}
