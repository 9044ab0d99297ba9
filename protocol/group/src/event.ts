import type { DeviceKey, IdentityKey, MessageId } from "@qpc/wire"
import type { SettingsObjection, TextObjection } from "./check-settings.ts"
import type { DeviceObjection } from "./device-rules.ts"
import type { LogAnomaly } from "./follow-log.ts"
import type { GroupSettings } from "./group-settings.ts"
import type { RoleAssignment } from "./permissions.ts"
import type { SettingName, SettingsDifference } from "./settings-difference.ts"
import type { SuiteObjection } from "./suite-rules.ts"

/** What a member has to tell its application. No event carries key material; only `text` carries content. */
export type GroupEvent =
  /** A text was written, by somebody else or on another device of ours. Both are authenticated; `sentAtMs` is the sender's claim. */
  | {
      readonly kind: "text"
      readonly sender: IdentityKey
      /** On which of their devices it was written. */
      readonly device: DeviceKey
      /** Unique per sender for ever: (sender, mid) names the message. */
      readonly mid: bigint
      readonly text: string
      readonly sentAtMs: number
      readonly epoch: bigint
      /** As the group had agreed in that epoch: seconds after which it is to be deleted once it was read; 0 for never. */
      readonly disappearAfterSeconds: number
      /** Present on a text that {@link GroupEvent} `gap_found` had told to be missing. */
      readonly isLate?: true
    }
  /**
   * Our own text waits for a commit that others asked for (RFC 9420 §12.4). It ends in `text_sealed` or `text_failed` with the same
   * id, without being sent again.
   */
  | {
      readonly kind: "text_queued"
      readonly messageId: MessageId
      readonly mid: bigint
      readonly sentAtMs: number
      /** As for `text`, when it was written. */
      readonly disappearAfterSeconds: number
    }
  | {
      readonly kind: "text_failed"
      readonly messageId: MessageId
      readonly reason: RefusalReason | "removed_from_group" | "left_group"
    }
  /**
   * Our own text was sealed; the `outgoing` of the same step carries it under `messageId`. In a group of one there is
   * nobody to carry it to: `outgoing` is empty and the text has arrived everywhere it can.
   */
  | {
      readonly kind: "text_sealed"
      readonly messageId: MessageId
      readonly mid: bigint
      readonly sentAtMs: number
      readonly epoch: bigint
      /** True if `text_queued` told of it before. */
      readonly wasQueued: boolean
      /** As for `text`. */
      readonly disappearAfterSeconds: number
    }
  /**
   * Texts of a member were sealed and have not come for {@link GroupLimits.gapWaitMs}, though later ones have. If `isAsked`, other
   * members are asked for them. It ends in `gap_closed`, of the whole range or in parts.
   */
  | (MissingTexts & { readonly kind: "gap_found"; readonly isAsked: boolean })
  /** Texts that were told to be missing are so no more, or for good. */
  | (MissingTexts & { readonly kind: "gap_closed"; readonly outcome: GapOutcome })
  /**
   * With a commit of `by` there is a device in the group whose program does not number texts, so from this epoch on nobody does, and
   * one that is left out is not noticed. An earlier release is like that; so is whoever wants it. Told anew only once all have counted
   * again.
   */
  | { readonly kind: "counting_stopped"; readonly epoch: bigint; readonly by: IdentityKey }
  /** We entered the group through the Welcome of `by`. */
  | { readonly kind: "joined"; readonly epoch: bigint; readonly by: IdentityKey }
  /**
   * We lost the group and are in it again, by a commit of our own that `by` made possible: nothing of the epochs in between can be read.
   * What changed meanwhile is the word of `by`.
   */
  | ({ readonly kind: "rejoined"; readonly epoch: bigint; readonly by: IdentityKey } & MissedChanges)
  /** A commit of `by` changed who is in the group. `epoch` is the first with the new members. */
  | {
      readonly kind: "members_changed"
      readonly epoch: bigint
      readonly by: IdentityKey
      readonly added: readonly IdentityKey[]
      readonly removed: readonly IdentityKey[]
      /** Those of `removed` who asked for it. */
      readonly left: readonly IdentityKey[]
    }
  /** A device of `by`, who is in the group, had lost it and let itself in again: the same device, with the same key. */
  | {
      readonly kind: "member_rejoined"
      readonly epoch: bigint
      readonly by: IdentityKey
      readonly device: DeviceKey
    }
  /** `by`, who was in the group before and still is, has other devices in it: nobody else may change them. */
  | {
      readonly kind: "devices_changed"
      readonly epoch: bigint
      readonly by: IdentityKey
      readonly added: readonly DeviceKey[]
      readonly removed: readonly DeviceKey[]
    }
  /**
   * `by` tried to add devices to `identityKey`, another member, who could have been listened in on. Nobody honest follows the
   * commit; a delivery service that took it leaves the group without a next epoch until it is moderated.
   */
  | {
      readonly kind: "ghost_device"
      /** The epoch that the commit would have left. */
      readonly epoch: bigint
      readonly by: IdentityKey
      readonly identityKey: IdentityKey
      readonly devices: readonly DeviceKey[]
    }
  /** A commit of `by` changed what the group is. Whose role ended because they left, `members_changed` tells. */
  | {
      readonly kind: "settings_changed"
      readonly epoch: bigint
      readonly by: IdentityKey
      readonly changed: readonly SettingName[]
      /** From then on. */
      readonly settings: GroupSettings
      /** Who has another role now, and which. */
      readonly assigned: readonly RoleAssignment[]
    }
  /** `by` led the group into another cipher suite: the same people go on, with new keys in another MLS group. */
  | {
      readonly kind: "suite_changed"
      /** The first of the new suite. */
      readonly epoch: bigint
      readonly by: IdentityKey
      /** Its IANA code point. */
      readonly suiteId: number
      /** Our key package that led us there: forget it, unless it is a last-resort one. Absent if we led the others. */
      readonly used?: { readonly ref: Uint8Array; readonly isLastResort: boolean }
    }
  /** A new epoch. Members who compare equal `authenticator`s are in the same group (RFC 9420 §8.7). */
  | { readonly kind: "epoch_changed"; readonly epoch: bigint; readonly authenticator: Uint8Array }
  /** `by` removed us; if that is ourselves, another device of ours removed this one. Everything that was still queued has ended; every further {@link Content} is refused. */
  | { readonly kind: "removed_from_group"; readonly epoch: bigint; readonly by: IdentityKey }
  /** We are out by our own wish; every further {@link Content} is refused. */
  | { readonly kind: "left_group"; readonly epoch: bigint }
  /** Nobody has carried out our wish to leave for {@link GroupLimits.leaveWaitMs}: all others are offline. It was sent again. */
  | { readonly kind: "leave_delayed"; readonly intentId: MessageId; readonly epoch: bigint }
  /**
   * We cannot go on in this group and send nothing any more: a member has to remove us and invite us again. Everything that was
   * still queued has ended.
   */
  | { readonly kind: "must_rejoin"; readonly epoch: bigint; readonly reason: MustRejoinReason }
  /** A change of the group was taken up. It ends in `intent_done` or `intent_failed` with the same id. */
  | { readonly kind: "intent_queued"; readonly intentId: MessageId }
  /** Another commit was first; the intent was made anew for `epoch`, and is now in its `attempt`-th commit. */
  | { readonly kind: "intent_rebased"; readonly intentId: MessageId; readonly epoch: bigint; readonly attempt: number }
  /** The group is as the intent wanted it, through our commit or through somebody else's. */
  | { readonly kind: "intent_done"; readonly intentId: MessageId; readonly epoch: bigint }
  | { readonly kind: "intent_failed"; readonly intentId: MessageId; readonly reason: IntentFailure }
  /** What {@link Member.send} was given cannot be sent; nothing changed. */
  | { readonly kind: "refused"; readonly reason: RefusalReason }
  /**
   * The delivery service signed two histories of the group: `proof` convinces whoever knows its key (`verifyEquivocation`). Changes
   * of the group are refused until {@link Member.goOn}; texts are not. Told once.
   */
  | { readonly kind: "server_equivocated"; readonly epoch: bigint; readonly proof: Uint8Array }
  /** Something is wrong with the log of the group's epochs, which stops nothing. `epoch` is the one that it is about. */
  | { readonly kind: "log_anomaly"; readonly epoch: bigint; readonly reason: Exclude<LogAnomaly, "other_server_key"> }
  /** The same, where a member's message shows it. Told of each person once, and again after a restart. */
  | {
      readonly kind: "log_anomaly"
      readonly epoch: bigint
      readonly reason: "other_server_key"
      readonly by: IdentityKey
    }
  /** Bytes that were not delivered to anyone. Nothing changed, except that a duplicate stays known. */
  | {
      readonly kind: "dropped"
      readonly reason: string
      /** The code of the error registry of the Group Protocol Stack. */
      readonly code: number
    }

