import { tellFailed } from "./end-intents.ts"
import type { KeptEpoch } from "./kept-epoch.ts"
import type { ServerlessDraft } from "./serverless-draft.ts"
import { tipOf } from "./serverless-state.ts"
import type { ServerlessState } from "./serverless-state.ts"

/** Forgets an epoch with all below it: from now on nobody goes back to any of them. Their keys are zeroed. */
export function forgetEpochs(state: ServerlessState, top: KeptEpoch, draft: ServerlessDraft): void {
  const gone = [...top.all()]
  top.leaveParent()
  for (const epoch of gone) forgetOne(state, epoch, draft)
}

/**
 * Takes leave of epochs that are too old to be taken back, by their number or by the time since they were left. Whoever finds
 * our state afterwards cannot open what was sent in them, nor compute what came of them.
 */
export function settleRoot(state: ServerlessState, nowMs: number, draft: ServerlessDraft): void {
  for (let next = nextRoot(state, nowMs); next !== undefined; next = nextRoot(state, nowMs)) {
    const { root } = state
    next.leaveParent()
    for (const epoch of root.all()) forgetOne(state, epoch, draft)
    state.root = next
    state.path = [next, ...state.path.slice(2)]
  }
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

function forgetOne(state: ServerlessState, epoch: KeptEpoch, draft: ServerlessDraft): void {
  for (const { sender, mid, epoch: sealedIn } of epoch.held) {
    draft.tell({ kind: "text_of_lost_branch", sender, mid, epoch: sealedIn })
  }
  epoch.held = []
  if (!epoch.isTold) tellFailed(epoch.opens, "too_late", draft)
  epoch.opens = []
  state.sent.forget(epoch)
  if (state.pendingAt === epoch) {
    tellFailed(state.intents.pending?.opens ?? [], "too_late", draft)
    state.intents.pending = undefined
    state.pendingAt = undefined
  }
  epoch.zero()
}
