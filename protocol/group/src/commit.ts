import { envelopeHeader, paddedBytes, sendEnvelope } from "@qpc/envelope"
import type { EnvelopeKind } from "@qpc/envelope"
import { concatBytes, equalBytes, newMessageId, toHex } from "@qpc/wire"
import type { DeviceKey } from "@qpc/wire"
import type { Change } from "./change.ts"
import { stageSuccessor } from "./change-suite.ts"
import type { SuiteWanted } from "./change-suite.ts"
import type { Draft } from "./draft.ts"
import { authenticatorHashOf } from "./follow-log.ts"
import { OUR_EXTENSIONS, withSettings } from "./group-profile.ts"
import type { OpenIntent, Wanted } from "./intents.ts"
import { proposeLeave } from "./leave-group.ts"
import type { MemberState } from "./member-state.ts"
import { planBatch, planCommit } from "./plan.ts"
import type { Batch } from "./plan.ts"
import { leavesOf } from "./roster.ts"
import type { Delivery, Outgoing } from "./step.ts"

/**
 * Makes the commit that carries out some intents, and puts it into the draft. There must be none pending. `false` if the group
 * refuses it, or no carrier would take it: then nothing has changed.
 */
export function attempt(
  state: MemberState,
  { change, opens }: Pick<Batch, "change" | "opens">,
  nowMs: number,
  draft: Draft,
): boolean {
  const outgoing = commitMessage(state, change, nowMs)
  if (outgoing === undefined) return false
  const { messageId } = outgoing
  const counted = opens.map((open) => ({ ...open, attempt: open.attempt + 1 }))
  state.intents.pending = { opens: counted, messageId, epoch: state.keys.epoch, isLost: false }
  draft.send(outgoing)
  draft.asked = change.leaves.map(({ leafIndex }) => leafIndex)
  return true
}

/** Takes up queued intents until a commit is on its way. */
export function attemptNext(state: MemberState, nowMs: number, draft: Draft): void {
  const { intents, keys, heads } = state
  while (!heads.isHalting && intents.pending === undefined && intents.queue.length > 0) {
    if (leavesNext(state, nowMs, draft)) continue
    const batch = planBatch(state, intents.queue, nowMs)
    intents.queue.splice(0, intents.queue.length, ...batch.later)
    for (const { open, plan } of batch.ended) {
      const { intentId } = open
      if (plan.kind === "done") draft.tell({ kind: "intent_done", intentId, epoch: keys.epoch })
      else draft.tell({ kind: "intent_failed", intentId, reason: plan.reason })
    }
    if (batch.opens.length > 0) attemptBatch(state, batch, nowMs, draft)
  }
}

/** Takes up the wish to leave, if it is next and needs no commit of ours before. */
function leavesNext(state: MemberState, nowMs: number, draft: Draft): boolean {
  const { queue } = state.intents
  const [next] = queue
  if (next?.intent.kind !== "leave" || planCommit(state, next.intent, nowMs).kind !== "done") return false
  queue.shift()
  proposeLeave(state, next, nowMs, draft)
  return true
}

function attemptBatch(state: MemberState, batch: Batch, nowMs: number, draft: Draft): void {
  const { opens } = batch
  if (attempt(state, batch, nowMs, draft)) {
    for (const { intentId, attempt: made } of opens) {
      if (made === 0) continue
      draft.tell({ kind: "intent_rebased", intentId, epoch: state.keys.epoch, attempt: made + 1 })
    }
  } else if (opens.length > 1) tryApart(state, opens)
  else for (const { intentId } of opens) draft.tell({ kind: "intent_failed", intentId, reason: "commit_refused" })
}

/**
 * One of several intents spoils the commit of all: each has one of its own. Removals come first, so that nobody is written to who
 * should be out, and new keys last.
 */
export function tryApart({ intents }: MemberState, opens: readonly OpenIntent[]): void {
  const apart = opens.map((open) => ({ ...open, isAlone: true }))
  intents.queue.unshift(...apart.toSorted((a, b) => TURNS[a.intent.kind] - TURNS[b.intent.kind]))
}

