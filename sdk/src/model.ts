import type { ClientError } from "./client-error.ts"
import type { GapOutcome, LogAnomaly, SettingName } from "@qpc/group"
import type { GroupId, IdentityKey } from "@qpc/wire"

/** Who this profile is. */
export interface Identity {
  readonly username: string
  readonly identityKey: IdentityKey
  /** The server that the name belongs to, as it was written when registering; empty where the caller named none. */
  readonly serverAddress: string
  /** False between the first try to register and the server's word that it succeeded. */
  readonly isRegistered: boolean
}

/** One member as people see it. */
export interface Person {
  readonly identityKey: IdentityKey
  /** The pinned name; absent until it was looked up once. */
  readonly username?: string
}

/** A person and what they may do in a group. */
export interface MemberRole {
  readonly person: Person
  /** A {@link RoleName}, or `role` and a number where somebody made one of their own. */
  readonly role: string
}

/**
 * Where a message is.
 *
 * - `received`: from another member.
 * - `stored`: ours, safe on this disk, not yet accepted by the server.
 * - `accepted`: ours, the server will deliver it.
 * - `failed`: ours, it will not be delivered; `failure` says why and what to do.
 * - `unknown`: ours, and what was stored of how far it got is damaged; `failure` says what to do.
 */
export type MessageState = "received" | "stored" | "accepted" | "failed" | "unknown"

/** Why something of ours was given up. */
export interface Failure {
  readonly code: string
  readonly nextStep: string
}

/** One line of a conversation. */
export interface StoredMessage {
  /** UUIDv7; for an own message also the id that the server knows it by. */
  readonly id: string
  readonly groupId: GroupId
  /** Order within the conversation, from 1; never repeats. */
  readonly position: number
  readonly sender: Person
  readonly isOwn: boolean
  readonly text: string
  /** The sender's clock. */
  readonly sentAtMs: number
  /** Our clock. */
  readonly storedAtMs: number
  readonly state: MessageState
  readonly failure?: Failure
  /** Absent for a message that stays. */
  readonly disappears?: Disappears
  /** Present on a message that was missing when later ones of its sender were here already; see {@link TextGap}. */
  readonly isLate?: true
}

/**
 * Messages of one device that were sent and have not come, though later ones have. Their sender numbers them, so that nobody on the way
 * can leave one out unseen.
 */
export interface TextGap {
  /** Where it stands among the messages: where it was noticed. */
  readonly position: number
  readonly sender: Person
  /** The sender's own numbers, both among them. */
  readonly from: number
  readonly to: number
  /** The epochs of the group in which they were sent. */
  readonly firstEpoch: bigint
  readonly lastEpoch: bigint
  /**
   * - `asking`: other members are asked for them, one after the other.
   * - `lost`: they cannot be had any more; `reason` says why.
   * - `delivered`, `given_up`: they have come, or their sender says that nobody got them. Only in events: then nothing is missing.
   */
  readonly state: "asking" | "lost" | "delivered" | "given_up"
  readonly reason?: TextLossReason
}

/** Why messages that are missing cannot be had. */
export type TextLossReason = Exclude<GapOutcome, "delivered" | "given_up">

/** When a message is deleted. */
export interface Disappears {
  /** Counted from when it was read, on each device by itself; our own from when it was written. */
  readonly afterSeconds: number
  /** Milliseconds from now; absent until somebody has read it. */
  readonly leftMs?: number
}

/** Something of ours on its way. */
export interface Sent {
  readonly id: string
  readonly state: "stored" | "accepted" | "failed"
  readonly failure?: Failure
}

/** Something arrived that cannot be shown. Holds sizes, numbers and public ids only. */
export interface Notice {
  readonly position: number
  readonly atMs: number
  /** Inbox sequence number of the envelope; 0 where it did not come through the inbox. */
  readonly seq: bigint
  readonly sizeBytes: number
  readonly groupId?: GroupId
  /** A stable name: a drop reason of the group protocol, or one of {@link NoticeReason}. */
  readonly reason: string
  /** Whom it is about, where it is about somebody. */
  readonly person?: Person
}

/** A part of a group's history that is on no disk of ours, and cannot be: its keys are gone. */
export interface MissingHistory {
  /** The first epoch of which something may be missing: we were in it. */
  readonly fromEpoch: bigint
  /** The first epoch of which nothing is missing; while we cannot follow, the server's when we asked last. */
  readonly toEpoch: bigint
  /** False while we cannot follow the group; true once we are in it again. */
  readonly isBehindUs: boolean
  /** When the newest message before it was stored, by our clock, Unix milliseconds; present where we let ourselves in again. */
  readonly fromMs?: number
  /** When we were in again. */
  readonly toMs?: number
}

