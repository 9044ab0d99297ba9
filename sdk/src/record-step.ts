import { equalBytes } from "@qpc/wire"
import type { GroupId, IdentityKey, MessageId } from "@qpc/wire"
import type {
  DevicesMissed,
  GroupEvent,
  GroupSettings,
  Member,
  MissedChanges,
  SettingsDifference,
  Step,
} from "@qpc/group"
import { INVITE_AGAIN, REJOIN } from "./ask-member.ts"
import { CHANGE_FAILURES, isChangeFailure } from "./change-failure.ts"
import type { Context } from "./context.ts"
import { recordGaps } from "./text-gaps.ts"
import { tellGivenUp } from "./full-inboxes.ts"
import { noteAnomaly } from "./log-anomaly.ts"
import { closeGap } from "./missing-history.ts"
import { forgetRejoin, isRejoin, stopRejoin } from "./rejoin-state.ts"
import type { Failure, NoticeReason } from "./model.ts"
import { recordOwnText, recordText } from "./record-text.ts"
import { retimeQueued } from "./queued-texts.ts"
import { roleName } from "./role.ts"
import type { Transaction } from "./transaction.ts"

/** Where a step came from. */
export interface StepOrigin {
  /** Inbox sequence number of the envelope; 0 for what did not come through the inbox. */
  readonly seq: bigint
  /** Length of the envelope. */
  readonly sizeBytes: number
  /** Our own text, where the step seals one: the member's events never repeat it. */
  readonly text?: string
}

/** A step of our own making. */
export const OWN_STEP: StepOrigin = { seq: 0n, sizeBytes: 0 }

/** Writes down all that a member's step means: its state, the outbox, the history, and what people are told. */
export async function recordStep(
  context: Context,
  tx: Transaction,
  member: Member,
  step: Step,
  origin: StepOrigin,
): Promise<void> {
  tx.touch(member)
  for (const event of step.events) {
    await recordEvent(context, tx, member, event, origin)
    if (event.kind !== "text_sealed" || hasReaders(step, event.messageId)) continue
    tx.sent(member.groupId, event.messageId, "accepted")
  }
  await recordGaps(context, tx, member.groupId, step.events)
  for (const outgoing of step.outgoing)
    tx.enqueue(outgoing, isText(step, outgoing.messageId) ? outgoing.messageId : undefined)
  await retimeQueued(context, tx, member.groupId, step.events)
  tx.afterwards(() => context.wakes.schedule(member.groupId, step.wakeAtMs))
}

const isText = (step: Step, id: MessageId): boolean =>
  step.events.some((event) => event.kind === "text_sealed" && equalBytes(event.messageId, id))

/** A text in a group of one has nobody to reach, so it is where it should be. */
const hasReaders = (step: Step, id: MessageId): boolean =>
  step.outgoing.some((outgoing) => equalBytes(outgoing.messageId, id))

/** Writes down one event. */
export async function recordEvent(
  context: Context,
  tx: Transaction,
  member: Member,
  event: GroupEvent,
  origin: StepOrigin,
): Promise<void> {
  const { groupId } = member
  switch (event.kind) {
    case "text":
    case "text_queued":
    case "text_sealed":
    case "text_failed":
      return recordTextEvent(context, tx, member, event, origin)
    case "joined":
      return tx.event({ kind: "joined", groupId, name: member.name })
    case "members_changed":
      return tx.event({ kind: "members_changed", groupId, ...people(context, event), epoch: event.epoch })
    case "devices_changed":
      return tx.event({ kind: "devices_changed", groupId, ...devicesChange(context, event), epoch: event.epoch })
    case "counting_stopped":
    case "ghost_device":
    case "member_rejoined":
      return tx.notice({ ...NO_ENVELOPE, groupId, person: event.by, reason: event.kind satisfies NoticeReason })
    case "settings_changed":
      return tx.event({ kind: "settings_changed", groupId, ...settingsChange(context, event) })
    case "suite_changed":
      return recordSuite(context, tx, groupId, event)
    case "removed_from_group":
      return recordRemoval(context, tx, { groupId, because: "removed", failure: NOT_A_MEMBER })
    case "left_group":
      return recordRemoval(context, tx, { groupId, because: "left", failure: LEFT })
    case "leave_delayed":
      return tx.notice({ ...NO_ENVELOPE, groupId, reason: event.kind satisfies NoticeReason })
    case "rejoined":
      return recordRejoined(context, tx, member, event)
    case "must_rejoin":
      return recordMustRejoin(context, tx, groupId, event.reason)
    case "intent_queued":
    case "intent_done":
    case "intent_failed":
      return recordIntent(tx, groupId, event)
    case "dropped":
      return tx.notice({ seq: origin.seq, sizeBytes: origin.sizeBytes, groupId, reason: event.reason })
    case "log_anomaly":
      return noteAnomaly(context, tx, groupId, event)
    case "server_equivocated":
      tx.notice({ ...NO_ENVELOPE, groupId, reason: "server_equivocated" satisfies NoticeReason })
      return tx.event({ kind: "server_equivocated", groupId, epoch: event.epoch })
    case "epoch_changed":
      forgetRejoin(context, tx, groupId)
      return closeGap(context, tx, groupId)
    case "gap_found": // Those of a step are written down together.
    case "gap_closed":
    case "intent_rebased":
    case "refused": // Answered by whoever asked; a refusal changes nothing.
      return
  }
}

