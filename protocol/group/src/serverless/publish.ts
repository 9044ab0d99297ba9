import { equalBytes } from "@qpc/wire"
import type { MessageId } from "@qpc/wire"
import { tellFailed } from "./end-intents.ts"
import { commitNext, follow } from "./follow.ts"
import { growPending, takePending } from "./pending.ts"
import type { ServerlessDraft } from "./serverless-draft.ts"
import type { ServerlessState } from "./serverless-state.ts"

/** Somebody took our commit: it counts from now on. An unknown id changes nothing. */
export function published(state: ServerlessState, messageId: MessageId, nowMs: number, draft: ServerlessDraft): void {
  if (!isPending(state, messageId)) return
  growPending(state, nowMs, draft)
  follow(state, nowMs, draft)
}

/** Nobody took our commit, and nobody ever will: its intents fail. An unknown id changes nothing. */
export function abandon(state: ServerlessState, messageId: MessageId, nowMs: number, draft: ServerlessDraft): void {
  if (!isPending(state, messageId)) return
  const { opens, group } = takePending(state)
  const staged = group.pendingCommit
  if (staged !== undefined) group.clear(staged)
  tellFailed(opens, "not_published", draft)
  commitNext(state, nowMs, draft)
}

function isPending({ intents }: ServerlessState, messageId: MessageId): boolean {
  return intents.pending !== undefined && equalBytes(intents.pending.messageId, messageId)
}