/** Reasons that this package adds to those of the group protocol. */
export type NoticeReason =
  | "malformed_envelope"
  /** The server refuses to hand out the changes of one group: what needs them waits, and they are asked for again. */
  | "log_refused"
  /** We are in that group already; somebody invited us twice. Or we wait for a person there: see `not_followed`. */
  | "welcome_for_known_group"
  /** An invitation made for a key package that was used, expired, or belongs to another profile. */
  | "welcome_without_key_package"
  /** An invitation that does not open. */
  | "welcome_refused"
  /** An invitation into a group of a cipher suite that this program lacks. It is kept for one that has it. */
  | "invited_suite_missing"
  /**
   * An invitation that would replace a group of ours by an older state of it, by one with a weaker cipher suite, by one
   * where people have other roles, on the word of one member, or by a group of somebody who is not in it.
   */
  | "welcome_replaces_group"
  /** We were out of a group, and somebody has invited us into it whom we do not know from there: it may be another group of that id. */
  | "welcome_by_stranger"
  /** What is stored of a group is damaged: nothing can be sent or read there until a person decides. See {@link Client.damagedGroups}. */
  | "group_damaged"
  /** An invitation into such a group: nobody can say that it does not lead back in time. */
  | "welcome_for_damaged_group"
  /** An envelope that waited for its group could not be read any more. */
  | "parking_damaged"
  /** Too many envelopes of groups that we are not in. */
  | "parking_full"
  /** An envelope waited for its group until the limit. */
  | "parking_expired"
  /** An invitation or removal was given up. */
  | "intent_failed"
  /** We want to leave, and for a day no other member was online to let us go. It was sent again. */
  | "leave_delayed"
  /** The server refused something of ours for good. */
  | "send_failed"
  /** The server forgot our inbox and began it anew: what it had not delivered yet is lost. */
  | "server_reset"
  /** We cannot follow a group: a member has to remove us and invite us again. */
  | "own_message_ahead"
  | "abandoned_commit"
  /** A group changed its cipher suite, and the Welcome is for no key package that we have: the private half is gone, or the Welcome is another. */
  | "key_package_gone"
  /** A copy of this device let itself into a group again, and took our place there. */
  | "replaced_by_copy"
  /** We lost a group and are in it again: see {@link Conversation.missing} for what cannot be read. */
  | "rejoined"
  /** A device of somebody lost a group, and is in it again. */
  | "member_rejoined"
  /** An answer to our request to be let in again is not believed; others may come. */
  | "rejoin_answer_refused"
  /** One member alone says that others have other roles by now in a group that we lost: another may say so too, or a person decides. */
  | "rejoin_unconfirmed"
  /** The server has a change of a group that we do not follow: it may be one that the group forbids. Nothing is done about it unasked. */
  | "not_followed"
  /** We do not get back into a group by ourselves: a member has to remove us and invite us again. */
  | "rejoin_given_up"
  /** We were away for longer than the server keeps a group's changes: a member has to remove us and invite us again. */
  | "history_gone"
  /** Somebody's inbox is full since then: what we write waits for room in it, and all others have it. */
  | "inbox_full"
  /** Somebody's inbox was full for too long: they will not get one of our messages. */
  | "inbox_full_given_up"
  /** Somebody whom we invited has no room for the invitation: they are not in, and can be invited again later. */
  | "invited_inbox_full"
  /** Our key packages were used up, and the last-resort one was handed out. It has been replaced. */
  | "last_resort_used"
  /** Somebody whom we invited has no other key packages left than one that others may have been given as well. */
  | "invited_by_last_resort"
  /**
   * The server keeps no last-resort key package for as long as ours lives, and none that lives shorter, or we have no room for another:
   * nobody can invite us once the others are used up.
   */
  | "last_resort_refused"
  /** The server took none of our new key packages: nobody can invite us for long. A wrong clock does that. */
  | "key_packages_refused"
  /** This machine's clock and the server's differ by much. We go by the server's. */
  | "clock_differs"
  /** The server named a time that is over, or did not sign what it said. We do not go by it. */
  | "server_time_refused"
  /** The server was proven to show two histories of a group: see {@link Client.proofs}. */
  | "server_equivocated"
  /** Something in the log of a group's epochs is not as it should be. */
  | LogAnomaly
  /** A member tried to add a device to another member, in order to listen in; it was refused. */
  | "ghost_device"
  /** Through a member there is a device in a group that does not number messages: nobody notices there any more if one is left out. */
  | "counting_stopped"
  /** The server gave one name to two keys. */
  | "identity_changed"