const MUST_REJOIN: Failure = { code: "must_rejoin", nextStep: REJOIN }
const INVITED_ANEW: Failure = {
  code: "must_rejoin",
  nextStep: "You came into the group anew: look at it, and do it again if it is still wanted.",
}
const NOT_A_MEMBER: Failure = { code: "not_a_member", nextStep: INVITE_AGAIN }
const LEFT: Failure = { code: "left_group", nextStep: INVITE_AGAIN }
const NO_ENVELOPE = { seq: 0n, sizeBytes: 0 }

async function recordTextEvent(
  context: Context,
  tx: Transaction,
  member: Member,
  event: GroupEvent & { readonly kind: "text" | "text_queued" | "text_sealed" | "text_failed" },
  { text = "" }: StepOrigin,
): Promise<void> {
  switch (event.kind) {
    case "text":
      return recordText(context, tx, member, event)
    case "text_queued":
      return recordOwnText(context, tx, member, event, text)
    case "text_sealed":
      return event.wasQueued ? undefined : recordOwnText(context, tx, member, event, text)
    case "text_failed":
      return tx.sent(member.groupId, event.messageId, "failed", textFailure(event.reason))
  }
}

/** How far a change has come that we asked for. */
function recordIntent(
  tx: Transaction,
  groupId: GroupId,
  event: GroupEvent & { readonly kind: "intent_queued" | "intent_done" | "intent_failed" },
): void {
  switch (event.kind) {
    case "intent_queued":
      return tx.sent(groupId, event.intentId, "stored")
    case "intent_done":
      return tx.sent(groupId, event.intentId, "accepted")
    case "intent_failed":
      tx.notice({ ...NO_ENVELOPE, groupId, reason: "intent_failed" })
      return tx.sent(groupId, event.intentId, "failed", intentFailure(event.reason))
  }
}

function people(context: Context, event: GroupEvent & { readonly kind: "members_changed" }) {
  const person = (key: IdentityKey) => context.contacts.person(key)
  const [added, removed, left] = [event.added, event.removed, event.left].map((keys) => keys.map(person))
  return { by: person(event.by), added: added!, removed: removed!, left: left! }
}

function devicesChange(context: Context, { by, added, removed }: DevicesMissed) {
  return { by: context.contacts.person(by), addedCount: added.length, removedCount: removed.length }
}

function settingsChange(context: Context, event: GroupEvent & { readonly kind: "settings_changed" }) {
  const { epoch, by } = event
  return { epoch, by: context.contacts.person(by), ...settingsNow(context, event) }
}

function settingsNow(
  { contacts }: Context,
  { changed, settings, assigned }: SettingsDifference & { readonly settings: GroupSettings },
) {
  const { name, disappearAfterSeconds, isClosed } = settings
  const withRoles = assigned.map(({ identityKey, role }) => {
    return { person: contacts.person(identityKey), role: roleName(role) }
  })
  return { changed, name, disappearAfterSeconds, isClosed, assigned: withRoles }
}

/** RFC 9420 §16.8: a key package that was used once is never used again, but for one that others may have got as well. */
function recordSuite(
  { profile, contacts }: Context,
  tx: Transaction,
  groupId: GroupId,
  { epoch, by, suiteId, used }: GroupEvent & { readonly kind: "suite_changed" },
): void {
  if (used?.isLastResort === false) tx.change(profile.forgetKeyPackage(used.ref))
  tx.event({ kind: "suite_changed", groupId, epoch, by: contacts.person(by), suiteId })
}

function recordMustRejoin(
  context: Context,
  tx: Transaction,
  groupId: GroupId,
  reason: (GroupEvent & { readonly kind: "must_rejoin" })["reason"],
): Promise<void> {
  tx.notice({ ...NO_ENVELOPE, groupId, reason: reason satisfies NoticeReason })
  const isCopy = reason === "replaced_by_copy"
  if (isCopy) stopRejoin(context, tx, groupId, reason)
  // A way back that is under way leads there all the same.
  const isSpared = (id: MessageId): boolean => !isCopy && isRejoin(context, groupId, id)
  return recordRemoval(context, tx, { groupId, because: "must_rejoin", failure: MUST_REJOIN, isSpared })
}

