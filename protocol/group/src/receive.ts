import { envelopeHeader, receiveEnvelope } from "@qpc/envelope"
import type { Envelope } from "@qpc/envelope"
import { dropError } from "@qpc/gbp"
import type { ErrorName, ReceivedPayload } from "@qpc/gbp"
import { splitMlsMessages } from "@qpc/mls"
import type { Received, RejectReason, StagedCommit } from "@qpc/mls"
import { DecodeError, equalBytes } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import { checkCommit, findDevices } from "./check-commit.ts"
import type { CommitObjection } from "./check-commit.ts"
import { checkText } from "./check-settings.ts"
import type { Draft } from "./draft.ts"
import { checkHead, followHead, frameContext, observeLabel } from "./follow-log.ts"
import { changesSuite, openSuccessor, takeWelcome } from "./follow-suite.ts"
import type { SuccessionObjection, Successor } from "./follow-suite.ts"
import { keepText, noteText } from "./gaps/note-text.ts"
import { receiveControl } from "./gaps/receive-control.ts"
import type { MustRejoinReason } from "./event.ts"
import { endMembership } from "./end-membership.ts"
import type { KeyPackageBundle } from "./key-packages.ts"
import { takeLeaveRequest } from "./leave-requests.ts"
import type { MemberState } from "./member-state.ts"
import { mergeOthers, mergeOwn } from "./merge.ts"
import { receiveRejoinRequest } from "./rejoin/answer-rejoin.ts"
import { receiveRejoin } from "./rejoin/receive-rejoin.ts"
import { readSealedCommit } from "./rejoin/sealed-commit.ts"
import { knownDevice } from "./roster.ts"
import type { Device } from "./roster.ts"

/** What an envelope may need from the store. */
export interface ReceiveOptions {
  /** Our unused key packages, for an envelope that `changesSuite`. Borrowed. */
  readonly keyPackages?: readonly KeyPackageBundle[] | undefined
}

/**
 * The way up: envelope → GBP frame → MLS PrivateMessage → GBP content → GTP message → text; or envelope → MLS commit → new
 * epoch, and then whatever waited for it. Total: whatever bytes arrive, it returns.
 */
export function receiveBytes(
  state: MemberState,
  bytes: Uint8Array,
  { nowMs, ...options }: ReceiveOptions & { readonly nowMs: number },
  draft: Draft,
): void {
  state.keys.nowMs = nowMs
  const waiting = [bytes]
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    receiveOne(state, next, { nowMs, ...options }, draft)
    // Each parked envelope leaves its place once, so this ends.
    waiting.push(...state.parked.takeUpTo(state.keys.epoch))
  }
}

function receiveOne(
  state: MemberState,
  bytes: Uint8Array,
  options: ReceiveOptions & { readonly nowMs: number },
  draft: Draft,
): void {
  const { nowMs } = options
  const received = receiveEnvelope(bytes, { sizeBytes: state.limits.envelopeBytes })
  if (received.kind === "drop") return draft.drop(received.reason, "UNSUPPORTED_VERSION")
  const { envelope } = received
  const { kind, epoch, sealed } = envelope
  const id = `${kind}, epoch ${epoch}`
  state.onLayer?.({ layer: "envelope", direction: "up", bytesIn: bytes.length, bytesOut: sealed.length, id })

  if (!equalBytes(envelope.groupId, state.groupId)) return draft.drop("unknown_group", "UNKNOWN_GROUP")
  if (!state.isActive) return draft.drop("not_a_member", "UNKNOWN_GROUP")
  if (kind === "welcome") return draft.drop("already_a_member", "EPOCH_MISMATCH")
  if (kind === "rejoin_request") return receiveRejoinRequest(state, envelope, nowMs, draft)
  // Several may have answered, and we are in by one of them.
  if (kind === "rejoin_answer") return
  if (kind === "commit" && epoch === state.keys.epoch) return receiveCommit(state, envelope, options, draft)
  if (kind === "commit" && epoch < state.keys.epoch) return draft.drop("epoch_too_old", "EPOCH_MISMATCH")
  // Before it opens: what it names may prove why it does not.
  const verdict = observeLabel(state, envelope, draft)
  if (epoch > state.keys.epoch) return park(state, bytes, epoch, nowMs, draft)
  if (kind === "proposal") return receiveProposal(state, envelope, nowMs, draft)
  const by = receiveApplication(state, envelope, draft, { bytes, nowMs })
  if (verdict === "unsigned") tellOfUnsigned(state, epoch, by, draft)
}

