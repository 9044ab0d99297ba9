import type { MergeReport, StagedCommit } from "@qpc/mls"
import type { IdentityKey } from "@qpc/wire"
import { attemptNext } from "./commit.ts"
import type { Draft } from "./draft.ts"
import { endMembership } from "./end-membership.ts"
import { goOnWith } from "./follow-suite.ts"
import { continueGaps } from "./gaps/ask.ts"
import { areTextsCounted } from "./gaps/note-text.ts"
import { profileOf } from "./group-profile.ts"
import type { KeyPackageBundle } from "./key-packages.ts"
import type { MemberState } from "./member-state.ts"
import { rebase } from "./rebase.ts"
import type { MlsGroup } from "./replaced-groups.ts"
import { comeAndGone, personChanges, stays } from "./device-rules.ts"
import type { PersonChange } from "./device-rules.ts"
import { knownDevice, leafOf, leavesOf } from "./roster.ts"
import { releaseTexts } from "./send-text.ts"
import { settingsDifference } from "./settings-difference.ts"
import { continueUpkeep, startUpkeep } from "./upkeep.ts"

/** Our commit came back from the delivery service: it is the one. */
export function mergeOwn(state: MemberState, staged: StagedCommit, nowMs: number, draft: Draft): void {
  const { pending } = state.intents
  state.intents.pending = undefined
  const asked = state.leaving.requests.map(({ leafIndex }) => leafIndex)
  const next = state.replaced.takeNext()
  merge(state, { staged, selfRemovals: asked, ...(next && { successor: { next } }) }, draft)
  const { epoch } = state.keys
  for (const open of pending?.opens ?? []) {
    const { intentId, intent } = open
    // A successor is there now: the rest of leaving follows.
    if (intent.kind === "leave") state.intents.queue.unshift(open)
    else if (intent.kind !== "upkeep") draft.tell({ kind: "intent_done", intentId, epoch })
  }
  releaseTexts(state, draft)
  continueGaps(state, nowMs, draft)
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
  continueGaps(state, nowMs, draft)
  // The key of our leaf lay at a server for weeks, as a newcomer's does.
  if (commit.successor !== undefined) startUpkeep(state, "joined", nowMs)
  else continueUpkeep(state, false, nowMs)
  attemptNext(state, nowMs, draft)
}

/** A commit that is about to take effect. */
interface Commit {
  readonly staged: StagedCommit
  /** Leaves of those who go because they asked to. */
  readonly selfRemovals: readonly number[]
  /** What takes the place of the MLS group, if the commit ends it. Without a key package if we made it. */
  readonly successor?: { readonly next: MlsGroup; readonly keyPackage?: KeyPackageBundle }
}

function merge(state: MemberState, { staged, selfRemovals, successor }: Commit, draft: Draft): MergeReport {
  const { group, keys, leaving, intents } = state
  const rejoined = staged.report.added.find(({ leafIndex }) => leafIndex === staged.committer)
  const { identityKey: by, deviceKey } = knownDevice(rejoined ?? group.member(staged.committer))
  // Nobody comes or goes when a device takes its own place.
  const changes = rejoined === undefined ? changesOf(group, { staged, selfRemovals }) : []
  const [leftEpoch, ownLeaf, wereCounted] = [keys.epoch, group.ownLeafIndex, areTextsCounted(state)]
  if ((staged.report.reinit === undefined) !== (successor === undefined)) {
    throw new Error("unreachable: a group ends exactly where another takes its place")
  }
  const report = group.merge(staged)
  state.deadlines.winnerByMs = undefined
  state.ownCommits.forgetAll()
  state.replaced.dropNext()
  if (report.selfRemoved) {
    tellOfRemoval(state, { epoch: leftEpoch + 1n, by, isAsked: selfRemovals.includes(ownLeaf) }, draft)
    return report
  }
  const wanted = leaving.forgetRequests()
  // Who asked and was not heard asks again, in the new epoch.
  if (wanted !== undefined) intents.queue.unshift(wanted)
  if (successor !== undefined) goOnWith(state, successor.next)

  for (const member of report.removed) state.departed.add({ ...leafOf(member), lastEpoch: leftEpoch })
  state.departed.forgetBefore(keys.oldestEpoch)
  state.replaced.forgetBefore(keys.oldestEpoch)
  const { come, gone, left } = comeAndGone(changes)
  const { epoch } = keys
  if (rejoined !== undefined) draft.tell({ kind: "member_rejoined", epoch, by, device: deviceKey })
  if (come.length + gone.length > 0) {
    draft.tell({ kind: "members_changed", epoch, by, added: come, removed: gone, left })
  }
  for (const { identityKey, added, removed } of changes.filter(stays)) {
    draft.tell({ kind: "devices_changed", epoch, by: identityKey, added, removed })
  }
  followSettings(state, { by, leftEpoch, gone }, draft)
  if (successor !== undefined) tellOfSuite(state, { by, ...successor }, draft)
  if (wereCounted && !areTextsCounted(state)) draft.tell({ kind: "counting_stopped", epoch, by })
  draft.tell({ kind: "epoch_changed", epoch, authenticator: state.group.epochAuthenticator() })
  return report
}

function tellOfSuite(
  { suite, keys }: MemberState,
  { by, keyPackage }: { readonly by: IdentityKey; readonly keyPackage?: KeyPackageBundle },
  draft: Draft,
): void {
  const used = keyPackage && { ref: keyPackage.ref.slice(), isLastResort: keyPackage.isLastResort }
  draft.tell({ kind: "suite_changed", epoch: keys.epoch, by, suiteId: suite.id, ...(used && { used }) })
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
  draft.tell({ kind: "settings_changed", epoch: keys.epoch, by: change.by, changed, settings, assigned })
}
