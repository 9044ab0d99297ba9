import type { OpenIntent } from "../intents.ts"
import type { ServerlessDraft } from "./serverless-draft.ts"
import type { ServerlessEvent } from "./serverless-event.ts"

type Failure = Extract<ServerlessEvent, { kind: "intent_failed" }>["reason"]

/** Nobody hears of what the group did for itself. */
const isWanted = ({ intent }: OpenIntent): boolean => intent.kind !== "upkeep"

export function tellDone(opens: readonly OpenIntent[], epoch: bigint, draft: ServerlessDraft): void {
  for (const { intentId } of opens.filter(isWanted)) draft.tell({ kind: "intent_done", intentId, epoch })
}

export function tellFailed(opens: readonly OpenIntent[], reason: Failure, draft: ServerlessDraft): void {
  for (const { intentId } of opens.filter(isWanted)) draft.tell({ kind: "intent_failed", intentId, reason })
}
