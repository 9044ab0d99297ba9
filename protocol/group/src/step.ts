import type { DeviceKey, GroupId, MessageId } from "@qpc/wire"
import type { GroupEvent } from "./event.ts"

/** One message to the network, which must take it as a whole or not at all; the same id again is the same message. */
export interface Outgoing {
  readonly messageId: MessageId
  readonly groupId: GroupId
  /** In this order. A commit's recipients include its author: its own echo is how the author learns that it won. */
  readonly deliveries: readonly Delivery[]
  /** Present on a commit: the delivery service takes the first claim per group and epoch and refuses the others. */
  readonly claim?: EpochClaim
}

/** One envelope and the inboxes it belongs in, at least one: each device has its own. */
export interface Delivery {
  readonly recipients: readonly DeviceKey[]
  readonly envelope: Uint8Array
}

/** What the delivery service needs in order to keep one line of epochs (RFC 9750 §5.2.1). */
export interface EpochClaim {
  /** The epoch that the commit leaves. */
  readonly epoch: bigint
  /** The devices in the group after the commit. */
  readonly membersAfter: readonly DeviceKey[]
  /** For the log of epochs (docs/epoch-log.md): of the epoch that the commit opens. Empty in a claim that an earlier release stored. */
  readonly authenticatorHash: Uint8Array
}

/**
 * What became of one call to a member. The member has already changed: store {@link Member.takeChanges} together with
 * `outgoing` and `events` **before** the network sees anything of it.
 */
export interface Step {
  /** Give these to the network, in order. */
  readonly outgoing: readonly Outgoing[]
  /** Give these to the application, in order. */
  readonly events: readonly GroupEvent[]
  /** Call {@link Member.tick} no later than this; `undefined` while there is nothing to wait for. */
  readonly wakeAtMs: number | undefined
}
