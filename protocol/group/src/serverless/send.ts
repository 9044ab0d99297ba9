import type { Content } from "../content.ts"
import { isLeaving } from "../leave-group.ts"
import { commitLeaves } from "../leave-turn.ts"
import { sendContent } from "../send.ts"
import { holdText, makeText, sealText } from "../send-text.ts"
import type { MadeText } from "../send-text.ts"
import { commitBy } from "./follow.ts"
import { forgetGroup } from "./forget.ts"
import { isOwnWish } from "./leave.ts"
import type { ServerlessDraft } from "./serverless-draft.ts"
import { activeState, tipOf } from "./serverless-state.ts"
import type { ServerlessState } from "./serverless-state.ts"

/** The way down: a text is sealed in the newest epoch of the branch that we are on, everything else becomes a commit of it. */
export function send(state: ServerlessState, content: Content, nowMs: number, draft: ServerlessDraft): void {
  const active = activeState(state)
  if (active === undefined) {
    const mustRejoin = state.isEnded && !isOwnWish(state)
    return draft.tell({ kind: "refused", reason: mustRejoin ? "must_rejoin" : "not_a_member" })
  }
  if (content.kind === "text") return sendText(state, content.text, nowMs, draft)
  commitBy(state, nowMs, draft, (shared) => sendContent(active, content, nowMs, shared))
  // Whoever is alone, or in a closed group, has left at once.
  if (active.isActive) return
  state.isEnded = true
  forgetGroup(state, draft)
}

function sendText(state: ServerlessState, text: string, nowMs: number, draft: ServerlessDraft): void {
  const active = activeState(state)
  if (active === undefined) throw new Error("unreachable: only members write")
  if (isLeaving(active)) return draft.tell({ kind: "refused", reason: "leaving" })
  const made = makeText(active, text, nowMs)
  if (typeof made === "string") return draft.tell({ kind: "refused", reason: made })
  if (active.group.pendingProposalCount > 0) return waitWith(state, made, nowMs, draft)
  draft.add((shared) => {
    const refusal = sealText(active, made, nowMs, shared)
    if (refusal !== undefined) shared.tell({ kind: "refused", reason: refusal })
    else {
      state.sent.add(made, tipOf(state))
      tipOf(state).hear(state.self)
    }
  })
}

/** While a proposal waits for a commit nothing may be sealed (RFC 9420 §12.4): the text waits with it, and we make the commit. */
function waitWith(state: ServerlessState, made: MadeText, nowMs: number, draft: ServerlessDraft): void {
  const active = activeState(state)
  if (active === undefined) throw new Error("unreachable: only members write")
  commitBy(state, nowMs, draft, (shared) => {
    const refusal = holdText(active, made, nowMs, shared)
    if (refusal === undefined) commitLeaves(active, nowMs, shared)
    else shared.tell({ kind: "refused", reason: refusal })
  })
}
