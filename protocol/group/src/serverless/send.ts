import type { Content } from "../content.ts"
import { sendContent } from "../send.ts"
import { makeText, sealText } from "../send-text.ts"
import { commitBy } from "./follow.ts"
import type { ServerlessDraft } from "./serverless-draft.ts"
import { activeState, tipOf } from "./serverless-state.ts"
import type { ServerlessState } from "./serverless-state.ts"

/** The way down: a text is sealed in the newest epoch of the branch that we are on, everything else becomes a commit of it. */
export function send(state: ServerlessState, content: Content, nowMs: number, draft: ServerlessDraft): void {
  const active = activeState(state)
  if (active === undefined) {
    return draft.tell({ kind: "refused", reason: state.isEnded ? "must_rejoin" : "not_a_member" })
  }
  // Who carries a proposal out would have to be agreed on by branches that do not know of each other.
  if (content.kind === "leave") return draft.tell({ kind: "refused", reason: "leave_not_spoken" })
  if (content.kind === "text") return sendText(state, content.text, nowMs, draft)
  commitBy(state, nowMs, draft, (shared) => sendContent(active, content, nowMs, shared))
}

function sendText(state: ServerlessState, text: string, nowMs: number, draft: ServerlessDraft): void {
  const active = activeState(state)
  if (active === undefined) throw new Error("unreachable: only members write")
  const made = makeText(active, text, nowMs)
  if (typeof made === "string") return draft.tell({ kind: "refused", reason: made })
  draft.add((shared) => {
    const refusal = sealText(active, made, nowMs, shared)
    if (refusal !== undefined) shared.tell({ kind: "refused", reason: refusal })
    else {
      state.sent.add(made, tipOf(state))
      tipOf(state).hear(state.self)
    }
  })
}
