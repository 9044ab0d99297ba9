import { isMemberOfMissingSuite } from "@qpc/group"
import { equalBytes } from "@qpc/wire"
import type { GroupId, MessageId } from "@qpc/wire"
import type { Context } from "./context.ts"
import type { NoticeReason } from "./model.ts"
import type { RejoinCause, RejoinRecord } from "./rejoin-record.ts"
import { Transaction } from "./transaction.ts"

/** Others may have committed at the same time: so long, or less, until we ask again. */
const AGAIN_MS = 4000
/** A commit of ours that the inbox has not brought by then is looked for in the log. */
export const ECHO_MS = 60_000

/** Why the way back into a group stopped that the server does not have us in. */
export const NOT_A_MEMBER = "not_a_member"

/** Writes down how far the way back is. */
export function putRejoin(context: Context, tx: Transaction, groupId: GroupId, record: RejoinRecord): void {
  tx.change(context.profile.putRejoin(groupId, record))
  tx.afterwards(() => context.rejoining.set(groupId, record))
}

/** The group is there again, whichever way, or over for us. */
export function forgetRejoin({ rejoining, profile }: Context, tx: Transaction, groupId: GroupId): void {
  if (rejoining.find(groupId) === undefined) return
  tx.change(profile.forgetRejoin(groupId))
  tx.afterwards(() => rejoining.forget(groupId))
}

/** Nothing more is tried until a person wants it. */
export function stopRejoin(context: Context, tx: Transaction, groupId: GroupId, reason: string): void {
  const known = context.rejoining.find(groupId) ?? newRecord(context, "must_rejoin")
  putRejoin(context, tx, groupId, { ...known, stage: { at: "stopped", reason } })
  tx.notice({ seq: 0n, sizeBytes: 0, groupId, reason: "rejoin_given_up" satisfies NoticeReason })
}

function newRecord({ clock }: Context, cause: RejoinCause, isInsisted: boolean = false): RejoinRecord {
  const nowMs = clock.unixMs()
  return { cause, isInsisted, sinceMs: nowMs, attempt: 0, stage: { at: "due" }, nextAtMs: nowMs }
}

/**
 * The server has commits for us that do not lead us on: from now on the group counts as lost, and nothing is tried until a person wants it.
 * A commit that the rules of the group forbid looks like that to all members: were they let in behind it without being asked, its author
 * would have got what the rules deny.
 */
export function loseGroup(context: Context, groupId: GroupId): Promise<void> {
  return context.turn.takeAlways(() =>
    Transaction.run(context, "up", async (tx) => {
      if (context.rejoining.find(groupId) !== undefined) return
      putRejoin(context, tx, groupId, {
        ...newRecord(context, "not_followed"),
        stage: { at: "stopped", reason: "not_followed" },
      })
      tx.notice({ seq: 0n, sizeBytes: 0, groupId, reason: "not_followed" satisfies NoticeReason })
    }),
  )
}

/** From now on the group counts as lost, unless it does already. */
export function lose(context: Context, tx: Transaction, groupId: GroupId, cause: RejoinCause): void {
  if (context.rejoining.find(groupId) === undefined) putRejoin(context, tx, groupId, newRecord(context, cause))
}

/** Why a way back stopped that leads on only if a person insists: they know something that this device cannot check. */
const INSISTED_ON: ReadonlySet<string> = new Set(["replaced_by_copy", "not_followed", "group_damaged"])

/** How a person wants what was given up to be tried again. */
export interface Retry {
  /**
   * Also against a copy of this device, behind what it refused, and whatever roles others have there: where that is the question. What
   * nobody was asked, nobody has answered.
   */
  readonly isForced: boolean
  /** In this group alone; whoever names it has answered for it. Default: in all. */
  readonly groupId?: GroupId
}

/** A person wants what was given up to be tried again. */
export function retryRejoins(context: Context, { isForced, groupId: named }: Retry): Promise<void> {
  return context.turn.takeAlways(() =>
    Transaction.run(context, "up", async (tx) => {
      for (const { groupId, record } of context.rejoining.all()) {
        const { stage, cause } = record
        if (named !== undefined && !equalBytes(groupId, named)) continue
        const isInsisted = isForced && (named !== undefined || isQuestion(context, groupId, record))
        // Of a commit that is under way, the server decides.
        if (stage.at === "committed" || (stage.at !== "stopped" && !isInsisted)) continue
        if (stage.at === "stopped" && isForPerson(record, stage.reason) && !isInsisted) continue
        putRejoin(context, tx, groupId, newRecord(context, cause, isInsisted))
      }
    }),
  )
}

