import type { DeviceKey, GroupId, IdentityKey, MessageId, StateChanges } from "@qpc/wire"
import type { MemberCondition } from "./condition.ts"
import type { Content } from "./content.ts"
import type { GroupSettings } from "./group-settings.ts"
import type { Head, ServerProof } from "./heads.ts"
import type { ReceiveOptions } from "./receive.ts"
import type { Step } from "./step.ts"

/** Someone in the group, with all devices that they have in it: at least one. */
export interface GroupMember {
  readonly identityKey: IdentityKey
  readonly devices: readonly MemberDevice[]
}

/** A member's device. `leafIndex` is its place in the ratchet tree; another's once it was removed. */
export interface MemberDevice {
  readonly deviceKey: DeviceKey
  readonly leafIndex: number
}

/**
 * One member of one group: every layer from text to envelope as one pure object. Bytes, time and randomness come in;
 * bytes, events and the next deadline go out.
 *
 * **Durability.** Each call changes the member. Store {@link takeChanges} with the step's `outgoing` and `events` in one
 * transaction before the network sees any of it, and never load a state older than the newest one whose messages may have
 * left: a member that goes back in time would use the keys of sent messages a second time. MLS's reuse guard (RFC 9420
 * §6.3.1) makes a repeated nonce unlikely then, not impossible, and the sequence numbers would repeat for certain.
 */
export interface Member extends Disposable {
  readonly groupId: GroupId
  /** It goes on where MLS begins anew because of another cipher suite. */
  readonly epoch: bigint
  /** The cipher suite of today: its IANA code point. */
  readonly suiteId: number
  /** The group's name, authenticated as part of the group's state. */
  readonly name: string
  /**
   * Name, roles and the rest, authenticated like the name. `undefined` in a group of before there were settings: everybody may do
   * everything there.
   */
  readonly settings: GroupSettings | undefined
  /** Who we are. */
  readonly self: IdentityKey
  /** Which of our devices this is. */
  readonly device: DeviceKey
  /** False once we were removed, left, or must rejoin: from then on everything is refused or dropped. */
  readonly isActive: boolean
  /** True from when we asked to leave until somebody has committed it: texts and changes of ours are refused. */
  readonly isLeaving: boolean
  /** True once we are out because we asked to be, and nobody removed us before. */
  readonly hasLeft: boolean
  /** Intents that have not ended, the one in the pending commit included. */
  readonly openIntentCount: number
  /** Equal for all members of the epoch who are in the same group (RFC 9420 §8.7). Owned by the caller. */
  readonly epochAuthenticator: Uint8Array
  /** The proof that the delivery service showed two histories, once there is one. Owned by the caller. */
  readonly serverProof: ServerProof | undefined
  /** What the delivery service signed for an epoch, if that was shown to us and is remembered. Owned by the caller. */
  signedHead(epoch: bigint): Head | undefined
  /** How the member stands, for whoever looks for what holds it up. */
  condition(): MemberCondition
  /** In the order of their first leaves. */
  members(): readonly GroupMember[]
  /**
   * Sends a text, or takes up an intent. What cannot be sent is answered with a `refused` event.
   *
   * @throws RangeError, TypeError for a caller's bug: an empty list, a key of another length, text with lone surrogates
   */
  send(content: Content, nowMs: number): Step
  /**
   * Takes one envelope from the inbox, in inbox order. Total: whatever bytes arrive, it returns.
   *
   * @param options - With our key packages, if the envelope `changesSuite`: without them such a one is dropped.
   */
  receive(envelope: Uint8Array, nowMs: number, options?: ReceiveOptions): Step
  /**
   * The delivery service refused the claim of `messageId` because another commit was first. The winner arrives through the
   * inbox and {@link receive} then makes the intent anew. If no winner has come by {@link GroupLimits.winnerMs}, {@link tick}
   * makes it anew all the same, as often as {@link GroupLimits.intentAttempts} allows. An unknown id changes nothing.
   *
   * @param missedCommits - Envelopes that came with the refusal. Looked at only where the inbox has failed before.
   * @param options - As for {@link receive}.
   */
  conflict(messageId: MessageId, nowMs: number, missedCommits?: readonly Uint8Array[], options?: ReceiveOptions): Step
  /**
   * The delivery service will never take the commit, proposal or text of `messageId`, for another reason than being late. It is given
   * up; an intent fails, and the others are told not to wait for a text. An unknown id changes nothing.
   */
  abandon(messageId: MessageId, nowMs: number): Step
  /**
   * The delivery service named this head in an answer. @param atLeastEpoch - the epoch that it answered us about: an older head
   * would be an `anomaly`
   */
  noteHead(head: Head, atLeastEpoch: bigint): Step
  /**
   * Another member takes our place in the group, because we could not follow it: what is open ends as `must_rejoin`. Of a member who is
   * not active nothing is open.
   */
  giveUp(): Step
  /** A person wants to change the group over its delivery service although that was proven a liar. Harmless at any time. */
  goOn(nowMs: number): Step
  /** Does what is due at `nowMs`. Harmless at any time. */
  tick(nowMs: number): Step
  /**
   * What is to be stored since the last time, secrets included: O(log n) bytes and a constant number of records for a message
   * in a group of n. The first time it is everything. `memberFromRecords` wakes the member from what the changes add up to.
   * What could not be stored is owed until {@link StateChanges.stored}.
   */
  takeChanges(): StateChanges
  /** The whole durable state in one piece, secrets included: to be stored encrypted. Owned by the caller. */
  toBytes(): Uint8Array
}
