import type { MemberCondition } from "@qpc/group"
import type { GroupId } from "@qpc/wire"
import type { StoredDamage } from "../group-damage.ts"
import { NOT_A_MEMBER } from "../rejoin-state.ts"
import { finding } from "./finding.ts"
import type { Facts, Finding } from "./finding.ts"
import type { StuckState } from "./stuck-state.ts"
import type { GroupAnswer, GroupSnapshot, RejoinSnapshot } from "./snapshot.ts"

/** What the server says of a group: nothing because it was not asked, or nothing because it knows nothing. */
type Answer = GroupAnswer | "unknown" | "not_asked"

/**
 * Says what is with one group: at least one finding, `healthy` if there is no other.
 *
 * @param isSynchronised - True if everything that the server had was just taken in.
 */
export function diagnoseGroup(group: GroupSnapshot, answer: Answer, isSynchronised: boolean): readonly Finding[] {
  const { groupId, condition, isClosed } = group
  const one = (state: StuckState, facts: Facts = {}): Finding => finding(state, facts, groupId)
  if (group.rejoin !== undefined) return [diagnoseLost(groupId, group.rejoin)]
  if (condition.ending !== undefined) return [one(ENDINGS[condition.ending], { epoch: Number(group.epoch) })]
  const found = [
    ...fromServer(group, answer, isSynchronised),
    ...fromPending(group, answer),
    ...fromWaiting(condition),
    ...fromOutbox(group),
    ...(isClosed ? [{ state: "closed" as const, facts: {} }] : []),
  ]
  return found.length === 0 ? [one("healthy")] : found.map(({ state, facts }) => one(state, facts))
}

/** Says how far the way back into a lost group is. */
export function diagnoseLost(groupId: GroupId, { cause, attempt, gaveUp }: RejoinSnapshot): Finding {
  const facts = { cause, attempt }
  if (gaveUp === "not_followed") return finding("not_followed", facts, groupId)
  if (gaveUp === NOT_A_MEMBER) return finding("removed", facts, groupId)
  return gaveUp === undefined
    ? finding("rejoining", facts, groupId)
    : finding("rejoin_given_up", { ...facts, reason: gaveUp }, groupId)
}

/** Says what is with a group of which what is stored cannot be used. */
export function diagnoseDamaged(groupId: GroupId, damage: StoredDamage): Finding {
  if (damage === "record_damaged") return finding("group_damaged", {}, groupId)
  return finding("group_unsupported", { reason: damage }, groupId)
}

const ENDINGS: Readonly<Record<NonNullable<MemberCondition["ending"]>, StuckState>> = {
  removed_from_group: "removed",
  left_group: "left",
  must_rejoin: "must_rejoin",
}

/** A state of this group, before it is explained. */
interface Found {
  readonly state: StuckState
  readonly facts: Facts
}

function fromServer({ epoch, memberCount }: GroupSnapshot, answer: Answer, isSynchronised: boolean): readonly Found[] {
  if (answer === "not_asked") return []
  // A group of one was never changed over the server, or everybody else has gone.
  if (answer === "unknown") return memberCount === 1 ? [] : [{ state: "server_lost_group", facts: { memberCount } }]
  const facts = { epoch: Number(epoch), serverEpoch: Number(answer.epoch) }
  if (answer.epoch < epoch) return [{ state: "server_behind", facts }]
  if (answer.epoch === epoch) return []
  const { oldestEpoch, isLogRefused } = answer
  if (isLogRefused === true) return [{ state: "log_refused", facts }]
  if (oldestEpoch === undefined || oldestEpoch <= epoch) {
    return [{ state: isSynchronised ? "not_followed" : "behind", facts }]
  }
  return [{ state: "history_gone", facts: { ...facts, oldestEpoch: Number(oldestEpoch) } }]
}

function fromPending({ condition, outbox, epoch }: GroupSnapshot, answer: Answer): readonly Found[] {
  const { pending } = condition
  if (pending === undefined) return []
  const kinds = pending.intents.map(({ kind }) => kind).join(" ")
  const facts = { epoch: Number(pending.epoch), intents: kinds }
  if (outbox.hasPending) return [{ state: "pending_commit_sending", facts }]
  if (pending.isLost) return [{ state: "pending_commit_overtaken", facts }]
  // The server said that it took the commit, which would have led it into the next epoch.
  const isLost = typeof answer === "object" && answer.epoch === epoch
  return [{ state: isLost ? "pending_commit_lost" : "pending_commit_unanswered", facts }]
}

function fromWaiting(condition: MemberCondition): readonly Found[] {
  const { queued, isHalting, isLeaveProposed, heldTextCount, missingTextCount, parked } = condition
  const intents = queued.map(({ kind }) => kind).join(" ")
  const found: Found[] = []
  if (isHalting) found.push({ state: "intent_halted", facts: { intentCount: queued.length } })
  else if (queued.length > 0) found.push({ state: "intent_waiting", facts: { intents } })
  if (isLeaveProposed) found.push({ state: "leaving", facts: {} })
  if (heldTextCount > 0) found.push({ state: "texts_held", facts: { textCount: heldTextCount } })
  if (missingTextCount > 0) found.push({ state: "texts_missing", facts: { textCount: missingTextCount } })
  for (const { epoch, count } of parked) {
    found.push({ state: "parked_for_commit", facts: { epoch: Number(epoch), envelopeCount: count } })
  }
  return found
}

function fromOutbox({ outbox, failedCount }: GroupSnapshot): readonly Found[] {
  const found: Found[] = []
  const messageCount = outbox.unsentCount - (outbox.hasPending ? 1 : 0)
  if (messageCount > 0) found.push({ state: "outbox_waiting", facts: { messageCount } })
  if (outbox.heldCount > 0) found.push({ state: "outbox_full_inbox", facts: { messageCount: outbox.heldCount } })
  if (failedCount > 0) found.push({ state: "text_failed", facts: { messageCount: failedCount } })
  return found
}