function recordRejoined(
  context: Context,
  tx: Transaction,
  { groupId, name }: Member,
  event: GroupEvent & { readonly kind: "rejoined" },
): void {
  tx.notice({ ...NO_ENVELOPE, groupId, person: event.by, reason: "rejoined" satisfies NoticeReason })
  tx.event({ kind: "rejoined", groupId, name })
  recordMissed(context, tx, groupId, event)
}

/** Tells what became of a group while we could not follow it. @param by - Whose word it is */
export function recordMissed(
  context: Context,
  tx: Transaction,
  groupId: GroupId,
  missedChanges: MissedChanges & { readonly epoch: bigint; readonly by: IdentityKey },
): void {
  const { epoch, by, added, removed, devices, settings } = missedChanges
  const { contacts } = context
  const missed = { groupId, epoch, accordingTo: contacts.person(by) }
  const [come, gone] = [added, removed].map((keys) => keys.map((key) => contacts.person(key)))
  if (added.length + removed.length > 0) {
    tx.event({ kind: "members_changed", ...missed, added: come!, removed: gone!, left: [] })
  }
  if (settings !== undefined) tx.event({ kind: "settings_changed", ...missed, ...settingsNow(context, settings) })
  for (const person of devices) {
    tx.event({ kind: "devices_changed", ...missed, ...devicesChange(context, person) })
  }
}

/** We are in the group anew, and another member takes the place of this one: what that one had open ends, and is told. */
export async function recordReplaced(context: Context, tx: Transaction, earlier: Member): Promise<void> {
  const { groupId } = earlier
  // The state of the earlier member is not written any more: its records go with the new one's arrival.
  const { events } = earlier.giveUp()
  await recordGaps(context, tx, groupId, events)
  for (const event of events) {
    if (event.kind === "text_failed") tx.sent(groupId, event.messageId, "failed", INVITED_ANEW)
    if (event.kind !== "intent_failed") continue
    tx.notice({ ...NO_ENVELOPE, groupId, reason: "intent_failed" satisfies NoticeReason })
    tx.sent(groupId, event.intentId, "failed", INVITED_ANEW)
  }
  await failOutbox(context, tx, { groupId, failure: INVITED_ANEW })
}

/** What ends with our place in a group. */
interface Ending {
  readonly groupId: GroupId
  readonly failure: Failure
  /** Messages that go on all the same. Default: none. */
  readonly isSpared?: (messageId: MessageId) => boolean
}

async function recordRemoval(
  context: Context,
  tx: Transaction,
  ending: Ending & { readonly because: "removed" | "left" | "must_rejoin" },
): Promise<void> {
  const { groupId, because } = ending
  await failOutbox(context, tx, ending)
  tx.event({ kind: "removed", groupId, because })
}

/** What still waits for the network was sealed for a group that no longer listens to us. */
async function failOutbox(
  context: Context,
  tx: Transaction,
  { groupId, failure, isSpared = () => false }: Ending,
): Promise<void> {
  for (const position of context.outbox.rows(groupId)) {
    const row = await context.profile.outboxRow(position)
    if (row !== undefined && isSpared(row.outgoing.messageId)) continue
    tx.dequeue(groupId, position)
    if (row === undefined) continue
    const { outgoing, sentId, held } = row
    if (held !== undefined) tellGivenUp(context, tx, outgoing, held.missing)
    if (sentId !== undefined && held?.hasReached !== true) tx.sent(groupId, sentId, "failed", failure)
  }
}

function intentFailure(reason: (GroupEvent & { readonly kind: "intent_failed" })["reason"]): Failure {
  if (isChangeFailure(reason)) return { code: reason, nextStep: CHANGE_FAILURES[reason].nextStep }
  switch (reason) {
    case "too_many_conflicts":
      return { code: reason, nextStep: "Others keep changing the group; try again in a while." }
    case "winner_missing":
      return {
        code: reason,
        nextStep: "Try again later; if it stays so, the server does not do its work: tell its operator.",
      }
    case "refused_by_service":
      return {
        code: reason,
        nextStep: "Look at the members, then try again; if it stays so, tell the server's operator.",
      }
    case "removed_from_group":
    case "left_group":
      return { code: reason, nextStep: INVITE_AGAIN }
    case "must_rejoin":
      return MUST_REJOIN
  }
}

/** Why a text that waited for a commit will not be sent. */
function textFailure(reason: (GroupEvent & { readonly kind: "text_failed" })["reason"]): Failure {
  if (isChangeFailure(reason)) return { code: reason, nextStep: CHANGE_FAILURES[reason].nextStep }
  if (reason === "must_rejoin") return MUST_REJOIN
  if (reason === "removed_from_group" || reason === "left_group") return { ...LEFT, code: reason }
  return { code: reason, nextStep: "Send it again." }
}
