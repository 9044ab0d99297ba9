import type { MergeReport, StagedCommit } from "@qpc/mls"
import type { IdentityKey } from "@qpc/wire"
import { attemptNext } from "./commit.ts"
import type { Draft } from "./draft.ts"
import { endMembership } from "./end-membership.ts"
import { profileOf } from "./group-profile.ts"
import type { MemberState } from "./member-state.ts"
import { rebase } from "./rebase.ts"
import { comeAndGone, personChanges, stays } from "./device-rules.ts"
import type { PersonChange } from "./device-rules.ts"
import { knownDevice, leafOf, leavesOf } from "./roster.ts"
import { releaseTexts } from "./send-text.ts"
import { settingsDifference } from "./settings-difference.ts"
import { continueUpkeep } from "./upkeep.ts"

/** Our commit came back from the delivery service: it is the one. */
export function mergeOwn(state: MemberState, staged: StagedCommit, nowMs: number, draft: Draft): void {
  const { pending } = state.intents
  state.intents.pending = undefined
  const asked = state.leaving.requests.map(({ leafIndex }) => leafIndex)
  merge(state, { staged, selfRemovals: asked }, draft)
  const { epoch } = state.group
  for (const open of pending?.opens ?? []) {
    const { intentId, intent } = open
    // A successor is there now: the rest of leaving follows.
    if (intent.kind === "leave") state.intents.queue.unshift(open)
    else if (intent.kind !== "upkeep") draft.tell({ kind: "intent_done", intentId, epoch })
  }
  releaseTexts(state, draft)
  continueUpkeep(state, true, nowMs)
  attemptNext(state, nowMs, draft)
}

/** Somebody else's commit is the one. Ours, if there is one, is void; what it was to achieve may still be wanted. */
export function mergeOthers(state: MemberState, commit: Commit, nowMs: number, draft: Draft): void {
  const { intents } = state
  const report = merge(state, commit, draft)
  if (report.selfRemoved) return
  const { pending } = intents
  intents.pending = undefined
  if (pending !== undefined) rebase(state, pending, { nowMs, ifTooOften: "too_many_conflicts" }, draft)
  releaseTexts(state, draft)
  continueUpkeep(state, false, nowMs)
  attemptNext(state, nowMs, draft)
}

/** A commit that is about to take effect. */
interface Commit {
  readonly staged: StagedCommit
  /** Leaves of those who go because they asked to. */
  readonly selfRemovals: readonly number[]
}

function merge(state: MemberState, { staged, selfRemovals }: Commit, draft: Draft): MergeReport {
  const { group, leaving, intents } = state
  const by = knownDevice(group.member(staged.committer)).identityKey
  const changes = changesOf(group, { staged, selfRemovals })
  const [leftEpoch, ownLeaf] = [group.epoch, group.ownLeafIndex]
  const report = group.merge(staged)
  state.deadlines.winnerByMs = undefined
  state.ownCommits.forgetAll()
  if (report.selfRemoved) {
    tellOfRemoval(state, { epoch: leftEpoch + 1n, by, isAsked: selfRemovals.includes(ownLeaf) }, draft)
    return report
  }
  const wanted = leaving.forgetRequests()
  // Who asked and was not heard asks again, in the new epoch.
  if (wanted !== undefined) intents.queue.unshift(wanted)

  for (const member of report.removed) state.departed.add({ ...leafOf(member), lastEpoch: leftEpoch })
  state.departed.forgetBefore(state.keys.oldestEpoch)
  const { come, gone, left } = comeAndGone(changes)
  const { epoch } = group
  if (come.length + gone.length > 0) {
    draft.tell({ kind: "members_changed", epoch, by, added: come, removed: gone, left })
  }
  for (const { identityKey, added, removed } of changes.filter(stays)) {
    draft.tell({ kind: "devices_changed", epoch, by: identityKey, added, removed })
  }
  followSettings(state, { by, leftEpoch, gone }, draft)
  draft.tell({ kind: "epoch_changed", epoch, authenticator: group.epochAuthenticator() })
  return report
}

function tellOfRemoval(
  state: MemberState,
  { epoch, by, isAsked }: { readonly epoch: bigint; readonly by: IdentityKey; readonly isAsked: boolean },
  draft: Draft,
): void {
  endMembership(state, isAsked ? "left_group" : "removed_from_group", draft)
  draft.tell(isAsked ? { kind: "left_group", epoch } : { kind: "removed_from_group", epoch, by })
}

/** What the commit does to people's devices; to be asked before it is merged. */
function changesOf(group: MemberState["group"], { staged, selfRemovals }: Commit): readonly PersonChange[] {
  const { added, removed } = staged.report
  if (added.length + removed.length === 0) return []
  const asked = removed.filter(({ leafIndex }) => selfRemovals.includes(leafIndex))
  return personChanges(leavesOf(group), {
    added: added.map(knownDevice),
    removed: removed.map(knownDevice),
    asked: asked.map(knownDevice),
  })
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
