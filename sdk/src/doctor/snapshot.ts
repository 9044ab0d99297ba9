import type { MemberCondition } from "@qpc/group"
import type { GroupId } from "@qpc/wire"
import type { ClientError } from "../client-error.ts"
import type { StoredDamage } from "../group-damage.ts"
import type { RejoinCause } from "../rejoin-record.ts"

/** What is on the way from us to the members of one group. */
export interface OutboxSnapshot {
  /** Messages that nobody has yet. */
  readonly unsentCount: number
  /** Messages that wait for room in full inboxes. */
  readonly heldCount: number
  /** True if the commit that is pending is among them. */
  readonly hasPending: boolean
}

/** The way back into a group that this device lost. */
export interface RejoinSnapshot {
  readonly cause: RejoinCause
  /** Requests made. */
  readonly attempt: number
  /** Why it was given up; absent while it goes on. */
  readonly gaveUp?: string
}

/** One group, as this profile has it. */
export interface GroupSnapshot {
  readonly groupId: GroupId
  readonly epoch: bigint
  readonly memberCount: number
  readonly deviceCount: number
  readonly isClosed: boolean
  readonly condition: MemberCondition
  readonly outbox: OutboxSnapshot
  /** Of the newest messages, own ones that will not be delivered. */
  readonly failedCount: number
  /** Present if this device lost the group. */
  readonly rejoin?: RejoinSnapshot
}

/** What a profile says by itself, without any server: what {@link diagnose} decides from. */
export interface ProfileSnapshot {
  readonly isRegistered: boolean
  readonly isLoggedIn: boolean
  /** What our clock says, and what it said when the newest notice or message was written down; Unix milliseconds. */
  readonly clock: { readonly nowMs: number; readonly newestStoredMs: number }
  /** The inbox sequence number up to which everything is on disk. */
  readonly cursorSeq: bigint
  /** Below so many key packages at the server there are few. */
  readonly keyPackageLow: number
  /** Key packages whose private halves are here, and those of them that have not expired by our clock. */
  readonly keyPackages: { readonly keptCount: number; readonly validCount: number }
  /** Envelopes of groups that we are not in yet. */
  readonly parked: { readonly groupCount: number; readonly envelopeCount: number }
  readonly groups: readonly GroupSnapshot[]
  /** Groups of which what is stored cannot be used. */
  readonly damaged: readonly { readonly groupId: GroupId; readonly damage: StoredDamage }[]
  /** Groups that this device lost together with all that it knew of them. */
  readonly lost: readonly { readonly groupId: GroupId; readonly rejoin: RejoinSnapshot }[]
}

/** How far the server says a group is. */
export interface GroupAnswer {
  readonly groupId: GroupId
  readonly epoch: bigint
  /** The oldest commit that it still has leaves this epoch; asked only of groups that are behind. */
  readonly oldestEpoch?: bigint
  /** Present where it refuses to say what it has. */
  readonly isLogRefused?: true
}

/** What the server says when it is asked how things are. */
export interface ServerAnswer {
  readonly kind: "answered"
  readonly groups: readonly GroupAnswer[]
  /** The newest number that our inbox ever got. */
  readonly newestSeq: bigint
  /** True if something is in our inbox that is not on disk here. */
  readonly isInboxWaiting: boolean
  readonly keyPackages: {
    readonly availableCount: number
    readonly hasLastResort: boolean
    readonly lastResortUses: number
  }
  /** How far its clock is ahead of ours, and how sure that is; absent where it does not say. */
  readonly clock?: { readonly offsetMs: number; readonly uncertaintyMs: number }
}

/** What came of asking the server. */
export type Asked =
  | ServerAnswer
  | { readonly kind: "failed"; readonly error: ClientError }
  | { readonly kind: "not_asked" }
