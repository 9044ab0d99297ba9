import { extendChange, noChange, objectionTo } from "./change.ts"
import type { Change } from "./change.ts"
import type { PlanFailure } from "./event.ts"
import type { OpenIntent, Wanted } from "./intents.ts"
import type { MemberState } from "./member-state.ts"

/** What an intent means in the group as it is now. */
export type Plan =
  | { readonly kind: "commit"; readonly change: Change }
  /** The group is like that already, or what is wanted needs no commit of ours. */
  | { readonly kind: "done" }
  | { readonly kind: "impossible"; readonly reason: PlanFailure }

/** Plans a commit for the present epoch; another epoch may need another plan. */
export function planCommit(state: MemberState, wanted: Wanted, nowMs: number): Plan {
  const nothing = noChange(state)
  const change = extendChange(state, nothing, wanted, nowMs)
  if (typeof change === "string") return { kind: "impossible", reason: change }
  const isForKeys = wanted.kind === "update_keys" || wanted.kind === "upkeep"
  // Where somebody asked to leave there is a commit to make, and the group is as wanted only afterwards.
  if (change === nothing && !isForKeys && nothing.leaves.length === 0) return { kind: "done" }
  const reason = objectionTo(state, change)
  return reason === undefined ? { kind: "commit", change } : { kind: "impossible", reason }
}

/** What becomes of the intents in line. */
export interface Batch {
  readonly change: Change
  /** Those that the change carries out; with none of them there is nothing to commit. */
  readonly opens: readonly OpenIntent[]
  /** Those that wait for another commit. */
  readonly later: readonly OpenIntent[]
  readonly ended: readonly { readonly open: OpenIntent; readonly plan: Exclude<Plan, { kind: "commit" }> }[]
}

/**
 * Puts as many intents into one commit as go together, from the front of the line. The first that does not go with those before
 * it waits with all behind it: whoever removes somebody and then invites them again wants them in.
 */
export function planBatch(state: MemberState, queue: readonly OpenIntent[], nowMs: number): Batch {
  const ended: Batch["ended"][number][] = []
  const opens: OpenIntent[] = []
  let change = noChange(state)
  for (const [at, open] of queue.entries()) {
    // Whoever leaves does the rest first, and then waits for others.
    if (goesAlone(open) && opens.length > 0) return { change, opens, later: queue.slice(at), ended }
    const both = goTogether([...opens, open]) ? extendChange(state, change, open.intent, nowMs) : "commit_refused"
    const isPossible = typeof both !== "string" && objectionTo(state, both) === undefined
    const plan = planCommit(state, open.intent, nowMs)
    const isDone = plan.kind === "done" && both === change
    if (isPossible && !isDone) {
      change = both
      opens.push(open)
    } else if (isDone || plan.kind === "impossible") ended.push({ open, plan })
    else return { change, opens, later: queue.slice(at), ended }
  }
  return { change, opens, later: [], ended }
}

const goTogether = (opens: readonly OpenIntent[]): boolean =>
  opens.length === 1 || opens.every((open) => !open.isAlone && !goesAlone(open))

const goesAlone = ({ intent }: OpenIntent): boolean => intent.kind === "leave" || intent.kind === "change_suite"
