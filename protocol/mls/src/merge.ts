import { retireEpoch, zeroEpoch, zeroPastEpoch } from "./epoch.ts"
import { resetUsage } from "./epoch-usage.ts"
import type { Epoch, PastEpoch, ResumptionPsk } from "./epoch.ts"
import type { GroupState } from "./group-state.ts"
import { ownLeaf } from "./own-leaf.ts"
import { skipReserved } from "./reservation.ts"
import { adoptLeafKey, dropIdleKeys, zeroNextKeys } from "./signature-keys.ts"
import type { MergeReport, StagedCommit } from "./staged-commit.ts"
import { markEpoch, markForgotten, markHeader, markOwnCommit } from "./state-records.ts"
import { markPastEpoch, markResumptionPsk } from "./state-records.ts"
import { TreePrivateState } from "./tree-private-state.ts"

/**
 * Takes a staged commit into effect (RFC 9420 §12.4.2): its epoch becomes the current one, and all other staged commits
 * of the old epoch are void.
 *
 * @throws TypeError unless the commit is one of this group's current epoch that was neither merged nor cleared
 */
export function mergeStaged(state: GroupState, staged: StagedCommit): MergeReport {
  assertStaged(state, staged)
  const next = state.staged.get(staged)
  state.staged.delete(staged)
  voidOthers(state)
  if (next === undefined) endGroup(state)
  else advance(state, next, staged)
  return staged.report
}

/**
 * Drops a staged commit. The key that our own one was sent with stays used up.
 *
 * @throws TypeError unless the commit is one of this group's current epoch that was neither merged nor cleared
 */
export function clearStaged(state: GroupState, staged: StagedCommit): void {
  assertStaged(state, staged)
  const epoch = state.staged.get(staged)
  if (epoch !== undefined) zeroEpoch(epoch)
  state.staged.delete(staged)
  if (state.ownCommit?.staged !== staged) return
  forgetOwnCommit(state)
  dropIdleKeys(state)
}

/** The epoch that a staged commit opens. @throws TypeError as {@link mergeStaged}, and if we are not in it */
export function stagedEpoch(state: GroupState, staged: StagedCommit): Epoch {
  assertStaged(state, staged)
  const epoch = state.staged.get(staged)
  if (epoch === undefined) throw new TypeError("the commit removes us")
  return epoch
}

/** Ends the life of all keys. */
export function zeroGroup(state: GroupState): void {
  voidOthers(state)
  zeroEpoch(state.epoch)
  for (const past of state.pastEpochs) forgetPastEpoch(state, past)
  for (const psk of state.resumptionPsks) forgetResumptionPsk(state, psk)
  state.pastEpochs = []
  state.resumptionPsks = []
  zeroNextKeys(state)
}

function assertStaged(state: GroupState, staged: StagedCommit): void {
  if (!state.staged.has(staged)) {
    throw new TypeError("the commit was merged or cleared before, or belongs to another group or epoch")
  }
}

function voidOthers(state: GroupState): void {
  for (const epoch of state.staged.values()) if (epoch !== undefined) zeroEpoch(epoch)
  state.staged.clear()
  forgetOwnCommit(state)
  state.queue.clear()
}

function forgetOwnCommit(state: GroupState): void {
  if (state.ownCommit === undefined) return
  state.ownCommit = undefined
  markOwnCommit(state)
}

function forgetPastEpoch(state: GroupState, past: PastEpoch): void {
  zeroPastEpoch(past)
  markForgotten(state, past)
}

function forgetResumptionPsk(state: GroupState, psk: ResumptionPsk): void {
  psk.secret.fill(0)
  markResumptionPsk(state, psk, false)
}

function advance(state: GroupState, next: Epoch, merged: StagedCommit): void {
  const { limits, epoch: previous } = state
  const { epoch } = previous.context
  const { signatureKey } = ownLeaf(state)
  const psk = { epoch, secret: previous.secrets.resumptionPsk.slice() }
  const past = retireEpoch(previous, next)
  markPastEpoch(state, past)
  const pastEpochs = [past, ...state.pastEpochs]
  for (const dropped of pastEpochs.splice(limits.pastEpochs)) forgetPastEpoch(state, dropped)
  markResumptionPsk(state, psk, true)
  const psks = [psk, ...state.resumptionPsks]
  for (const dropped of psks.splice(limits.resumptionPsks)) forgetResumptionPsk(state, dropped)
  state.pastEpochs = pastEpochs
  state.resumptionPsks = psks
  state.epoch = next
  markEpoch(state, previous)
  adoptLeafKey(state, signatureKey)
  resetUsage(state, merged)
  skipReserved(state)
  const { reinit } = merged.report
  if (reinit === undefined) return
  state.phase = "replaced"
  state.reinit = reinit
  markHeader(state)
}

/** We were removed: what is left tells who was in the group, and opens nothing (RFC 9420 §12.4.2). */
function endGroup(state: GroupState): void {
  const { leafIndex } = state.epoch.keys
  zeroGroup(state)
  state.epoch = { ...state.epoch, keys: new TreePrivateState(leafIndex, new Uint8Array(0)) }
  state.phase = "removed"
  markHeader(state)
}
