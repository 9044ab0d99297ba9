import { equalBytes, toHex } from "@qpc/wire"
import { attemptNext } from "../commit.ts"
import type { Draft } from "../draft.ts"
import { comeAndGone, personChanges, stays } from "../device-rules.ts"
import { leavesOf } from "../roster.ts"
import type { Leaf } from "../roster.ts"
import { settingsDifference } from "../settings-difference.ts"
import { makeRoom, settleRoot } from "./forget.ts"
import type { KeptEpoch } from "./kept-epoch.ts"
import { concludeIntents, failAll } from "./conclude-intents.ts"
import { carryOver, endWishes, isOwnWish } from "./leave.ts"
import { growPending } from "./pending.ts"
import { resendTexts } from "./resend-texts.ts"
import type { ServerlessDraft } from "./serverless-draft.ts"
import { activeState, choose, tipOf } from "./serverless-state.ts"
import type { ServerlessState } from "./serverless-state.ts"
import { showHeld, showTexts } from "./show-texts.ts"
import type { TextOfEpoch } from "./show-texts.ts"

/**
 * Chooses the branch anew, and does all that follows from it: tells the application, ends or takes up intents, sends texts again,
 * shows what was written, and forgets what is too old to come back. It forgets after all the rest: one call can pass by more
 * epochs than are kept, and what is in them has to be dealt with like what is in the others.
 */
export function follow(
  state: ServerlessState,
  nowMs: number,
  draft: ServerlessDraft,
  texts: readonly TextOfEpoch[] = [],
): void {
  const before = state.path
  const { path, rule } = choose(state)
  state.path = path
  state.rule = rule
  tellMoves(state, before, draft)
  const active = activeState(state)
  if (active === undefined) {
    concludeIntents(state, nowMs, draft)
    showHeld(state, draft)
    showTexts(state, texts, draft)
    settleRoot(state, nowMs, draft)
    makeRoom(state, draft)
    return failAll(state, isOwnWish(state) ? "left_group" : "removed_from_group", draft)
  }
  resendTexts(state, { hasJumped: tipOf(state).epoch - before.at(-1)!.epoch > 1n, nowMs }, draft)
  concludeIntents(state, nowMs, draft)
  carryOver(state, active, draft)
  showHeld(state, draft)
  showTexts(state, texts, draft)
  settleRoot(state, nowMs, draft)
  makeRoom(state, draft)
  commitNext(state, nowMs, draft)
}

/** Makes the commit for what is in line, unless one is on its way. */
export function commitNext(state: ServerlessState, nowMs: number, draft: ServerlessDraft): void {
  const active = activeState(state)
  if (active === undefined || state.intents.pending !== undefined) return
  commitBy(state, nowMs, draft, (shared) => attemptNext(active, nowMs, shared))
}

/** Lets a commit be made in the tip. Where there is nobody to carry it to, it counts at once. */
export function commitBy(
  state: ServerlessState,
  nowMs: number,
  draft: ServerlessDraft,
  make: (shared: Draft) => void,
): void {
  const hadPending = state.intents.pending !== undefined
  let asked: readonly number[] = []
  const areCarried = draft.add((shared) => {
    make(shared)
    ;({ asked } = shared)
  })
  if (hadPending || state.intents.pending === undefined) return
  state.pendingAt = tipOf(state)
  state.pendingAsked = asked
  if (areCarried) return
  growPending(state, nowMs, draft)
  follow(state, nowMs, draft)
}

function tellMoves(state: ServerlessState, before: ServerlessState["path"], draft: ServerlessDraft): void {
  const { path, rule } = state
  const [from, to] = [before.at(-1)!, tipOf(state)]
  if (from === to) return
  const shared = path.findLastIndex((epoch) => before.includes(epoch))
  const fork = path[shared] ?? state.root
  if (fork === from) {
    for (const [at, epoch] of path.entries()) if (at > shared) tellMove(state, path[at - 1]!, epoch, draft)
    return
  }
  draft.tell({ kind: "branch_changed", forkEpoch: fork.epoch, leftEpoch: from.epoch, epoch: to.epoch, rule })
  // Where the other branch was one without us, the difference is to what we last saw.
  tellMove(state, from.state === undefined ? (from.parent ?? fork) : from, to, draft)
}

/** Tells what is different in another epoch. */
function tellMove(state: ServerlessState, from: KeptEpoch, to: KeptEpoch, draft: ServerlessDraft): void {
  const { epoch, origin } = to
  if (origin === undefined || from.state === undefined) throw new Error("unreachable: nobody comes from nowhere")
  const { committer: by } = origin
  if (to.state === undefined) {
    endWishes(state, draft)
    return draft.tell(isOwnWish(state) ? { kind: "left_group", epoch } : { kind: "removed_from_group", epoch, by })
  }
  const [were, are] = [leavesOf(from.state.group), leavesOf(to.state.group)]
  const changes = personChanges(were, { added: without(are, were), removed: without(were, are) })
  const { come: added, gone: removed } = comeAndGone(changes)
  if (added.length + removed.length > 0) {
    const left = removed.filter((one) => to.left.some((other) => equalBytes(one, other)))
    draft.tell({ kind: "members_changed", epoch, by, added, removed, left })
  }
  for (const change of changes.filter(stays)) {
    draft.tell({ kind: "devices_changed", epoch, by: change.identityKey, added: change.added, removed: change.removed })
  }
  const [before, settings] = [from.profile.settings, to.profile.settings]
  const difference = before && settings && settingsDifference(before, settings, removed)
  if (difference !== undefined && settings !== undefined && difference.changed.length > 0) {
    draft.tell({ kind: "settings_changed", epoch, by, ...difference, settings })
  }
  draft.tell({ kind: "epoch_changed", epoch, authenticator: to.state.group.epochAuthenticator() })
}

function without(leaves: readonly Leaf[], others: readonly Leaf[]): readonly Leaf[] {
  const names = new Set(others.map(({ deviceKey }) => toHex(deviceKey)))
  return leaves.filter(({ deviceKey }) => !names.has(toHex(deviceKey)))
}