/** Texts of one device, by the numbers that it gave them, `from` and `to` among them, and the epochs in which it sealed them. */
export interface MissingTexts {
  readonly sender: IdentityKey
  readonly device: DeviceKey
  readonly from: number
  readonly to: number
  readonly firstEpoch: bigint
  readonly lastEpoch: bigint
}

/** What became of texts that were missing. */
export type GapOutcome =
  /** They came, from whoever had them; the events `text` are in the same step. */
  | "delivered"
  /** Their author says that nobody was sent them: the delivery service had refused them. */
  | "given_up"
  /** Their epoch is over for so long that they could not be opened any more. */
  | "keys_gone"
  /** Nobody whom we asked has them. */
  | "nobody_has_it"
  /** More than {@link GroupLimits.gapsPerSender} gaps of one member: the oldest is given up. */
  | "too_many_gaps"
  /** Another device has their author's place in the group, or the author has begun to count anew. */
  | "sender_replaced"
  /** We are out of the group. */
  | "not_a_member"

/** What changed in a group that we lost until we were in it again, as far as we know how it was before. */
export interface MissedChanges {
  readonly added: readonly IdentityKey[]
  readonly removed: readonly IdentityKey[]
  /** Of people who were in the group before and are in it now. */
  readonly devices: readonly DevicesMissed[]
  /** `undefined` if they are as they were. */
  readonly settings: (SettingsDifference & { readonly settings: GroupSettings }) | undefined
}