function park(state: MemberState, bytes: Uint8Array, epoch: bigint, nowMs: number, draft: Draft): void {
  // When its time comes nobody would bring our key packages; from the delivery service it can be had with them.
  if (changesSuite(bytes) || !state.parked.add(bytes, epoch, nowMs)) draft.drop("epoch_in_future", "EPOCH_MISMATCH")
}

function receiveCommit(
  state: MemberState,
  envelope: Envelope,
  { nowMs, keyPackages }: ReceiveOptions & { readonly nowMs: number },
  draft: Draft,
): void {
  const { group } = state
  const contradiction = checkHead(state, envelope, draft)
  if (contradiction !== undefined) return draft.drop(contradiction, "COMMIT_INVALID")
  const sealed = readSealedCommit(state.suite, envelope.sealed)
  if (sealed !== undefined) return receiveRejoin(state, { envelope, sealed }, nowMs, draft)
  const { rest, welcome } = takeWelcome(envelope.sealed)
  const commit = takeProposals(state, rest, nowMs)
  if (commit === undefined) return draft.drop("malformed", "DECRYPT_FAILED")
  const received = group.receive(commit, nowMs, { only: "commit" })
  switch (received.kind) {
    case "own_commit":
      followHead(state, envelope, { staged: received.staged, next: state.replaced.next }, draft)
      return mergeOwn(state, received.staged, nowMs, draft)
    case "commit": {
      const { staged, selfRemovals } = received
      const judged = judge(state, envelope, received, { welcome, keyPackages })
      if (typeof judged !== "string") {
        followHead(state, envelope, { staged, next: judged.successor?.next }, draft)
        return mergeOthers(state, { staged, selfRemovals, ...judged }, nowMs, draft)
      }
      if (judged === "ghost_device") tellOfGhost(state, staged, selfRemovals, draft)
      group.clear(staged)
      draft.drop(judged, "COMMIT_INVALID")
      return
    }
    case "application":
    case "proposal":
      throw new Error("unreachable: only commits are opened")
    case "rejected":
      draft.drop(received.reason, commitError(received.reason))
      if (received.reason === "own_message_ahead") mustRejoin(state, "own_message_ahead", draft)
      // Whoever knows the keys can label a message as ours; only one that we made has its hash.
      else if (state.ownCommits.has(state.suite.hash(commit))) mustRejoin(state, "abandoned_commit", draft)
  }
}

/** Decides about a commit of somebody else: what it leads to beside a next epoch, or why it is not followed. */
function judge(
  state: MemberState,
  envelope: Envelope,
  { authenticatedData, staged, selfRemovals }: Extract<Received, { kind: "commit" }>,
  brought: Parameters<typeof openSuccessor>[2],
): { readonly successor?: Successor } | CommitObjection | SuccessionObjection | "header_mismatch" | "malformed" {
  if (!equalBytes(authenticatedData, envelopeHeader(envelope))) return "header_mismatch"
  const { reinit } = staged.report
  const asAnyCommit = { ...staged, report: { ...staged.report, reinit: undefined } }
  const objection = checkCommit(state, asAnyCommit, selfRemovals)
  if (objection !== undefined) return objection
  if (reinit === undefined) return brought.welcome === undefined ? {} : "malformed"
  const successor = openSuccessor(state, staged, brought)
  return typeof successor === "string" ? successor : { successor }
}

