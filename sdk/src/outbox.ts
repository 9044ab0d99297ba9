import { receiveEnvelope } from "@qpc/group"
import type { Head, Outgoing } from "@qpc/group"
import { methods, RpcError } from "@qpc/rpc"
import type { Method, RequestInitOf, ResponseOf } from "@qpc/rpc"
import { toHex } from "@qpc/wire"
import type { DeviceKey, GroupId } from "@qpc/wire"
import { ClientError, isDiskFull } from "./client-error.ts"
import type { Context } from "./context.ts"
import { damageOfGroup, IN_VAIN } from "./damaged-groups.ts"
import { messageBytes, waitForRoom } from "./full-inboxes.ts"
import type { PlacedRow } from "./full-inboxes.ts"
import { AWAY_TOO_LONG } from "./missing-history.ts"
import type { Failure, NoticeReason } from "./model.ts"
import { asClientError } from "./network-error.ts"
import { envelopeKindOf, isControl } from "./outgoing-kind.ts"
import type { OutboxRecord } from "./records.ts"
import { withKeyPackages } from "./receive.ts"
import { OWN_STEP, recordStep } from "./record-step.ts"
import { isEntering, isRejoin, rejoinRefused } from "./rejoin-state.ts"
import { RoomToJoin } from "./room-to-join.ts"
import { Transaction } from "./transaction.ts"

/** Asks the server something on whatever connection there is. */
export type Call = <M extends Method>(method: M, request: RequestInitOf<M>) => Promise<ResponseOf<M>>

/** What an outbox needs to reach the network. */
export interface OutboxOptions {
  readonly call: Call
  /** While false nothing is tried. */
  readonly isReady: () => boolean
  /** The store failed under a lane: nothing can be recorded any more. Must not throw. */
  readonly onStoreFailure: (error: unknown) => void
}

/** How a row fared with the server. */
type Outcome =
  /** Those in `full` do not have it yet: their inboxes have no room. */
  | { readonly kind: "accepted"; readonly full: readonly DeviceKey[]; readonly head: Head | undefined }
  | { readonly kind: "epoch_conflict"; readonly missedCommits: readonly Uint8Array[]; readonly head: Head | undefined }
  /** Try again later. */
  | { readonly kind: "retry"; readonly waitMs: number }
  /** The server will never take it. */
  | { readonly kind: "refused"; readonly failure: Failure }

/** Only a commit can come second; a server that says so of a text has not taken it and never will. */
const NO_CLAIM: Outcome = { kind: "refused", failure: { code: "protocol", nextStep: "Update qpc or the server." } }

const FIRST_RETRY_MS = 250
/** Fewer failures in a row are a hiccup. */
const TROUBLED_FAILURES = 3

/**
 * Hands the outbox to the server: one lane per group, in which each message waits for the one before, so that the order
 * of a group is kept and one group's trouble is not another's.
 *
 * A message is repeated under the same id until the server answers for good; the server recognises the repetition.
 */
export class Outbox {
  readonly #context: Context
  readonly #options: OutboxOptions
  readonly #lanes = new Map<string, Promise<void>>()
  /** Lanes that wait after a failed try, and how many there were. */
  readonly #waiting = new Map<string, Disposable>()
  readonly #failures = new Map<string, number>()
  readonly #room: RoomToJoin
  #isClosed = false

  constructor(context: Context, options: OutboxOptions) {
    this.#context = context
    this.#options = options
    this.#room = new RoomToJoin(context.clock, context.limits)
  }

