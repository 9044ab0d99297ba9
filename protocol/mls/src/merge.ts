import { retireEpoch, zeroEpoch, zeroPastEpoch } from "./epoch.ts"
import type { Epoch } from "./epoch.ts"
import type { GroupState } from "./group-state.ts"
import { ownLeaf } from "./own-leaf.ts"
import { skipReserved } from "./reservation.ts"
import { adoptLeafKey, dropIdleKeys, zeroNextKeys } from "./signature-keys.ts"
import type { MergeReport, StagedCommit } from "./staged-commit.ts"
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
  else advance(state, next, staged.report)
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
  state.ownCommit = undefined
  dropIdleKeys(state)
}

/** Ends the life of all keys. */
export function zeroGroup(state: GroupState): void {
  voidOthers(state)
  zeroEpoch(state.epoch)
  for (const past of state.pastEpochs) zeroPastEpoch(past)
  for (const { secret } of state.resumptionPsks) secret.fill(0)
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
  state.ownCommit = undefined
  state.queue.clear()
}

function advance(state: GroupState, next: Epoch, report: MergeReport): void {
  const { limits, epoch: previous } = state
  const { epoch } = previous.context
  const { signatureKey } = ownLeaf(state)
  const psk = { epoch, secret: previous.secrets.resumptionPsk.slice() }
  const past = [retireEpoch(previous), ...state.pastEpochs]
  for (const dropped of past.splice(limits.pastEpochs)) zeroPastEpoch(dropped)
  const psks = [psk, ...state.resumptionPsks]
  for (const { secret } of psks.splice(limits.resumptionPsks)) secret.fill(0)
  state.pastEpochs = past
  state.resumptionPsks = psks
  state.epoch = next
  adoptLeafKey(state, signatureKey)
  skipReserved(state)
  if (report.reinit === undefined) return
  state.phase = "replaced"
  state.reinit = report.reinit
}

/** We were removed: what is left tells who was in the group, and opens nothing (RFC 9420 §12.4.2). */
function endGroup(state: GroupState): void {
  const { leafIndex } = state.epoch.keys
  zeroGroup(state)
  state.epoch = { ...state.epoch, keys: new TreePrivateState(leafIndex, new Uint8Array(0)) }
  state.phase = "removed"
}