/**
 * A commit brings the proposals that it refers to (RFC 9420 §12.4), so that nobody is left behind who did not get one. What becomes of
 * each shows when the commit is opened.
 *
 * @returns the commit; `undefined` if there is none
 */
export function takeProposals(state: MemberState, sealed: Uint8Array, nowMs: number): Uint8Array | undefined {
  const messages = messagesIn(sealed)
  const commit = messages?.at(-1)
  if (messages === undefined || messages.length > state.limits.members) return undefined
  for (const message of messages.slice(0, -1)) takeLeaveRequest(state, message, { nowMs, isCommitted: true })
  return commit
}

/** The MLSMessages of a commit's envelope, the commit last; `undefined` if they are none. Views. */
export function messagesIn(sealed: Uint8Array): readonly Uint8Array[] | undefined {
  try {
    return splitMlsMessages(sealed)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

function receiveProposal(state: MemberState, { epoch, sealed }: Envelope, nowMs: number, draft: Draft): void {
  // Its epoch is over, and its sender asks again: nobody has missed anything.
  if (epoch < state.keys.epoch) return
  const reason = takeLeaveRequest(state, sealed, { nowMs, isCommitted: false })
  if (reason === undefined || reason === "proposal_known" || reason === "key_consumed") return
  draft.drop(reason, "STREAM_POLICY_VIOLATION")
  if (reason === "own_message_ahead") mustRejoin(state, reason, draft)
}

/** A message names a head that the delivery service, as we know it, did not sign. @param by - who wrote it, if it is authentic */
function tellOfUnsigned({ heads }: MemberState, epoch: bigint, by: IdentityKey | undefined, draft: Draft): void {
  if (by === undefined) return draft.tell({ kind: "log_anomaly", epoch, reason: "head_unsigned" })
  // Each of their messages shows it again.
  if (heads.noteOtherKey(by)) draft.tell({ kind: "log_anomaly", epoch, reason: "other_server_key", by })
}

function tellOfGhost(state: MemberState, staged: StagedCommit, selfRemovals: readonly number[], draft: Draft): void {
  const found = findDevices(state, staged, selfRemovals)
  if (found === undefined) throw new Error("unreachable: the commit was refused for a device")
  const by = knownDevice(state.group.member(staged.committer)).identityKey
  const { identityKey, added: devices } = found.change
  draft.tell({ kind: "ghost_device", epoch: state.keys.epoch, by, identityKey, devices })
}

function mustRejoin(state: MemberState, reason: MustRejoinReason, draft: Draft): void {
  endMembership(state, "must_rejoin", draft)
  draft.tell({ kind: "must_rejoin", epoch: state.keys.epoch, reason })
}

/** How an application message came, where texts are counted. */
interface Arrival {
  /** The whole envelope. */
  readonly bytes: Uint8Array
  readonly nowMs: number
  /** Present if another member sent it again: then it can only be a text. */
  readonly isRedelivered?: true
}

/**
 * Opens an application message and tells what is in it, or why nothing is.
 *
 * @param arrival - Absent where texts are not counted
 * @returns who wrote it, and its label, if a member did
 */
export function receiveApplication(
  state: MemberState,
  envelope: Envelope,
  draft: Draft,
  arrival?: Arrival,
): IdentityKey | undefined {
  const { epoch } = envelope
  const received = state.receiver.receive(envelope.sealed, { epoch, context: frameContext(envelope) })
  if (received.kind === "drop") {
    const { reason } = received
    draft.tell({ kind: "dropped", reason, code: dropError(reason).code })
    if (state.keys.isCopied) mustRejoin(state, "own_message_ahead", draft)
    return undefined
  }
  const { content, contentBytes, senderLeafIndex } = received
  const id = `${content.streamType} ${content.streamId}, sequence ${content.sequence}`
  const bytesOut = content.payload.length
  state.onLayer?.({ layer: "gbp", direction: "up", bytesIn: contentBytes, bytesOut, id })

  const author = deviceAt(state, senderLeafIndex, received.epoch)
  if (content.streamType === "text") receiveText(state, received, author, draft, arrival)
  else if (content.streamType === "control" && arrival !== undefined && arrival.isRedelivered !== true) {
    const { nowMs } = arrival
    const openText = (inner: Envelope, bytes: Uint8Array): void => openAgain(state, inner, { bytes, nowMs }, draft)
    receiveControl(state, received, { nowMs, device: author, openText }, draft)
  } else draft.drop("stream_not_spoken", "STREAM_POLICY_VIOLATION")
  return author.identityKey
}

/** A text that another member sent again: it goes the way of every other. */
function openAgain(state: MemberState, envelope: Envelope, arrival: Arrival, draft: Draft): void {
  observeLabel(state, envelope, draft)
  receiveApplication(state, envelope, draft, { ...arrival, isRedelivered: true })
}

function receiveText(
  state: MemberState,
  received: ReceivedPayload,
  author: Device,
  draft: Draft,
  arrival?: Arrival,
): void {
  const { content, epoch, senderLeafIndex } = received
  const { payload, payloadFormat, numbers } = content
  // Also of what is refused below: it came, and nobody can send it better.
  const isCounted = numbers !== undefined && arrival !== undefined
  const isLate = isCounted && noteText(state, author, numbers, arrival.nowMs, draft)
  const message = state.messages.receive({ senderId: senderLeafIndex, payloadFormat, payload })
  if (message.kind === "drop") return draft.tell({ kind: "dropped", reason: message.reason, code: message.code })
  if (message.kind === "binary") return draft.drop("content_type_not_spoken", "GTP_UNSUPPORTED_CONTENT_TYPE")

  const { messageId: mid, text } = message
  const [id, bytesOut] = [`${mid}`, text.length]
  state.onLayer?.({ layer: "gtp", direction: "up", bytesIn: payload.length, bytesOut, id })
  const { identityKey: sender, deviceKey: device } = author
  const settings = state.formerSettings.at(epoch) ?? state.profile.settings
  const objection = checkText(settings, sender)
  if (objection !== undefined) return draft.drop(objection, "STREAM_POLICY_VIOLATION")
  const sentAtMs = Math.min(Number(message.timestampMs), Number.MAX_SAFE_INTEGER)
  const disappearAfterSeconds = settings?.disappearAfterSeconds ?? 0
  if (isCounted) {
    keepText(state, { device, numbers, disappearAfterSeconds, envelope: arrival.bytes }, arrival.nowMs)
  }
  const late = isLate ? ({ isLate } as const) : undefined
  draft.tell({ kind: "text", sender, device, mid, text, sentAtMs, epoch, disappearAfterSeconds, ...late })
}

/** Whose leaf it was in an epoch. In each MLS group they are given out anew. */
function deviceAt({ departed, replaced, group }: MemberState, leafIndex: number, epoch: bigint): Device {
  const before = replaced.at(epoch)
  const left = departed.at(leafIndex, epoch, before?.lastEpoch)
  return left ?? knownDevice((before ?? group).member(leafIndex))
}

/** The registered error that a rejected commit counts as. */
export function commitError(reason: RejectReason): ErrorName {
  if (reason === "epoch_passed" || reason === "epoch_ahead") return "EPOCH_MISMATCH"
  if (reason === "key_consumed" || reason === "own_message") return "REPLAY_DETECTED"
  if (DECRYPTION.has(reason)) return "DECRYPT_FAILED"
  return reason === "unknown_group" ? "UNKNOWN_GROUP" : "COMMIT_INVALID"
}

/** Nothing of the message was authentic: it says nothing about the group. */
const DECRYPTION: ReadonlySet<RejectReason> = new Set<RejectReason>([
  "malformed",
  "decrypt_failed",
  "unknown_sender",
  "bad_membership_tag",
  "bad_signature",
  "generation_too_far",
])
