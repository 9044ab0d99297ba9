import type { DeviceKey, GroupId, IdentityKey, MessageId, StateChanges } from "@qpc/wire"
import { boundWaits } from "./bound-waits.ts"
import { conditionOf } from "./condition.ts"
import type { MemberCondition } from "./condition.ts"
import type { Content } from "./content.ts"
import { earliest } from "./deadlines.ts"
import { Draft } from "./draft.ts"
import { attemptNext } from "./commit.ts"
import { endMembership } from "./end-membership.ts"
import { observeAnswer } from "./follow-log.ts"
import { gapsAtMs, tickGaps } from "./gaps/ask.ts"
import type { GroupSettings } from "./group-settings.ts"
import type { Head, ServerProof } from "./heads.ts"
import type { GroupMember, Member } from "./member.ts"
import { isLeaving, tickOwnLeave } from "./leave-group.ts"
import { leaveTurnAtMs, tickLeaveTurn } from "./leave-turn.ts"
import { MemberRecords } from "./member-records.ts"
import type { MemberState } from "./member-state.ts"
import { membersOf } from "./roster.ts"
import { receiveBytes } from "./receive.ts"
import type { ReceiveOptions } from "./receive.ts"
import { sendContent } from "./send.ts"
import { abandon, noteConflict, tickConflict, winnerAtMs } from "./settle.ts"
import { encodeState } from "./state-codec.ts"
import type { Step } from "./step.ts"
import { rejoinTurnAtMs, tickRejoins } from "./rejoin/answer-rejoin.ts"
import { tickUpkeep, upkeepAtMs } from "./upkeep.ts"

/** A member of a group whose epochs are ordered by a delivery service: the first commit per epoch wins. */
export class OrderedMember implements Member {
  readonly #state: MemberState
  #records: MemberRecords
  #isDisposed = false

  /** Takes ownership of `state`. */
  constructor(state: MemberState, records: MemberRecords = new MemberRecords(state)) {
    this.#state = state
    state.isOrdered = true
    this.#records = records
  }

  get groupId(): GroupId {
    return this.#state.groupId
  }

  get epoch(): bigint {
    return this.#alive().keys.epoch
  }

  get name(): string {
    return this.#state.profile.name
  }

  get suiteId(): number {
    return this.#state.suite.id
  }

  get settings(): GroupSettings | undefined {
    return this.#state.profile.settings
  }

  get self(): IdentityKey {
    return this.#state.self
  }

  get device(): DeviceKey {
    return this.#state.device
  }

  get isActive(): boolean {
    return this.#state.isActive
  }

  get openIntentCount(): number {
    const { intents, leaving } = this.#state
    return intents.openCount + (leaving.own === undefined ? 0 : 1)
  }

  get hasLeft(): boolean {
    return this.#state.leaving.hasLeft
  }

  get isLeaving(): boolean {
    return isLeaving(this.#state)
  }

  get epochAuthenticator(): Uint8Array {
    return this.#alive().group.epochAuthenticator()
  }

  get serverProof(): ServerProof | undefined {
    const { proof } = this.#state.heads
    return proof && { bytes: proof.bytes.slice(), isHalting: proof.isHalting }
  }

  signedHead(epoch: bigint): Head | undefined {
    const head = this.#state.heads.signedAt(epoch)
    return head && { epoch, hash: head.hash.slice(), signature: head.signature.slice() }
  }

  condition(): MemberCondition {
    return conditionOf(this.#alive())
  }

  members(): readonly GroupMember[] {
    return membersOf(this.#alive().group)
  }

  send(content: Content, nowMs: number): Step {
    return this.#step((state, draft) => sendContent(state, content, nowMs, draft))
  }

  receive(envelope: Uint8Array, nowMs: number, options: ReceiveOptions = {}): Step {
    return this.#step((state, draft) => receiveBytes(state, envelope, { nowMs, ...options }, draft))
  }

  conflict(
    messageId: MessageId,
    nowMs: number,
    missedCommits: readonly Uint8Array[] = [],
    options: ReceiveOptions = {},
  ): Step {
    return this.#step((state, draft) => noteConflict(state, { messageId, missedCommits, ...options }, nowMs, draft))
  }

  abandon(messageId: MessageId, nowMs: number): Step {
    return this.#step((state, draft) => abandon(state, messageId, nowMs, draft))
  }

  noteHead(head: Head, atLeastEpoch: bigint): Step {
    return this.#step((state, draft) => observeAnswer(state, head, atLeastEpoch, draft))
  }

  giveUp(): Step {
    return this.#step((state, draft) => {
      if (state.isActive) endMembership(state, "must_rejoin", draft)
    })
  }

  goOn(nowMs: number): Step {
    return this.#step((state, draft) => {
      const { proof } = state.heads
      if (proof === undefined) return
      // Also of a group that we are out of: its proof halts all groups of the profile.
      proof.isHalting = false
      if (state.isActive) attemptNext(state, nowMs, draft)
    })
  }

  tick(nowMs: number): Step {
    return this.#step((state, draft) => {
      const expired = state.parked.takeExpired(nowMs)
      for (let i = 0; i < expired.length; i++) draft.drop("epoch_in_future", "EPOCH_MISMATCH")
      boundWaits(state, nowMs)
      tickConflict(state, nowMs, draft)
      tickOwnLeave(state, nowMs, draft)
      tickLeaveTurn(state, nowMs, draft)
      tickRejoins(state, nowMs, draft)
      tickGaps(state, nowMs, draft)
      tickUpkeep(state, nowMs, draft)
    })
  }

  takeChanges(): StateChanges {
    this.#alive()
    return this.#records.take()
  }

  toBytes(): Uint8Array {
    return encodeState(this.#alive(), this.#records)
  }

  /** Zeroes the group's secrets. Every later call throws `TypeError`. */
  [Symbol.dispose](): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    this.#state.group[Symbol.dispose]()
    this.#state.replaced[Symbol.dispose]()
  }

  #step(change: (state: MemberState, draft: Draft) => void): Step {
    const state = this.#alive()
    const draft = new Draft()
    const { group } = state
    change(state, draft)
    // Records are checked by hashes of the suite, so that none of before can stay.
    if (state.group !== group) this.#records = new MemberRecords(state)
    const leaveAtMs = earliest(leaveTurnAtMs(state), state.leaving.own?.remindAtMs, rejoinTurnAtMs(state))
    const laterAtMs = earliest(gapsAtMs(state), upkeepAtMs(state))
    return draft.finish(earliest(state.parked.expiresAtMs, winnerAtMs(state), leaveAtMs, laterAtMs))
  }

  #alive(): MemberState {
    if (this.#isDisposed) throw new TypeError("the member was disposed")
    return this.#state
  }
}
