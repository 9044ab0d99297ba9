import { equalBytes } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import { leavesOf } from "../roster.ts"
import type { KeptEpoch, OpenedText } from "./kept-epoch.ts"
import type { ServerlessDraft } from "./serverless-draft.ts"
import { activeState } from "./serverless-state.ts"
import type { ServerlessState } from "./serverless-state.ts"

/** A text, and the epoch that it was sealed in. */
export interface TextOfEpoch {
  readonly in: KeptEpoch
  readonly text: OpenedText
}

/**
 * Shows texts of the branch that we are on, and of other branches if their author is in the group as we see it. The others wait:
 * their branch may still become ours.
 */
export function showTexts(state: ServerlessState, texts: readonly TextOfEpoch[], draft: ServerlessDraft): void {
  for (const one of texts) {
    if (isToShow(state, one)) show(state, one.text, draft)
    else hold(state, one, draft)
  }
}

/** Shows what waited for its branch, or for its author to come in. */
export function showHeld(state: ServerlessState, draft: ServerlessDraft): void {
  for (const epoch of state.root.all()) {
    if (epoch.held.length === 0) continue
    const due = epoch.held.filter((text) => isToShow(state, { in: epoch, text }))
    epoch.held = epoch.held.filter((text) => !due.includes(text))
    for (const text of due) show(state, text, draft)
  }
}

function isToShow(state: ServerlessState, { in: epoch, text }: TextOfEpoch): boolean {
  return state.path.includes(epoch) || isMember(state, text.sender) === true
}

/** Whether somebody is in the group; `undefined` while we are not, and cannot see it. */
function isMember(state: ServerlessState, person: IdentityKey): boolean | undefined {
  const active = activeState(state)
  return active && leavesOf(active.group).some(({ identityKey }) => equalBytes(identityKey, person))
}

function show(state: ServerlessState, text: OpenedText, draft: ServerlessDraft): void {
  if (!state.seen.add(text.sender, text.mid)) return draft.drop("duplicate_message", "GTP_DUPLICATE_MESSAGE")
  draft.tell(isMember(state, text.sender) === false ? { ...text, isByFormerMember: true } : text)
}

function hold(state: ServerlessState, { in: epoch, text }: TextOfEpoch, draft: ServerlessDraft): void {
  const kept = [...state.root.all()]
  // What came later in the same call can have pushed the epoch out.
  if (!kept.includes(epoch)) return tellLost(text, draft)
  epoch.held.push(text)
  const holding = kept.filter(({ held }) => held.length > 0)
  const count = holding.reduce((sum, { held }) => sum + held.length, 0)
  if (count <= state.limits.strangersTexts) return
  const oldest = holding[0]?.held.shift()
  if (oldest !== undefined) tellLost(oldest, draft)
}

/** The branch of a text is gone for good, and it was not shown. */
export function tellLost({ sender, mid, epoch }: OpenedText, draft: ServerlessDraft): void {
  draft.tell({ kind: "text_of_lost_branch", sender, mid, epoch })
}