  /** Something is there to send, or a way to send it. */
  kick(): void {
    if (this.#isClosed || !this.#options.isReady()) return
    for (const group of this.#context.outbox.lanes()) {
      if (this.#lanes.size >= this.#context.limits.outboxLanes) return
      if (this.#lanes.has(group) || this.#waiting.has(group)) continue
      this.#lanes.set(group, this.#run(group))
    }
  }

  /** A new connection: what waited after a failure need not wait any longer. */
  restart(): void {
    for (const timer of this.#waiting.values()) timer[Symbol.dispose]()
    this.#waiting.clear()
    this.#failures.clear()
    this.kick()
  }

  /** Groups that failed several times in a row and wait for their next try. */
  get troubledCount(): number {
    return [...this.#waiting.keys()].filter((group) => (this.#failures.get(group) ?? 0) >= TROUBLED_FAILURES).length
  }

  /** Starts nothing more and waits for what is under way. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const timer of this.#waiting.values()) timer[Symbol.dispose]()
    this.#waiting.clear()
    await Promise.all(this.#lanes.values())
  }

  async #run(group: string): Promise<void> {
    try {
      await this.#drain(group)
    } catch (error) {
      // The row is still there; offered again under its id, it does no harm.
      if (isDiskFull(error)) this.#wait(group, this.#context.limits.retryCapMs)
      else this.#options.onStoreFailure(error)
    } finally {
      this.#lanes.delete(group)
    }
    // What was added while the lane was ending, and the groups that found no free lane.
    this.kick()
  }

  async #drain(group: string): Promise<void> {
    const { outbox, profile } = this.#context
    const full = new Set<string>()
    let position = outbox.head(group)
    while (position !== undefined && !this.#isClosed && this.#options.isReady()) {
      const row = await profile.outboxRow(position)
      if (row === undefined) throw new Error("unreachable: the index names a row that is not in the store")
      const outcome = await this.#offer(group, row)
      if (outcome.kind === "retry") return this.#wait(group, outcome.waitMs)
      this.#failures.delete(group)
      await settle(this.#context, position, row, outcome)
      if (row.held !== undefined) for (const name of outbox.missing(position)) full.add(name)
      position = full.size === 0 ? outbox.head(group) : outbox.behind(group, position, full)
    }
    // Held before, and there is still no room for some.
    if (full.size > 0) this.#wait(group, this.#context.limits.retryCapMs)
  }

  async #offer(group: string, { outgoing }: OutboxRecord): Promise<Outcome> {
    try {
      const batch = batchOf(outgoing, this.#context.limits.pastEpochs)
      const { outcome } = await asClientError(this.#options.call(methods.batchEnqueue, batch))
      if (outcome.case === "accepted") {
        this.#room.accepted(outgoing)
        // Whoever has no room for a commit fetches it from the log.
        const full = outgoing.claim === undefined ? outcome.value.fullKeys : []
        return { kind: "accepted", full: recipientsAmong(outgoing, full), head: outcome.value.head }
      }
      if (outcome.case === "epochConflict" && outgoing.claim === undefined) return NO_CLAIM
      if (outcome.case === "epochConflict") {
        const { missedCommits, head } = outcome.value
        return { kind: "epoch_conflict", missedCommits, head }
      }
      return { kind: "retry", waitMs: this.#context.limits.retryCapMs } // A newer server's answer that we cannot read.
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      const { cause } = error
      if (cause instanceof RpcError && cause.reason === "epoch_passed") return { kind: "refused", failure: MOVED_ON }
      if (isWithoutRoom(cause, outgoing) && this.#room.refused(outgoing))
        return { kind: "refused", failure: NO_ROOM_TO_JOIN }
      const isTooLarge = cause instanceof RpcError && cause.reason === "request_too_large"
      // Neither is the message's fault: it waits until somebody logs in, or the connection is back.
      const isOurs = error.code === "session_expired" || error.code === "aborted"
      if ((error.retryable || isOurs) && !isTooLarge) return { kind: "retry", waitMs: this.#retryMs(group, cause) }
      return { kind: "refused", failure: { code: error.code, nextStep: error.nextStep } }
    }
  }

  /** Full jitter between nothing and an exponential bound, behind what the server asked for. */
  #retryMs(group: string, cause: unknown): number {
    const failures = this.#failures.get(group) ?? 0
    this.#failures.set(group, failures + 1)
    const { random, limits } = this.#context
    const [byte = 0] = random(1)
    const boundMs = Math.min(limits.retryCapMs, FIRST_RETRY_MS * 2 ** Math.min(failures, 20))
    return (cause instanceof RpcError ? cause.retryAfterMs : 0) + Math.ceil((boundMs * (byte + 1)) / 256)
  }

  #wait(group: string, waitMs: number): void {
    if (this.#isClosed) return
    const timer = this.#context.clock.setTimer(waitMs, () => {
      this.#waiting.delete(group)
      this.kick()
    })
    this.#waiting.set(group, timer)
    this.#context.pulse.beat()
  }
}

/** Writes down what the server said about a row, and takes it out of the outbox. */
function settle(
  context: Context,
  position: number,
  row: OutboxRecord,
  outcome: Exclude<Outcome, { readonly kind: "retry" }>,
): Promise<void> {
  const { outgoing, sentId } = row
  const { groupId } = outgoing
  return context.turn.takeAlways(async () => {
    if ((await context.profile.outboxRow(position)) === undefined) return // We were removed from the group meanwhile.
    await Transaction.run(context, "down", async (tx) => {
      if (outcome.kind !== "refused") await noteHead(context, tx, outgoing, outcome.head)
      if (outcome.kind === "accepted") return settleAccepted(context, tx, { position, row }, outcome)
      tx.dequeue(groupId, position)
      if (isRejoin(context, groupId, outgoing.messageId)) {
        return rejoinRefused(context, tx, groupId, outcome.kind === "refused" ? outcome.failure.code : undefined)
      }
      // Whoever waited for it asks somebody else, or again.
      if (isControl(row)) return
      // A proposal ends with its epoch: its member makes another, once it hears of the new one.
      if (outcome.kind === "refused" && outcome.failure === MOVED_ON && sentId === undefined) return
      if (outcome.kind === "refused") {
        if (sentId !== undefined) tx.sent(groupId, sentId, "failed", outcome.failure)
        const reason: NoticeReason = outcome.failure === NO_ROOM_TO_JOIN ? "invited_inbox_full" : "send_failed"
        tx.notice({ seq: 0n, sizeBytes: messageBytes(outgoing), groupId, reason })
      }
      await tellMember(context, tx, row, outcome)
    })
  })
}

/** What the server says of the log when it has taken a commit, or another one before. */
async function noteHead(
  context: Context,
  tx: Transaction,
  { groupId, claim }: Outgoing,
  head: Head | undefined,
): Promise<void> {
  const member = context.groups.find(groupId)
  if (member === undefined || claim === undefined || head === undefined) return
  await recordStep(context, tx, member, member.noteHead(head, claim.epoch + 1n), OWN_STEP)
}

/** The server has it: for everybody, or for all but those whose inboxes are full. It is accepted once somebody has it. */
async function settleAccepted(
  context: Context,
  tx: Transaction,
  { position, row }: PlacedRow,
  { full }: Extract<Outcome, { readonly kind: "accepted" }>,
): Promise<void> {
  const { outgoing, sentId, held } = row
  const { groupId } = outgoing
  const wasReached = held?.hasReached === true
  const hasReached = wasReached || full.length < recipientsOf(outgoing).length
  const isPassed = isUnreadable(context, outgoing)
  // Nobody can tell how far the others are, and the server says of a repeated message only who has not got it.
  const awayFailure = failureOfAway(context, groupId)
  const isAway = awayFailure !== undefined
  const kind = envelopeKindOf(outgoing)
  // Whoever lacks a proposal gets it with the commit: as soon as somebody has it, it is where it should be. Whoever wants back into a
  // group asks again, and so does whoever lacks a text.
  const isAsking = kind === "rejoin_request" || kind === "rejoin_answer" || isControl(row)
  const isEnough = kind === "proposal" ? hasReached : isAsking
  const isWaited =
    full.length > 0 &&
    !isEnough &&
    waitForRoom(context, tx, { position, row }, { isTooOld: isPassed || isAway, missing: full, hasReached })
  if (!isWaited) tx.dequeue(groupId, position)
  if (sentId === undefined || wasReached) return
  if (hasReached) return tx.sent(groupId, sentId, "accepted")
  if (isWaited) return
  await giveUp(context, tx, outgoing)
  if (isAway) return tx.sent(groupId, sentId, "failed", awayFailure)
  tx.sent(groupId, sentId, "failed", isPassed ? MOVED_ON : NO_ROOM)
}

/** What becomes of a message for which nobody had room, while we cannot follow its group; `undefined` while we can. */
function failureOfAway(context: Context, groupId: GroupId): Failure | undefined {
  if (damageOfGroup(context, groupId) !== undefined) return IN_VAIN
  return context.missing.isStuck(groupId) ? AWAY_TOO_LONG : undefined
}

/** Nobody will ever get it: its member takes that in, and tells the others where they would wait for it. */
async function giveUp(context: Context, tx: Transaction, { groupId, messageId }: Outgoing): Promise<void> {
  const member = context.groups.find(groupId)
  if (member === undefined) return
  await recordStep(context, tx, member, member.abandon(messageId, context.clock.unixMs()), OWN_STEP)
}

/** Those of our recipients whom the server names; who else it names is nothing to us. */
function recipientsAmong(outgoing: Outgoing, keys: readonly Uint8Array[]): DeviceKey[] {
  const named = new Set(keys.map(toHex))
  return recipientsOf(outgoing).filter((recipient) => named.has(toHex(recipient)))
}

const recipientsOf = ({ deliveries }: Outgoing): DeviceKey[] => deliveries.flatMap(({ recipients }) => recipients)

/**
 * A commit or proposal that came to nothing is the member's matter: its intent is made anew, or has failed. So is a text that nobody
 * got, for whom the others are not to wait.
 */
async function tellMember(
  context: Context,
  tx: Transaction,
  { outgoing, sentId, held }: OutboxRecord,
  outcome: Exclude<Outcome, { readonly kind: "retry" }>,
): Promise<void> {
  const { groupId, messageId } = outgoing
  const member = context.groups.find(groupId)
  if (outcome.kind === "accepted" || member === undefined) return
  if (outcome.kind === "refused") {
    if (held?.hasReached !== true) await giveUp(context, tx, outgoing)
    return
  }
  if (sentId !== undefined) return
  const nowMs = context.clock.unixMs()
  const missedCommits = isEntering(context, groupId) ? [] : outcome.missedCommits
  const step = await withKeyPackages(context, member, missedCommits, (options) =>
    member.conflict(messageId, nowMs, missedCommits, options),
  )
  await recordStep(context, tx, member, step, OWN_STEP)
}

const MOVED_ON: Failure = {
  code: "group_moved_on",
  nextStep: "The group changed too often while you were offline; look at its members, then send it again.",
}

/** Nobody is let in without room for the Welcome, and nobody else waits for that. */
const NO_ROOM_TO_JOIN: Failure = {
  code: "inbox_full",
  nextStep: "Ask them to read their messages, then invite them again.",
}

/** True for an invitation of somebody whose inbox is full. */
const isWithoutRoom = (cause: unknown, { claim }: Outgoing): boolean =>
  claim !== undefined && cause instanceof RpcError && cause.reason === "inbox_full"

/** What a message that nobody had room for comes to in the end. */
const NO_ROOM: Failure = { code: "inbox_full", nextStep: "Ask them to read their messages, then send it again." }

/**
 * The last epoch in which members still have the keys of a text, or a use for a proposal; `undefined` for a commit. To seal a text
 * anew without asking would show it to people who were not in the group when it was written.
 */
function readableUntil({ deliveries, claim }: Outgoing, pastEpochs: number): bigint | undefined {
  const [first] = deliveries
  if (claim !== undefined || first === undefined) return undefined
  const received = receiveEnvelope(first.envelope)
  if (received.kind === "drop") return undefined
  const { kind, epoch } = received.envelope
  if (kind === "rejoin_request") return undefined
  return kind === "application" ? epoch + BigInt(pastEpochs) : epoch
}

/** True for a text that waited until the group had moved on, as far as we know. */
function isUnreadable({ groups, limits }: Context, outgoing: Outgoing): boolean {
  const member = groups.find(outgoing.groupId)
  const lastEpoch = readableUntil(outgoing, limits.pastEpochs)
  return member !== undefined && lastEpoch !== undefined && member.epoch > lastEpoch
}

function batchOf(outgoing: Outgoing, pastEpochs: number) {
  const { messageId, groupId, deliveries, claim } = outgoing
  const readableUntilEpoch = readableUntil(outgoing, pastEpochs)
  return {
    messageId,
    channelId: groupId,
    deliveries: deliveries.map(({ recipients, envelope }) => ({ recipientKeys: [...recipients], payload: envelope })),
    partial: claim === undefined,
    ...(readableUntilEpoch !== undefined && { readableUntilEpoch }),
    ...(claim && { claim: { ...claim, membersAfter: [...claim.membersAfter] } }),
  }
}
