import { envelopeHeader, receiveEnvelope } from "@qpc/envelope"
import type { Envelope } from "@qpc/envelope"
import { equalBytes } from "@qpc/wire"
import { checkCommit } from "../check-commit.ts"
import { Draft } from "../draft.ts"
import type { MustRejoinReason } from "../event.ts"
import type { MemberState } from "../member-state.ts"
import { takeLeaveRequest } from "../leave-requests.ts"
import { commitError, messagesIn, receiveApplication, takeProposals } from "../receive.ts"
import { failAll } from "./conclude-intents.ts"
import { follow } from "./follow.ts"
import { forgetGroup } from "./forget.ts"
import { grow, identityAt } from "./grow.ts"
import type { KeptEpoch } from "./kept-epoch.ts"
import { growPending } from "./pending.ts"
import type { ServerlessDraft } from "./serverless-draft.ts"
import { choose } from "./serverless-state.ts"
import type { ServerlessState } from "./serverless-state.ts"
import { showTexts } from "./show-texts.ts"
import type { TextOfEpoch } from "./show-texts.ts"
import { dropSurplus, hasTooMany } from "./surplus.ts"
import type { WaitingEnvelope } from "./waiting.ts"

/** A step that takes envelopes in. */
interface Intake {
  readonly state: ServerlessState
  readonly nowMs: number
  readonly draft: ServerlessDraft
  readonly texts: TextOfEpoch[]
  /** Commits that were one too many of their author, and the epoch that each leads to. */
  readonly surplus: { readonly bytes: Uint8Array; readonly epoch: bigint }[]
}

/**
 * The way up where nobody orders: each envelope is tried in every epoch of its number, on all branches; the branch is chosen once
 * all are in. Total: whatever bytes arrive, it returns.
 */
export function receiveAll(
  state: ServerlessState,
  envelopes: readonly Uint8Array[],
  nowMs: number,
  draft: ServerlessDraft,
): void {
  const intake: Intake = { state, nowMs, draft, texts: [], surplus: [] }
  for (const bytes of envelopes) {
    takeIn(intake, bytes)
    // A branch that alone is longer than what is kept: whatever else comes is too late to change its beginning.
    if (!state.isEnded && choose(state).path.length > state.limits.keptEpochs) {
      follow(state, nowMs, draft, intake.texts.splice(0))
    }
  }
  retrySurplus(intake)
  if (!state.isEnded) {
    follow(state, nowMs, draft, intake.texts)
    // The one that we were on may be one too many by now.
    for (let told = dropSurplus(state, draft).length; told > 0; told--) tellSurplus(intake)
    return
  }
  // What came before the end was for us.
  showTexts(state, intake.texts, draft)
  forgetGroup(state, draft)
}

/** Takes in one envelope, and those that waited for the epochs that it leads to. */
function takeIn(intake: Intake, bytes: Uint8Array): void {
  const { state, nowMs, draft } = intake
  const queue: WaitingEnvelope[] = [{ bytes, epoch: 0n, sinceMs: nowMs }]
  const brought = new Map<KeptEpoch, Uint8Array>()
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const grown = takeOne(intake, next)
    if (grown === undefined) continue
    brought.set(grown, next.bytes)
    // Each waiting envelope leaves its place once for each epoch that becomes known, so this ends.
    queue.push(...state.waiting.takeOf(grown.epoch))
  }
  if (brought.size === 0 || state.isEnded) return
  for (const epoch of dropSurplus(state, draft)) {
    const commit = brought.get(epoch)
    if (commit === undefined) tellSurplus(intake)
    else intake.surplus.push({ bytes: commit, epoch: epoch.epoch })
  }
}

/** A commit that was one too many when it came: what others made of it may have come behind it, and waits by now. */
function retrySurplus(intake: Intake): void {
  const { state, surplus } = intake
  for (const { bytes, epoch } of surplus.splice(0)) {
    if (!state.isEnded && state.waiting.has(epoch)) takeIn(intake, bytes)
    else tellSurplus(intake)
  }
  for (let told = surplus.splice(0).length; told > 0; told--) tellSurplus(intake)
}

function tellSurplus({ draft }: Intake): void {
  draft.drop("too_many_commits", "COMMIT_INVALID")
}

/** Returns the epoch that became known, if one did. */
function takeOne(intake: Intake, { bytes, sinceMs }: WaitingEnvelope): KeptEpoch | undefined {
  const { state, draft } = intake
  const { limits, root } = state
  const received = receiveEnvelope(bytes, { sizeBytes: limits.group.envelopeBytes })
  if (received.kind === "drop") return draft.drop(received.reason, "UNSUPPORTED_VERSION")
  const { envelope } = received
  const reason = objectionTo(state, envelope)
  if (reason !== undefined) return draft.drop(reason, "EPOCH_MISMATCH")
  for (const epoch of root.all()) {
    if (epoch.epoch !== envelope.epoch || epoch.state === undefined) continue
    const opened = openIn(intake, { epoch, state: epoch.state }, envelope)
    if (opened !== "of_another_branch") return opened
  }
  if (!state.waiting.add({ bytes, epoch: envelope.epoch, sinceMs })) draft.drop("epoch_in_future", "EPOCH_MISMATCH")
  return undefined
}

