import type { MessageId } from "@qpc/wire"
import type { OpenIntent, Wanted } from "./intents.ts"
import type { MemberState } from "./member-state.ts"

/** A change of the group that has not ended. */
export interface IntentCondition {
  readonly kind: Wanted["kind"]
  /** Commits made for it so far. */
  readonly attempt: number
}

/** Our commit on its way through the delivery service. */
export interface PendingCondition {
  /** The outgoing message that carries it. Owned by the caller. */
  readonly messageId: MessageId
  /** The epoch that it would leave. */
  readonly epoch: bigint
  /** True once the delivery service said that another was first; that one has not come yet. */
  readonly isLost: boolean
  readonly intents: readonly IntentCondition[]
}

/** Envelopes of one later epoch, which wait for the commit that leads there. */
export interface ParkedCondition {
  readonly epoch: bigint
  readonly count: number
  readonly sizeBytes: number
}

/** How a member stands, for whoever looks for what holds it up: numbers and public ids, no key, no text, no name. */
export interface MemberCondition {
  /** Why nothing is sent or received any more. `undefined` in a group that we are in. */
  readonly ending: "removed_from_group" | "left_group" | "must_rejoin" | undefined
  readonly pending: PendingCondition | undefined
  /** What waits for its turn, in order. */
  readonly queued: readonly IntentCondition[]
  /** True while our wish to leave waits for somebody else's commit. */
  readonly isLeaveProposed: boolean
  /** Our own texts that wait for a commit. */
  readonly heldTextCount: number
  /** Texts of others that people were told to be missing and that are still asked for. */
  readonly missingTextCount: number
  /** By epoch. */
  readonly parked: readonly ParkedCondition[]
  /** True while the delivery service, proven to show two histories, gets no changes of ours. */
  readonly isHalting: boolean
}

/** Looks at a member without changing it. Copies. */
export function conditionOf(state: MemberState): MemberCondition {
  const { intents, leaving, heldTexts, parked, heads } = state
  const { pending, queue } = intents
  return {
    ending: endingOf(state),
    pending: pending && {
      messageId: pending.messageId,
      epoch: pending.epoch,
      isLost: pending.isLost,
      intents: pending.opens.map(intentOf),
    },
    queued: queue.map(intentOf),
    isLeaveProposed: leaving.own !== undefined,
    heldTextCount: heldTexts.count,
    missingTextCount: missingTextCount(state),
    parked: parked.byEpoch(),
    isHalting: heads.isHalting,
  }
}

function missingTextCount({ gaps }: MemberState): number {
  const told = gaps.all().filter(({ gap }) => gap.isTold)
  return told.reduce((count, { gap: { from, to } }) => count + to - from + 1, 0)
}

function endingOf({ isActive, leaving, group }: MemberState): MemberCondition["ending"] {
  if (isActive) return undefined
  if (leaving.hasLeft) return "left_group"
  return group.phase === "removed" ? "removed_from_group" : "must_rejoin"
}

const intentOf = ({ intent, attempt }: OpenIntent): IntentCondition => ({ kind: intent.kind, attempt })
