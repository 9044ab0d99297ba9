import type { GroupId, IdentityKey, MessageId } from "@qpc/wire"
import type { GroupEvent, IntentFailure, RefusalReason } from "../event.ts"
import type { Delivery } from "../step.ts"
import type { ForkRule } from "./fork-rule.ts"

/**
 * What a member of a group without a delivery service has to tell its application, beside what every member does. `text_sealed`
 * comes again with the same `mid` for a text whose branch was given up: it was sealed on the other one too.
 */
export type ServerlessEvent =
  | Exclude<GroupEvent, { readonly kind: "intent_failed" | "text" }>
  | ServerlessText
  /**
   * Others preferred another branch: epochs from `forkEpoch` on are not what we believed. `members_changed` and the like follow,
   * with the difference between what was and what is.
   */
  | {
      readonly kind: "branch_changed"
      /** The last epoch that both branches share. */
      readonly forkEpoch: bigint
      readonly leftEpoch: bigint
      readonly epoch: bigint
      readonly rule: ForkRule
    }
  /** Our text was sealed on a branch that was given up, and cannot be sent again: write it once more. */
  | { readonly kind: "text_lost"; readonly mid: bigint; readonly reason: TextLoss }
  /**
   * So many of our texts that were sealed one after the other on a branch that was given up cannot be sent again, `lastMid` being the newest
   * of them. They are told together because nothing else is remembered of them: more than {@link ServerlessLimits.seenMessages} newer ones
   * came after. Look at what was sealed before it, and write again what is to be read.
   */
  | { readonly kind: "texts_lost"; readonly count: number; readonly lastMid: bigint }
  /** Somebody's text is not shown: its branch was given up for good, and its author is not in the group. */
  | { readonly kind: "text_of_lost_branch"; readonly sender: IdentityKey; readonly mid: bigint; readonly epoch: bigint }
  | {
      readonly kind: "intent_failed"
      readonly intentId: MessageId
      readonly reason: IntentFailure | ServerlessIntentFailure
    }

/** A text. */
type ServerlessText = Extract<GroupEvent, { readonly kind: "text" }> & {
  /**
   * Its author is not in the group any more, as we see it. They have the keys of the epochs that they were in, and nobody can tell what
   * they wrote before they went from what they wrote after.
   */
  readonly isByFormerMember?: true
}

/** Why an intent ended without having its way, beside what there is everywhere. */
export type ServerlessIntentFailure =
  /** The commit reached nobody: see {@link ServerlessMember.abandon}. Try again where there is somebody. */
  | "not_published"
  /** Its branch was given up, and the other branch decided the same thing in another way. */
  | "superseded"
  /** Its branch was given up, and the key package is used up: invite again with a new one. */
  | "invited_on_lost_branch"
  /** Its commit was made for an epoch that cannot be taken back any more. */
  | "too_late"

/** Why a text cannot be sent again. */
export type TextLoss =
  | RefusalReason
  /** {@link ServerlessLimits.resendBytes} of newer texts came after it, or its branch was forgotten before we could send again. */
  | "not_kept"
  /** We have another place in the group now, and the text names the old one. */
  | "leaf_changed"

/** One message for the network, to be carried to all its recipients, in any order and as often as one likes. */
export interface ServerlessOutgoing {
  readonly messageId: MessageId
  readonly groupId: GroupId
  /** At least one; a Welcome after the commit that it belongs to. */
  readonly deliveries: readonly Delivery[]
  /** True for a commit: say what became of it by `published` or `abandon`. Nothing else of ours is committed before. */
  readonly isCommit: boolean
}

/** What became of one call. Store {@link ServerlessMember.toBytes} with it **before** the network sees anything of it. */
export interface ServerlessStep {
  readonly outgoing: readonly ServerlessOutgoing[]
  readonly events: readonly ServerlessEvent[]
  /** Call `tick` no later than this; `undefined` while there is nothing to wait for. */
  readonly wakeAtMs: number | undefined
}
