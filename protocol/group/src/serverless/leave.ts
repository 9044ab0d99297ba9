import { equalBytes } from "@qpc/wire"
import { Draft } from "../draft.ts"
import type { HeldText } from "../held-texts.ts"
import type { MemberState } from "../member-state.ts"
import { releaseTexts } from "../send-text.ts"
import { tellDone } from "./end-intents.ts"
import type { ServerlessDraft } from "./serverless-draft.ts"
import { tipOf } from "./serverless-state.ts"
import type { ServerlessState } from "./serverless-state.ts"

/**
 * A proposal holds for its epoch only (RFC 9420 §12.4). Where the group has moved on, our wish to leave is one for the new epoch, and
 * texts that waited for somebody else's can be sealed in it.
 */
export function carryOver(state: ServerlessState, active: MemberState, draft: ServerlessDraft): void {
  for (const { state: old } of state.root.all()) {
    if (old === undefined || old === active) continue
    const { leaving, heldTexts, group } = old
    if (leaving.own !== undefined) state.intents.queue.unshift(leaving.own.open)
    leaving.own = undefined
    for (const text of heldTexts.takeAll()) {
      // The message inside names its sender by the leaf.
      const isSameLeaf = group.ownLeafIndex === active.group.ownLeafIndex
      if (isSameLeaf && active.heldTexts.add(text, active.limits)) continue
      draft.tell({ kind: "text_failed", messageId: text.messageId, reason: "too_many_texts" })
    }
  }
  if (active.group.pendingProposalCount > 0) return
  for (const text of active.heldTexts.takeAll()) sealHeld(state, active, text, draft)
}

/** We are out. Whoever wanted that has what they wanted. */
export function endWishes(state: ServerlessState, draft: ServerlessDraft): void {
  const { epoch } = tipOf(state)
  const reason = isOwnWish(state) ? "left_group" : "removed_from_group"
  for (const { state: old } of state.root.all()) {
    if (old === undefined) continue
    const { own } = old.leaving
    if (own !== undefined) tellDone([own.open], epoch, draft)
    for (const { messageId } of old.heldTexts.takeAll()) draft.tell({ kind: "text_failed", messageId, reason })
  }
}

/** True if the commit that we are out by carries out our own wish. */
export function isOwnWish(state: ServerlessState): boolean {
  return tipOf(state).left.some((one) => equalBytes(one, state.self))
}

function sealHeld(state: ServerlessState, active: MemberState, text: HeldText, draft: ServerlessDraft): void {
  active.heldTexts.add(text, active.limits)
  const scratch = new Draft()
  releaseTexts(active, scratch)
  const { events, outgoing } = scratch.finish(undefined)
  draft.add((shared) => {
    for (const event of events) shared.tell(event)
    for (const one of outgoing) shared.send(one)
  })
  if (!events.some(({ kind }) => kind === "text_sealed")) return
  state.sent.add(text, tipOf(state))
  tipOf(state).hear(state.self)
}