/** True if a person was told that it is theirs to decide about this group, or has decided it before. */
function isQuestion({ rejoining }: Context, groupId: GroupId, record: RejoinRecord): boolean {
  const { stage } = record
  if (stage.at !== "stopped") return rejoining.heard(groupId).length > 0
  return stage.reason === "roles_changed" || isForPerson(record, stage.reason)
}

/** True if nothing is tried again but by somebody who insists, or insists again. Of deleted keys, nothing is left to insist on. */
function isForPerson({ cause, isInsisted }: RejoinRecord, reason: string): boolean {
  return INSISTED_ON.has(reason) || cause === "not_followed" || (isInsisted && cause !== "group_damaged")
}

/**
 * Asks again soon, and not at the same moment as whoever lost with us.
 *
 * @param wasOvertaken - True if another commit was first: somebody has answered, so that request was none in vain. Members bound how many they
 *   answer in an hour.
 */
export function askAgain(
  context: Context,
  tx: Transaction,
  {
    groupId,
    record,
    wasOvertaken,
  }: { readonly groupId: GroupId; readonly record: RejoinRecord; readonly wasOvertaken: boolean },
): void {
  const [byte = 0] = context.random(1)
  const nextAtMs = context.clock.unixMs() + Math.ceil((AGAIN_MS * (byte + 1)) / 256)
  const attempt = wasOvertaken ? Math.max(0, record.attempt - 1) : record.attempt
  putRejoin(context, tx, groupId, { ...record, attempt, stage: { at: "due" }, nextAtMs })
}

/** True if a message of the outbox is part of the way back into its group. */
export function isRejoin({ rejoining }: Context, groupId: GroupId, messageId: MessageId): boolean {
  const { stage } = rejoining.find(groupId) ?? {}
  return (stage?.at === "asked" || stage?.at === "committed") && equalBytes(stage.messageId, messageId)
}

/** True while our commit is on its way: the member that we were follows nothing then, or it would end by that commit. */
export function isEntering({ rejoining }: Context, groupId: GroupId): boolean {
  return rejoining.find(groupId)?.stage.at === "committed"
}

/**
 * True while our commit is on its way that a program with another cipher suite made: who we are once it is taken, this program cannot wake.
 * All that comes of the group waits for one that can.
 */
export function entersForLater({ rejoining, suites }: Context, groupId: GroupId): boolean {
  const { stage } = rejoining.find(groupId) ?? {}
  return stage?.at === "committed" && isMemberOfMissingSuite(suites, stage.member)
}

/** Takes what is part of the way back out of the outbox, if it still waits there: nothing can come of it any more. */
export async function withdrawRejoin(context: Context, tx: Transaction, groupId: GroupId): Promise<void> {
  const { stage } = context.rejoining.find(groupId) ?? {}
  if (stage?.at !== "asked" && stage?.at !== "committed") return
  const position = await positionOf(context, groupId, stage.messageId)
  if (position !== undefined) tx.dequeue(groupId, position)
}

/** Where a message waits in the outbox; `undefined` if it does not. */
export async function positionOf(
  { outbox, profile }: Context,
  groupId: GroupId,
  messageId: MessageId,
): Promise<number | undefined> {
  for (const position of outbox.rows(groupId)) {
    const row = await profile.outboxRow(position)
    if (row !== undefined && equalBytes(row.outgoing.messageId, messageId)) return position
  }
  return undefined
}

/** The server did not take our request, or our commit. @param code - why it never will; absent if another commit was first */
export function rejoinRefused(context: Context, tx: Transaction, groupId: GroupId, code: string | undefined): void {
  const record = context.rejoining.find(groupId)
  if (record === undefined) return
  const wasOvertaken = code === undefined
  if (wasOvertaken || record.stage.at === "committed") askAgain(context, tx, { groupId, record, wasOvertaken })
  else stopRejoin(context, tx, groupId, code)
}