/** Whether the server can be reached, and what to do if not. */
export type ConnectionState =
  | { readonly at: "offline" }
  | { readonly at: "connecting" }
  | { readonly at: "online" }
  | { readonly at: "waiting"; readonly retryAtMs: number; readonly code: string; readonly reason: string }
  /** No more tries until a person acted. */
  | { readonly at: "stopped"; readonly error: ClientError }

/** What happened, live. Everything in it is already on disk. */
export type ClientEvent =
  | { readonly kind: "message"; readonly message: StoredMessage }
  /** Something of ours got further. For an invitation or removal `accepted` means that this member's view has it. */
  | { readonly kind: "sent"; readonly groupId: GroupId; readonly sent: Sent }
  | { readonly kind: "joined"; readonly groupId: GroupId; readonly name: string }
  | {
      readonly kind: "members_changed"
      readonly groupId: GroupId
      readonly epoch: bigint
      readonly by?: Person
      /** We had lost the group, and this member told us who is in it. */
      readonly accordingTo?: Person
      readonly added: readonly Person[]
      readonly removed: readonly Person[]
      /** Those of `removed` who left by themselves. */
      readonly left: readonly Person[]
    }
  /** Somebody added devices of theirs to the group, or removed some. */
  | {
      readonly kind: "devices_changed"
      readonly groupId: GroupId
      readonly epoch: bigint
      readonly by: Person
      /** It happened after we had lost the group, on the word of this member. */
      readonly accordingTo?: Person
      readonly addedCount: number
      readonly removedCount: number
    }
  /** Somebody changed what the group is: its name, its roles, or that it is closed. The rest says how it is now. */
  | {
      readonly kind: "settings_changed"
      readonly groupId: GroupId
      readonly epoch: bigint
      /** Absent where nobody can tell: see `accordingTo`. */
      readonly by?: Person
      /** As for `devices_changed`. */
      readonly accordingTo?: Person
      readonly changed: readonly SettingName[]
      readonly name: string
      readonly disappearAfterSeconds: number
      readonly isClosed: boolean
      /** Who has another role now, and which: a {@link RoleName}, or a number. */
      readonly assigned: readonly MemberRole[]
    }
  /** Somebody led the group into another cipher suite, by its IANA code point; everything else of it is as it was. */
  | {
      readonly kind: "suite_changed"
      readonly groupId: GroupId
      readonly epoch: bigint
      readonly by: Person
      readonly suiteId: number
    }
  /** We are out of the group: somebody removed us, we left, or we cannot follow it any more. */
  | { readonly kind: "removed"; readonly groupId: GroupId; readonly because: "removed" | "left" | "must_rejoin" }
  /** The server signed two histories of a group: nobody changes a group over it until {@link Client.goOn}. */
  | { readonly kind: "server_equivocated"; readonly groupId: GroupId; readonly epoch: bigint }
  /** Messages whose time was over have been deleted. */
  | { readonly kind: "disappeared"; readonly groupId: GroupId; readonly positions: readonly number[] }
  /** We lost the group and are in it again: `missing` says which part of its history cannot be read. */
  | { readonly kind: "rejoined"; readonly groupId: GroupId; readonly name: string }
  /** The server no longer has the changes that lead out of `fromEpoch`: we cannot follow the group, which is in `toEpoch`. */
  | { readonly kind: "history_gone"; readonly groupId: GroupId; readonly fromEpoch: bigint; readonly toEpoch: bigint }
  /** Messages are missing, are asked for, have come or are lost. */
  | { readonly kind: "gap"; readonly groupId: GroupId; readonly gap: TextGap }
  | { readonly kind: "notice"; readonly notice: Notice }
  | { readonly kind: "connection"; readonly state: ConnectionState }

/** What one synchronisation did. */
export interface SyncReport {
  /** Messages of others that were stored. */
  readonly received: readonly StoredMessage[]
  /** Own messages and group changes that the server accepted. */
  readonly accepted: number
  /** Still in the outbox. */
  readonly pending: number
  readonly failed: number
  readonly joined: readonly GroupId[]
  readonly notices: readonly Notice[]
  /** Messages of others that turned out to be missing, or what became of them. */
  readonly gaps: readonly { readonly groupId: GroupId; readonly gap: TextGap }[]
  /** True if everything the server had at the beginning was taken in and the outbox is empty. */
  readonly isComplete: boolean
}
