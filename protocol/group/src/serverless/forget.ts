import { compareBytes } from "@qpc/wire"
import { tellFailed } from "./end-intents.ts"
import { KeptEpoch } from "./kept-epoch.ts"
import type { ServerlessDraft } from "./serverless-draft.ts"
import { choose, tipOf } from "./serverless-state.ts"
import type { ServerlessState } from "./serverless-state.ts"
import { tellLost } from "./show-texts.ts"

/**
 * Forgets the shortest branches while there are too many epochs. The one that we are on and the one that we are about to go to
 * always fit; {@link settleRoot} shortens them.
 */
export function makeRoom(state: ServerlessState, draft: ServerlessDraft): void {
  let excess = [...state.root.all()].length - state.limits.keptEpochs
  if (excess <= 0) return
  const staying = new Set([...state.path, ...choose(state).path])
  for (; excess > 0; excess--) {
    const ends = [...state.root.all()].filter((one) => one.children.length === 0 && !staying.has(one))
    const [worst] = ends.toSorted(
      (a, b) => Number(a.epoch - b.epoch) || compareBytes(b.origin!.commitHash, a.origin!.commitHash),
    )
    if (worst === undefined) return
    worst.parent?.forgotten.push(worst.origin!)
    worst.leaveParent()
    forgetBranch(state, worst, draft)
  }
}

/**
 * Takes leave of epochs that are too old to be taken back, by their number or by the time since they were left. Whoever finds
 * our state afterwards cannot open what was sent in them, nor compute what came of them.
 */
export function settleRoot(state: ServerlessState, nowMs: number, draft: ServerlessDraft): void {
  for (let next = nextRoot(state, nowMs); next !== undefined; next = nextRoot(state, nowMs)) {
    const { root } = state
    next.leaveParent()
    forgetBranch(state, root, draft)
    state.root = next
    state.path = [next, ...state.path.slice(2)]
  }
}

/**
 * It is over for us, and not by a commit that another branch could take back: whoever finds our state afterwards has no key of the
 * group. What the group was called and how it was set up stays.
 */
export function forgetGroup(state: ServerlessState, draft: ServerlessDraft): void {
  const { epoch, profile, sinceMs, left, state: layers } = tipOf(state)
  forgetBranch(state, state.root, draft)
  const gone = layers?.leaving.hasLeft === true ? [...left, state.self] : left
  state.root = new KeptEpoch({ epoch, origin: undefined, left: gone, profile, state: undefined, sinceMs })
  state.path = [state.root]
  state.waiting.takeAll()
}

/** When {@link settleRoot} has something to do. */
export function settleAtMs({ path: [, second], limits }: ServerlessState): number | undefined {
  return second && second.sinceMs + limits.rollbackMs
}

function nextRoot(state: ServerlessState, nowMs: number): KeptEpoch | undefined {
  const [root, second] = state.path
  if (second === undefined) return undefined
  const isTooDeep = tipOf(state).epoch - root.epoch > BigInt(state.limits.rollbackEpochs)
  return isTooDeep || second.sinceMs + state.limits.rollbackMs <= nowMs ? second : undefined
}

/** Forgets an epoch, cut off from the one that it comes from, and all below it: zeroes their keys and tells what ends with them. */
export function forgetBranch(state: ServerlessState, top: KeptEpoch, draft: ServerlessDraft): void {
  const gone = [...top.all()]
  const lost = state.sent.forget(gone, state.path)
  for (const { count, lastMid } of lost.forgotten) draft.tell({ kind: "texts_lost", count, lastMid })
  for (const { mid } of lost.texts) draft.tell({ kind: "text_lost", mid, reason: "not_kept" })
  for (const epoch of gone) forgetOne(state, epoch, draft)
}

function forgetOne(state: ServerlessState, epoch: KeptEpoch, draft: ServerlessDraft): void {
  for (const text of epoch.held) tellLost(text, draft)
  epoch.held = []
  if (!epoch.isTold) tellFailed(epoch.opens, "too_late", draft)
  epoch.opens = []
  if (state.pendingAt === epoch) {
    tellFailed(state.intents.pending?.opens ?? [], "too_late", draft)
    state.intents.pending = undefined
    state.pendingAt = undefined
  }
  epoch.zero()
}
