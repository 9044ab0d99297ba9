import { confirmRejoin, enterAgain, GroupStateError } from "@qpc/group"
import type { ConfirmedRejoin, Envelope, Head, Member, RejoinWitness } from "@qpc/group"
import { equalBytes } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import type { Context } from "./context.ts"
import { bridgeGap, leaveGapBehind } from "./missing-history.ts"
import type { NoticeReason } from "./model.ts"
import { OWN_STEP, recordEvent, recordReplaced, recordStep } from "./record-step.ts"
import type { StepOrigin } from "./record-step.ts"
import { askAgain, ECHO_MS, putRejoin, withdrawRejoin } from "./rejoin-state.ts"
import type { Transaction } from "./transaction.ts"

/** Where an envelope came from. */
type Origin = Pick<StepOrigin, "seq" | "sizeBytes">

/** What becomes of an envelope that is part of the way back into its group, or comes in between. */
export type RejoinStep =
  /** It is not: it goes its usual way. */
  | "unrelated"
  /** It can be opened once we are in. */
  | "keep"
  | "taken"
  | "joined"

/** Takes what belongs to the way back into a group: an answer, our commit, or another in its place. */
export async function takeRejoin(
  context: Context,
  tx: Transaction,
  envelope: Envelope,
  bytes: Uint8Array,
  origin: Origin,
): Promise<RejoinStep> {
  const { kind, epoch, groupId } = envelope
  const { stage } = context.rejoining.find(groupId) ?? {}
  const member = context.groups.find(groupId)
  if (kind === "rejoin_answer") {
    if (stage?.at === "asked") await takeAnswer(context, tx, groupId, bytes, origin)
    return "taken"
  }
  // Whoever is lost, or not in the group, helps nobody else in.
  if (kind === "rejoin_request" && (stage !== undefined || member?.isActive !== true)) return "taken"
  if (stage?.at !== "committed") return "unrelated"
  if (kind === "welcome") {
    if (epoch > stage.epoch) return "unrelated"
    // Whoever answered has us in as late an epoch. Into it by the Welcome, we would take our own commit for that of a copy.
    tx.notice({ ...origin, groupId, reason: "welcome_for_known_group" satisfies NoticeReason })
    return "taken"
  }
  if (kind === "commit" && epoch === stage.epoch) return takeEcho(context, tx, groupId, bytes, origin)
  if (epoch > stage.epoch) return "keep"
  // The member that we were would go on by it, and end by our own commit. Should the way back fail, the log has it.
  return kind === "commit" ? "taken" : "unrelated"
}

async function takeAnswer(
  context: Context,
  tx: Transaction,
  groupId: GroupId,
  envelope: Uint8Array,
  origin: Origin,
): Promise<void> {
  const { rejoining, groups, suite, self, clock } = context
  const record = rejoining.find(groupId)
  if (record?.stage.at !== "asked") throw new Error("unreachable: only whoever asked takes an answer")
  const earlier = groups.find(groupId)
  const nowMs = clock.unixMs()
  const confirmation = { heard: rejoining.heard(groupId), isInsisted: record.isInsisted }
  const about = { suite, groupId, self: self.identityKey, asked: record.stage, envelope, earlier, nowMs }
  const entered = enterAgain({ ...groups.surroundings(self.keys), ...about, ...confirmation })
  if (entered.kind === "unconfirmed") return noteWitness(context, tx, groupId, entered.witness)
  if (entered.kind === "rejected") {
    tx.notice({ ...origin, groupId, reason: "rejoin_answer_refused" satisfies NoticeReason })
    return noteHead(context, tx, earlier, entered.head)
  }
  const { member, outgoing, epoch, by } = entered
  const stage = { at: "committed", messageId: outgoing.messageId, epoch, by, member } as const
  putRejoin(context, tx, groupId, { ...record, stage, nextAtMs: nowMs + ECHO_MS })
  tx.enqueue(outgoing, undefined)
}

/** What the delivery service signed and should not have: only the member that we were can hold it against what else it signed. */
async function noteHead(
  context: Context,
  tx: Transaction,
  earlier: Member | undefined,
  head: Head | undefined,
): Promise<void> {
  if (earlier === undefined || head === undefined) return
  await recordStep(context, tx, earlier, earlier.noteHead(head, 0n), OWN_STEP)
}

/** Others have other roles by now, says one member: another may say so too, or a person decides. */
function noteWitness({ rejoining, groups }: Context, tx: Transaction, groupId: GroupId, witness: RejoinWitness): void {
  const isKnown = groups
    .find(groupId)
    ?.members()
    .some(({ identityKey }) => equalBytes(identityKey, witness.by))
  if (isKnown !== true) return
  tx.afterwards(() => rejoining.hear(groupId, witness))
  if (rejoining.heard(groupId).length > 0) return
  tx.notice({ seq: 0n, sizeBytes: 0, groupId, person: witness.by, reason: "rejoin_unconfirmed" satisfies NoticeReason })
}

/** The commit that the server took out of the epoch which ours leaves: ours, or another. */
export async function takeEcho(
  context: Context,
  tx: Transaction,
  groupId: GroupId,
  envelope: Uint8Array,
  origin: Origin,
): Promise<RejoinStep> {
  const { rejoining, groups, suite, self } = context
  const record = rejoining.find(groupId)
  if (record?.stage.at !== "committed") throw new Error("unreachable: only whoever committed takes an echo")
  const earlier = groups.find(groupId)
  const { member: stored, by } = record.stage
  const about = { ...groups.surroundings(self.keys), suite, member: stored, envelope, by, earlier }
  const confirmed = unlessUnreadable(() => confirmRejoin(about))
  if (confirmed?.kind !== "joined") {
    if (confirmed?.kind === "rejected") {
      tx.notice({ ...origin, groupId, reason: confirmed.reason })
      await noteHead(context, tx, earlier, confirmed.head)
    }
    await withdrawRejoin(context, tx, groupId)
    askAgain(context, tx, { groupId, record, wasOvertaken: confirmed?.kind === "overtaken" })
    return "taken"
  }
  const { member, events } = confirmed
  tx.touch(member)
  tx.afterwards(() => groups.adopt(member))
  const gap = await bridgeGap(context, { groupId, sinceMs: record.sinceMs, earlier })
  if (earlier?.isActive === true) await recordReplaced(context, tx, earlier)
  for (const event of events) await recordEvent(context, tx, member, event, origin)
  leaveGapBehind(context, tx, groupId, { ...gap, toEpoch: member.epoch })
  tx.afterwards(() => context.wakes.schedule(groupId, context.clock.unixMs()))
  return "joined"
}

/**
 * `undefined` where who we are by our commit cannot be read, because it was damaged on the disk, or a newer program wrote it: that group costs us
 * another commit, and no other group anything.
 */
function unlessUnreadable(confirm: () => ConfirmedRejoin): ConfirmedRejoin | undefined {
  try {
    return confirm()
  } catch (error) {
    if (error instanceof GroupStateError) return undefined
    throw error
  }
}
