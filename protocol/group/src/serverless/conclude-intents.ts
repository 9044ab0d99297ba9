import { equalBytes } from "@qpc/wire"
import { encodeSettings, firstSettings } from "../group-settings.ts"
import type { GroupSettings } from "../group-settings.ts"
import type { OpenIntent, Wanted } from "../intents.ts"
import type { MemberState } from "../member-state.ts"
import { planCommit } from "../plan.ts"
import type { IntentFailure } from "../event.ts"
import { tellDone, tellFailed } from "./end-intents.ts"
import type { KeptEpoch } from "./kept-epoch.ts"
import type { ServerlessDraft } from "./serverless-draft.ts"
import type { ServerlessIntentFailure } from "./serverless-event.ts"
import { activeState } from "./serverless-state.ts"
import type { ServerlessState } from "./serverless-state.ts"

/** Says of each of our commits what came of it: done on the branch that we are on, or to be done again, or failed. */
export function concludeIntents(state: ServerlessState, nowMs: number, draft: ServerlessDraft): void {
  const onPath = new Set(state.path)
  for (const epoch of state.root.all()) {
    if (epoch.opens.length === 0) continue
    if (!onPath.has(epoch)) takeUpAgain(state, epoch, nowMs, draft)
    else if (!epoch.isTold) {
      epoch.isTold = true
      tellDone(epoch.opens, epoch.epoch, draft)
    }
  }
}

/** Nothing is wanted of the group any more. */
export function failAll(state: ServerlessState, reason: IntentFailure, draft: ServerlessDraft): void {
  const pending = state.pendingAt?.state?.group
  if (pending?.pendingCommit !== undefined) pending.clear(pending.pendingCommit)
  state.pendingAt = undefined
  tellFailed(state.intents.takeAll(), reason, draft)
}

function takeUpAgain(state: ServerlessState, lost: KeptEpoch, nowMs: number, draft: ServerlessDraft): void {
  const active = activeState(state)
  if (active === undefined) return
  const { opens } = lost
  lost.opens = []
  const fork = forkOf(state, lost)
  for (const open of opens) {
    // Whoever wants to leave asks again on this branch, and is heard there.
    if (open.intent.kind === "upkeep") continue
    const { intentId } = open
    const fate = fateOf({ active, fork, limit: state.limits.group.intentAttempts }, open, nowMs)
    if (fate === "done") draft.tell({ kind: "intent_done", intentId, epoch: active.group.epoch })
    else if (fate === "again") state.intents.queue.push(open)
    else draft.tell({ kind: "intent_failed", intentId, reason: fate })
  }
}

interface Circumstances {
  readonly active: MemberState
  /** Where the branch of the lost commit parted from ours. */
  readonly fork: KeptEpoch
  readonly limit: number
}

function fateOf(
  { active, fork, limit }: Circumstances,
  { intent, attempt }: OpenIntent,
  nowMs: number,
): "done" | "again" | IntentFailure | ServerlessIntentFailure {
  const plan = planCommit(active, intent, nowMs)
  if (plan.kind === "done") return "done"
  if (intent.kind === "invite" || intent.kind === "add_devices") return "invited_on_lost_branch"
  if (isSuperseded(intent, fork.profile.settings, active.profile.settings)) return "superseded"
  if (plan.kind === "impossible") return plan.reason
  return attempt < limit ? "again" : "too_many_conflicts"
}

/** Two who set the same thing at the same time cannot both have their way, and must not take turns for ever. */
function isSuperseded(intent: Wanted, before: GroupSettings | undefined, after: GroupSettings | undefined): boolean {
  if (before === undefined || after === undefined) return false
  switch (intent.kind) {
    case "rename":
      return before.name !== after.name
    case "set_timer":
      return before.disappearAfterSeconds !== after.disappearAfterSeconds
    case "set_roles":
      return !equalBytes(rolesOf(before), rolesOf(after))
    case "invite":
    case "remove":
    case "add_devices":
    case "remove_devices":
    case "close":
    case "change_suite":
    case "leave":
    case "update_keys":
    case "upkeep":
      return false
  }
}

/** The roles and who has them, in their one encoding. */
function rolesOf({ roles, assignments }: GroupSettings): Uint8Array {
  const [first] = assignments
  return first === undefined
    ? new Uint8Array(0)
    : encodeSettings({ ...firstSettings("roles", first.identityKey), roles, assignments })
}

function forkOf({ path }: ServerlessState, lost: KeptEpoch): KeptEpoch {
  const onPath = new Set<KeptEpoch>(path)
  let fork = lost
  while (!onPath.has(fork)) {
    if (fork.parent === undefined) throw new Error("unreachable: all branches come from the root")
    fork = fork.parent
  }
  return fork
}