/** Somebody's devices that came and went. */
export interface DevicesMissed {
  readonly by: IdentityKey
  readonly added: readonly DeviceKey[]
  readonly removed: readonly DeviceKey[]
}

/** Why an intent ended without having its way. */
export type IntentFailure =
  | PlanFailure
  /** Others were faster {@link GroupLimits.intentAttempts} times in a row. */
  | "too_many_conflicts"
  /** The delivery service said each time that another commit was first, and none ever came. */
  | "winner_missing"
  /** The delivery service will not take the commit, for another reason than being late; see {@link Member.abandon}. */
  | "refused_by_service"
  | "removed_from_group"
  /** We left meanwhile. */
  | "left_group"
  /** We cannot follow the group any more; see the event `must_rejoin`. */
  | "must_rejoin"

/** Why an intent cannot become a commit in the group as it is. */
export type PlanFailure =
  /** A key package expired or turned out unusable meanwhile: fetch another and invite again. */
  | "key_package_rejected"
  /** The commit that would carry it out is not a valid one in the group as it is now. */
  | "commit_refused"
  /** The group would have more than {@link GroupLimits.members} devices. */
  | "group_full"
  /** The group is of before there were settings: it has neither roles nor a name that can change. */
  | "settings_missing"
  /** The group has no such role. */
  | "role_unknown"
  /** A device that we wanted to add or remove as our own is somebody else's. */
  | "device_of_another"
  /** The devices that people would have are against the rules. */
  | DeviceObjection
  /** Our role does not allow it. */
  | SettingsObjection
  /** The group does not go to that cipher suite. */
  | SuiteObjection
  /** We do not have the cipher suite. */
  | "suite_missing"
  /** A device in the group has no key package of the cipher suite, and would be left behind. */
  | "suite_key_package_missing"

/** Why we cannot go on in a group. */
export type MustRejoinReason =
  /**
   * A message of ours arrived that this state has not sent yet: the state was copied, or brought back from an old backup. Going
   * on would use keys a second time.
   */
  | "own_message_ahead"
  /** A commit of ours arrived that we gave up because the delivery service had refused it: the others have followed it. */
  | "abandoned_commit"
  /** Somebody with our key let themselves in again and took our place: a copy of this device. */
  | "replaced_by_copy"

/** Why {@link Member.send} refused. */
export type RefusalReason =
  /** We were removed, or left. */
  | "not_a_member"
  /** We cannot follow the group any more; see the event `must_rejoin`. */
  | "must_rejoin"
  /** The text is longer than {@link GroupLimits.textBytes}. */
  | "text_too_large"
  /** We asked to leave, and wait for somebody to commit it. */
  | "leaving"
  /** {@link GroupLimits.heldTexts} texts wait for a commit already, or {@link GroupLimits.heldTextBytes} bytes of them. */
  | "too_many_texts"
  /** The delivery service was proven to show two histories; see the event of that name. */
  | "server_equivocated"
  /** {@link GroupLimits.queuedIntents} intents are waiting already. */
  | "too_many_intents"
  | PlanFailure
  /** Our role does not allow it, or the group is closed. */
  | TextObjection
  /** This epoch's frames are used up (2^32 − 1 per stream); any commit opens a new one. */
  | "epoch_exhausted"
