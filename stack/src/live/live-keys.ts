import { paddedBytes } from "@qpc/envelope"
import type { EpochKeys, MemberChanges, Membership, Opened, ReceivedPayload } from "@qpc/gbp"
import { DEFAULT_LIMITS } from "@qpc/mls"
import type { Group, StagedCommit } from "@qpc/mls"
import type { Random } from "@qpc/wire"
import { openRejection } from "../open-rejection.ts"
import { LiveRoster } from "./live-roster.ts"

/** Payloads of one member in an epoch that is not in effect; it is for a few seconds at most. */
const AHEAD_MAX = 64
/** Bytes of them, as they were sealed, and of those of all members together. */
const AHEAD_MAX_BYTES = 1024 * 1024
const AHEAD_OF_ALL_MAX_BYTES = 16 * AHEAD_MAX_BYTES

/** A commit that is held, and who is in the group once it is in effect. */
interface Held {
  readonly staged: StagedCommit
  readonly roster: LiveRoster
}

/**
 * The keys of a live group, and who is who in the epochs that they are of.
 *
 * Payloads are opened in the present epoch, the last few, and that of the commit which is held, unless it removes us; sealed in the
 * present one only.
 */
export class LiveKeys implements EpochKeys, Membership, Disposable {
  readonly #group: Group
  readonly #random: Random
  readonly #rosters = new Map<bigint, LiveRoster>()
  readonly #joinedAt: bigint
  #held: Held | undefined
  #ahead: ReceivedPayload[] = []
  #arrived: ReceivedPayload[] = []
  /** The time of the call under way, Unix time in milliseconds. */
  nowMs = 0
  /** As the control plane counts. */
  lastTransitionId = 0

  /** Takes ownership of the group. @throws RangeError unless every leaf signs a member id of its own */
  constructor(group: Group, random: Random) {
    const roster = LiveRoster.of(group.members())
    if (roster === undefined) throw new RangeError("not every leaf signs a member id of its own")
    this.#group = group
    this.#random = random
    this.#joinedAt = group.epoch
    this.#rosters.set(group.epoch, roster)
  }

  get epoch(): bigint {
    return this.#group.epoch
  }

  get oldestEpoch(): bigint {
    const oldest = this.epoch - BigInt(DEFAULT_LIMITS.pastEpochs)
    return oldest < this.#joinedAt ? this.#joinedAt : oldest
  }

  get newestEpoch(): bigint {
    return this.#openable === undefined ? this.epoch : this.epoch + 1n
  }

  /** Of the present epoch. */
  get roster(): LiveRoster {
    const roster = this.#rosters.get(this.epoch)
    if (roster === undefined) throw new Error("unreachable: an epoch without members")
    return roster
  }

  memberIdOf(leafIndex: number, epoch: bigint): number | undefined {
    const roster = epoch > this.epoch ? this.#held?.roster : this.#rosters.get(epoch)
    return roster?.memberIdOf(leafIndex)
  }

  seal(plaintext: Uint8Array, authenticatedData: Uint8Array): Uint8Array {
    return this.#group.protect(plaintext, { authenticatedData, paddedBytes, random: this.#random })
  }

  open(sealed: Uint8Array, authenticatedData: Uint8Array): Opened {
    const staged = this.#openable
    const received = this.#group.receive(sealed, this.nowMs, { only: "application", authenticatedData, staged })
    if (received.kind === "rejected") return { kind: "rejected", reason: openRejection(received.reason) }
    if (received.kind !== "application") throw new Error("unreachable: only application messages are opened")
    const { senderLeafIndex, epoch, plaintext } = received
    return { kind: "opened", senderLeafIndex, epoch, plaintext }
  }

  /** Holds a staged commit; `undefined`, and it is cleared, where the member ids that it leads to are not right. */
  hold(staged: StagedCommit): MemberChanges | undefined {
    const roster = LiveRoster.after(this.#group.members(), staged.report)
    if (roster === undefined) {
      this.#group.clear(staged)
      return undefined
    }
    this.#held = { staged, roster }
    this.#ahead = []
    return this.roster.changesTo(roster)
  }

  /** Takes the commit that is held into effect. Returns whether our leaf is a new one. @throws TypeError if there is none */
  merge(): boolean {
    const { staged, roster } = this.#taken()
    this.#group.merge(staged)
    this.#held = undefined
    this.#arrived.push(...this.#ahead.splice(0))
    // Whoever is removed stays in the last epoch that was theirs.
    if (!staged.report.selfRemoved) this.#rosters.set(this.epoch, roster)
    for (const epoch of this.#rosters.keys()) if (epoch < this.oldestEpoch) this.#rosters.delete(epoch)
    return staged.report.updated.some(({ leafIndex }) => leafIndex === this.#group.ownLeafIndex)
  }

  /** Drops the commit that is held. @throws TypeError if there is none */
  clear(): void {
    this.#group.clear(this.#taken().staged)
    this.#held = undefined
    this.#ahead = []
  }

  /**
   * Keeps a payload of the epoch that is held until that is in effect: it does not open a second time, and if the commit is given up, those
   * who wrote it were never let in.
   *
   * @returns false if there are too many, or too long ones, of this member or of all
   */
  keepAhead(payload: ReceivedPayload): boolean {
    const theirs = this.#ahead.filter(({ senderLeafIndex }) => senderLeafIndex === payload.senderLeafIndex)
    const isTooMuch =
      theirs.length >= AHEAD_MAX ||
      sealedBytesOf([...theirs, payload]) > AHEAD_MAX_BYTES ||
      sealedBytesOf([...this.#ahead, payload]) > AHEAD_OF_ALL_MAX_BYTES
    if (!isTooMuch) this.#ahead.push(payload)
    return !isTooMuch
  }

  /** Hands out what was kept of an epoch that is in effect by now. */
  takeArrived(): ReceivedPayload[] {
    return this.#arrived.splice(0)
  }

  /** Zeroes all keys. */
  [Symbol.dispose](): void {
    this.#held = undefined
    this.#group[Symbol.dispose]()
  }

  #taken(): Held {
    if (this.#held === undefined) throw new TypeError("no commit is held")
    return this.#held
  }

  get #openable(): StagedCommit | undefined {
    return this.#held?.staged.report.selfRemoved === true ? undefined : this.#held?.staged
  }
}

function sealedBytesOf(payloads: readonly ReceivedPayload[]): number {
  return payloads.reduce((sum, { sealedBytes }) => sum + sealedBytes, 0)
}
