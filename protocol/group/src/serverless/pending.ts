import type { Group } from "@qpc/mls"
import type { OpenIntent } from "../intents.ts"
import { grow } from "./grow.ts"
import type { KeptEpoch } from "./kept-epoch.ts"
import type { ServerlessDraft } from "./serverless-draft.ts"
import type { ServerlessState } from "./serverless-state.ts"

/** Adds the epoch that our pending commit leads to. */
export function growPending(state: ServerlessState, nowMs: number, draft: ServerlessDraft): KeptEpoch {
  const { epoch, opens, group } = takePending(state)
  const { newest: commitHash } = state.ownCommits
  if (commitHash === undefined) throw new Error("unreachable: we made the commit")
  const grown = grow(
    state,
    {
      parent: epoch,
      commitHash,
      selfRemovals: state.pendingAsked,
      opens,
      nowMs,
      stage: (copy) => {
        if (copy.pendingCommit === undefined) throw new Error("unreachable: a copy has what the group has")
        return copy.pendingCommit
      },
    },
    draft,
  )
  if (group.pendingCommit !== undefined) group.clear(group.pendingCommit)
  return grown
}

/** The pending commit has come to an end. Its group still holds it. */
export function takePending(state: ServerlessState): {
  readonly epoch: KeptEpoch
  readonly opens: readonly OpenIntent[]
  readonly group: Group
} {
  const { intents, pendingAt } = state
  const { pending } = intents
  if (pending === undefined || pendingAt?.state === undefined) throw new Error("unreachable: no commit is pending")
  intents.pending = undefined
  state.pendingAt = undefined
  return { epoch: pendingAt, opens: pending.opens, group: pendingAt.state.group }
}