function objectionTo(state: ServerlessState, { kind, groupId, epoch, sealed }: Envelope): string | undefined {
  if (!equalBytes(groupId, state.groupId)) return "unknown_group"
  if (state.isEnded) return "not_a_member"
  if (kind === "welcome") return "already_a_member"
  if (epoch < state.root.epoch) return "epoch_too_old"
  if (kind !== "commit") return undefined
  const commit = messagesIn(sealed)?.at(-1)
  if (commit === undefined) return "malformed"
  return isKnown(state, state.suite.hash(commit)) ? "commit_known" : undefined
}

/** True for a commit that was followed, even where there was no room for its epoch. */
function isKnown({ root }: ServerlessState, commitHash: Uint8Array): boolean {
  return [...root.all()].some(({ origin, forgotten }) =>
    [...(origin ? [origin] : []), ...forgotten].some((known) => equalBytes(known.commitHash, commitHash)),
  )
}

/** An epoch that we are in. */
interface OwnEpoch {
  readonly epoch: KeptEpoch
  readonly state: MemberState
}

function openIn(intake: Intake, own: OwnEpoch, envelope: Envelope): KeptEpoch | undefined | "of_another_branch" {
  if (envelope.kind === "commit") return openCommit(intake, own, envelope)
  return envelope.kind === "proposal" ? openProposal(intake, own, envelope) : openText(intake, own, envelope)
}

function openProposal(
  { state, nowMs, draft }: Intake,
  own: OwnEpoch,
  { sealed }: Envelope,
): undefined | "of_another_branch" {
  const reason = takeLeaveRequest(own.state, sealed, { nowMs, isCommitted: false })
  if (reason === "decrypt_failed") return "of_another_branch"
  if (reason === undefined || reason === "proposal_known" || reason === "key_consumed") return undefined
  draft.drop(reason, "STREAM_POLICY_VIOLATION")
  if (reason === "own_message_ahead") end(state, reason, draft)
  return undefined
}

function openCommit(intake: Intake, own: OwnEpoch, envelope: Envelope): KeptEpoch | undefined | "of_another_branch" {
  const { state, nowMs, draft } = intake
  const { group } = own.state
  const commit = takeProposals(own.state, envelope.sealed, nowMs)
  if (commit === undefined) return draft.drop("malformed", "DECRYPT_FAILED")
  const commitHash = state.suite.hash(commit)
  const received = group.receive(commit, nowMs, { only: "commit" })
  switch (received.kind) {
    case "own_commit":
      // It came round before its carrier told us that it took it.
      return growPending(state, nowMs, draft)
    case "commit": {
      const objection = objectionToCommit(state, own, envelope, received)
      group.clear(received.staged)
      if (objection !== undefined) return draft.drop(objection, "COMMIT_INVALID")
      const { selfRemovals } = received
      const growth = { parent: own.epoch, commitHash, selfRemovals, nowMs }
      return grow(
        state,
        { ...growth, stage: (copy) => stagedIn(copy.receive(commit, nowMs, { only: "commit" })) },
        draft,
      )
    }
    case "application":
    case "proposal":
      throw new Error("unreachable: only commits are opened")
    case "rejected":
      if (received.reason === "decrypt_failed") return "of_another_branch"
      draft.drop(received.reason, commitError(received.reason))
      if (received.reason === "own_message_ahead") end(state, "own_message_ahead", draft)
      // Whoever knows the keys can label a message as ours; only one that we made has its hash.
      else if (state.ownCommits.has(commitHash)) end(state, "abandoned_commit", draft)
      return undefined
  }
}

type ReceivedCommit = Extract<ReturnType<MemberState["group"]["receive"]>, { kind: "commit" }>

function objectionToCommit(
  state: ServerlessState,
  own: OwnEpoch,
  envelope: Envelope,
  { authenticatedData, staged, selfRemovals }: ReceivedCommit,
): string | undefined {
  if (!equalBytes(authenticatedData, envelopeHeader(envelope))) return "header_mismatch"
  const objection = checkCommit(own.state, staged, selfRemovals)
  if (objection !== undefined) return objection
  return hasTooMany(state, own.epoch, identityAt(own.state, staged.committer)) ? "too_many_commits" : undefined
}

function stagedIn(received: ReturnType<MemberState["group"]["receive"]>): ReceivedCommit["staged"] {
  if (received.kind !== "commit") throw new Error("unreachable: a copy reads what the group could read")
  return received.staged
}

function openText(intake: Intake, own: OwnEpoch, envelope: Envelope): undefined | "of_another_branch" {
  const { state, nowMs, draft, texts } = intake
  own.state.keys.nowMs = nowMs
  const scratch = new Draft()
  receiveApplication(own.state, envelope, scratch)
  for (const event of scratch.finish(undefined).events) {
    if (event.kind === "dropped" && event.reason === "decrypt_failed") return "of_another_branch"
    if (event.kind !== "text") {
      draft.tell(event)
      continue
    }
    own.epoch.hear(event.sender)
    texts.push({ in: own.epoch, text: event })
  }
  if (!own.state.isActive) {
    state.isEnded = true
    state.pendingAt = undefined
  }
  return undefined
}

function end(state: ServerlessState, reason: MustRejoinReason, draft: ServerlessDraft): void {
  failAll(state, "must_rejoin", draft)
  state.isEnded = true
  draft.tell({ kind: "must_rejoin", epoch: state.path.at(-1)!.epoch, reason })
}