const TURNS: Record<Wanted["kind"], number> = {
  remove: 0,
  remove_devices: 0,
  invite: 1,
  add_devices: 1,
  rename: 2,
  set_roles: 2,
  set_timer: 2,
  close: 3,
  leave: 4,
  change_suite: 4,
  update_keys: 4,
  upkeep: 4,
}

/** `undefined` if the group refuses it, or no carrier would take it; the group is then as it was. */
function commitMessage(state: MemberState, change: Change, nowMs: number): Outgoing | undefined {
  if (change.suite !== undefined) return suiteMessage(state, change.suite, nowMs)
  const { group, groupId, profile } = state
  const { epoch } = state.keys
  const { adds, removes, leaves, settings } = change
  const result = group.stageCommit({
    adds: adds.map(({ keyPackage }) => keyPackage),
    removes: removes.map(({ leafIndex }) => leafIndex),
    ...(settings && settings !== profile.settings && { extensions: withSettings(group.extensions, settings) }),
    includeQueuedProposals: ({ reference }) => leaves.some((leave) => equalBytes(leave.reference, reference)),
    forcePath: true,
    // Of a leaf that an earlier release made: others hear what we know by now.
    newExtensionTypes: OUR_EXTENSIONS,
    authenticatedData: envelopeHeader({ kind: "commit", groupId, epoch }),
    paddedBytes,
    random: state.random,
    nowMs,
    wireFormat: "private",
    treeInWelcome: true,
  })
  if (result.kind === "refused") return undefined
  const isWhole = result.staged.report.removed.length === removes.length + leaves.length
  if (!isWhole) throw new Error("unreachable: a proposal that everybody judged to be fine is left out")
  const joiners = adds.map(({ deviceKey }) => deviceKey)
  const id = `commit out of epoch ${epoch}`
  state.onLayer?.({ layer: "mls", direction: "down", bytesIn: 0, bytesOut: result.commit.length, id })

  const deliveries = [
    deliver(
      state,
      "commit",
      epoch,
      concatBytes(...leaves.map(({ message }) => message), result.commit),
      devicesIn(state),
    ),
    ...(result.welcome === undefined ? [] : [deliver(state, "welcome", epoch + 1n, result.welcome, joiners)]),
  ]
  if (!areAllThere(deliveries)) {
    group.clear(result.staged)
    return undefined
  }
  state.ownCommits.add(state.suite.hash(result.commit))
  const messageId = newMessageId(nowMs, state.random)
  const membersAfter = [...stayers(state, change), ...joiners]
  const authenticatorHash = authenticatorHashOf(state, result.staged, undefined)
  return { messageId, groupId, deliveries, claim: { epoch, membersAfter, authenticatorHash } }
}

/** The commit that ends the MLS group, and the Welcome into the next one behind it. */
function suiteMessage(state: MemberState, wanted: SuiteWanted, nowMs: number): Outgoing | undefined {
  const { group, groupId, replaced } = state
  const { epoch } = state.keys
  const made = stageSuccessor(state, wanted, nowMs)
  if (made === undefined) return undefined
  const { staged, commit, welcome, next } = made
  const delivery = deliver(state, "commit", epoch, concatBytes(commit, welcome), devicesIn(state))
  if (delivery === undefined) {
    group.clear(staged)
    next.group[Symbol.dispose]()
    return undefined
  }
  state.ownCommits.add(state.suite.hash(commit))
  replaced.prepare(next)
  const messageId = newMessageId(nowMs, state.random)
  const claim = { epoch, membersAfter: devicesIn(state), authenticatorHash: authenticatorHashOf(state, staged, next) }
  return { messageId, groupId, deliveries: [delivery], claim }
}

function stayers(state: MemberState, { removes, leaves }: Change): readonly DeviceKey[] {
  const gone = new Set([...removes, ...leaves].map(({ deviceKey }) => toHex(deviceKey)))
  return devicesIn(state).filter((deviceKey) => !gone.has(toHex(deviceKey)))
}

function devicesIn({ group }: MemberState): readonly DeviceKey[] {
  return leavesOf(group).map(({ deviceKey }) => deviceKey)
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
