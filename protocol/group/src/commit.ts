import { envelopeHeader, paddedBytes, sendEnvelope } from "@qpc/envelope"
import type { EnvelopeKind } from "@qpc/envelope"
import { newMessageId } from "@qpc/wire"
import type { Draft } from "./draft.ts"
import type { PlanFailure } from "./event.ts"
import type { OpenIntent } from "./intents.ts"
import type { MemberState } from "./member-state.ts"
import { identitiesOf, planCommit } from "./plan.ts"
import type { Plan } from "./plan.ts"
import type { Delivery, Outgoing } from "./step.ts"

/** What came of an intent for now: a commit is on its way, nothing was left to do, or it cannot be had. */
export type Attempt = "committed" | "done" | PlanFailure

/** Makes a commit of an intent and puts it into the draft. There must be none pending. */
export function attempt(state: MemberState, open: OpenIntent, nowMs: number, draft: Draft): Attempt {
  const plan = planCommit(state, open.intent, nowMs)
  if (plan.kind === "done") return "done"
  if (plan.kind === "impossible") return plan.reason
  const outgoing = commitMessage(state, plan, nowMs)
  if (outgoing === undefined) return "commit_refused"
  const { messageId } = outgoing
  const counted = { ...open, attempt: open.attempt + 1 }
  state.intents.pending = { open: counted, messageId, epoch: state.group.epoch, isLost: false }
  draft.send(outgoing)
  return "committed"
}

/** Takes up queued intents until one is on its way. */
export function attemptNext(state: MemberState, nowMs: number, draft: Draft): void {
  const { intents, group } = state
  while (intents.pending === undefined) {
    const open = intents.queue.shift()
    if (open === undefined) return
    const { intentId, intent } = open
    if (intent.kind === "upkeep") throw new Error("unreachable: upkeep stands in no line")
    const outcome = attempt(state, open, nowMs, draft)
    if (outcome === "committed") return
    if (outcome === "done") draft.tell({ kind: "intent_done", intentId, epoch: group.epoch })
    else draft.tell({ kind: "intent_failed", intentId, reason: outcome })
  }
}

/** `undefined` if the group refuses it, or no carrier would take it; the group is then as it was. */
function commitMessage(
  state: MemberState,
  plan: Extract<Plan, { kind: "commit" }>,
  nowMs: number,
): Outgoing | undefined {
  const { group, groupId } = state
  const { epoch } = group
  const result = group.stageCommit({
    adds: plan.adds,
    removes: plan.removes,
    forcePath: true,
    authenticatedData: envelopeHeader({ kind: "commit", groupId, epoch }),
    paddedBytes,
    random: state.random,
    nowMs,
    wireFormat: "private",
    treeInWelcome: true,
  })
  if (result.kind === "refused") return undefined
  if (result.leftOut.length > 0) throw new Error("unreachable: a proposal waits, and our policy takes none")
  const id = `commit out of epoch ${epoch}`
  state.onLayer?.({ layer: "mls", direction: "down", bytesIn: 0, bytesOut: result.commit.length, id })

  const deliveries = [
    deliver(state, "commit", epoch, result.commit, identitiesOf(state)),
    ...(result.welcome === undefined ? [] : [deliver(state, "welcome", epoch + 1n, result.welcome, plan.joiners)]),
  ]
  if (!areAllThere(deliveries)) {
    group.clear(result.staged)
    return undefined
  }
  state.ownCommits.add(state.suite.hash(result.commit))
  const messageId = newMessageId(nowMs, state.random)
  return { messageId, groupId, deliveries, claim: { epoch, membersAfter: plan.membersAfter } }
}

function deliver(
  state: MemberState,
  kind: EnvelopeKind,
  epoch: bigint,
  sealed: Uint8Array,
  recipients: Delivery["recipients"],
): Delivery | undefined {
  const enveloped = sendEnvelope(
    { kind, groupId: state.groupId, epoch, sealed },
    { sizeBytes: state.limits.envelopeBytes },
  )
  if (enveloped.kind === "too_large") return undefined
  const bytesOut = enveloped.bytes.length
  state.onLayer?.({ layer: "envelope", direction: "down", bytesIn: sealed.length, bytesOut, id: kind })
  return { recipients, envelope: enveloped.bytes }
}

function areAllThere(deliveries: readonly (Delivery | undefined)[]): deliveries is readonly Delivery[] {
  return deliveries.every((delivery) => delivery !== undefined)
}
