import type { KeyPair } from "@qpc/crypto"
import { receiveEnvelope } from "@qpc/envelope"
import type { GroupId, IdentityKey } from "@qpc/wire"
import { equalBytes, GROUP_ID_BYTES, toGroupId, toHex } from "@qpc/wire"
import type { ServerClock } from "../clock.ts"
import type { Observation, Observe } from "../observe.ts"
import { refusal } from "../refusal.ts"
import type { ServerLimits } from "../server-limits.ts"
import type {
  Batch,
  BatchClaim,
  BatchLimits,
  BatchOutcome,
  CommitPage,
  PeekRange,
  Standing,
  Storage,
  StoredEnvelope,
} from "../storage/storage.ts"
import type { LogSuite } from "./delivery-key.ts"
import { fingerprint } from "./fingerprint.ts"
import type { InboxNotifier } from "./inbox-notifier.ts"
import { logClaim } from "./log-claim.ts"
import { receiveBatch } from "./receive.ts"
import type { CheckedBatch, CheckedClaim, OfferedBatch } from "./receive.ts"

/** What `Delivery` is made of. */
export interface DeliveryOptions {
  readonly storage: Storage
  readonly notifier: InboxNotifier
  readonly clock: ServerClock
  readonly limits: ServerLimits
  readonly observe: Observe
  readonly suite: LogSuite
  /** Signs the log of each channel's epochs. */
  readonly key: KeyPair
}

type Accepted = Extract<BatchOutcome, { kind: "accepted" }>
type Conflict = Extract<BatchOutcome, { kind: "epoch_conflict" }>

/** How much ciphertext an observation shows. */
const TAIL_BYTES = 20

/** An answer with one full inbox read never exceeds a frame of 4 MiB. */
const PEEK_BYTES_MAX = 3 * 1024 * 1024
const PEEK_ENVELOPES_MAX = 256
const COMMITS_MAX = 256
/** How many channels one question may be about. */
const CHANNELS_MAX = 256

/** Takes messages in and hands them out in order. Refusals are thrown as `RpcError`. */
export class Delivery {
  readonly #options: DeliveryOptions
  readonly #batchLimits: BatchLimits

  constructor(options: DeliveryOptions) {
    this.#options = options
    const { queueDepth, queueBytes, rememberedIds, commitLogEpochs, commitLogBytes } = options.limits
    const formerMembers = options.limits.membersPerChannel
    this.#batchLimits = { queueDepth, queueBytes, rememberedIds, commitLogEpochs, commitLogBytes, formerMembers }
  }

  /** Everything of the batch is durable when this resolves, or nothing. */
  async enqueue(sender: IdentityKey, offered: OfferedBatch): Promise<Accepted | Conflict> {
    const { storage, limits, clock } = this.#options
    const checked = receiveBatch(offered, limits)
    if (checked.kind === "refused") throw refusal(checked.reason)
    const acceptedAtMs = clock.unixMs()
    const { ttlMs, claim, ...rest } = checked.batch
    const batch: Batch = {
      ...rest,
      ...(claim && { claim: this.#claim(checked.batch, claim, acceptedAtMs) }),
      sender,
      fingerprint: fingerprint(checked.batch),
      acceptedAtMs,
      expiresAtMs: acceptedAtMs + ttlMs,
      rememberedUntilMs: acceptedAtMs + limits.retentionMs,
    }
    const outcome = await storage.enqueue(batch, this.#batchLimits)
    if (outcome.kind === "accepted") this.#announce(checked.batch, outcome)
    if (outcome.kind === "accepted" || outcome.kind === "epoch_conflict") return outcome
    throw refusal(outcome.kind)
  }

  /** Reads without removing. @param range - `limit` 0 means as many as the server likes */
  async peek(
    inbox: IdentityKey,
    range: { readonly afterSeq: number; readonly limit: number },
  ): Promise<{ readonly envelopes: readonly StoredEnvelope[]; readonly more: boolean }> {
    const limit = range.limit === 0 ? PEEK_ENVELOPES_MAX : Math.min(range.limit, PEEK_ENVELOPES_MAX)
    const nowMs = this.#options.clock.unixMs()
    const read: PeekRange = { afterSeq: range.afterSeq, limit, limitBytes: PEEK_BYTES_MAX, nowMs }
    return this.#options.storage.peek(inbox, read)
  }

  /** Reads the log of a channel. @param range - `limit` 0 means as many as the server likes */
  async commits(
    reader: IdentityKey,
    channelId: Uint8Array,
    range: { readonly fromEpoch: number; readonly limit: number },
  ): Promise<CommitPage> {
    const { storage, clock } = this.#options
    const limit = range.limit === 0 ? COMMITS_MAX : Math.min(range.limit, COMMITS_MAX)
    const read = { fromEpoch: range.fromEpoch, limit, limitBytes: PEEK_BYTES_MAX, nowMs: clock.unixMs() }
    const page = await storage.commits(channelOf(channelId), reader, read)
    if (page === undefined) throw refusal("not_a_member")
    return page
  }

  /** Tells how far channels and an inbox are. */
  async standing(reader: IdentityKey, channelIds: readonly Uint8Array[]): Promise<Standing> {
    if (channelIds.length > CHANNELS_MAX) throw refusal("too_large")
    return this.#options.storage.standing(reader, channelIds.map(channelOf))
  }

  /** Forgets what the reader has on its own disk. @returns how many remain, and how many commits were ever left out */
  async acknowledge(
    inbox: IdentityKey,
    seqUpTo: number,
  ): Promise<{ readonly remaining: number; readonly commitsLeftOut: number }> {
    const { storage, notifier, clock } = this.#options
    const remaining = await storage.acknowledge(inbox, seqUpTo, clock.unixMs())
    if (remaining === undefined) throw refusal("ack_ahead")
    notifier.acknowledge(inbox, seqUpTo)
    // Read afterwards: what was left out until there was room again is in it.
    return { remaining, commitsLeftOut: await storage.commitsLeftOut(inbox) }
  }

  #claim(batch: CheckedBatch, claim: CheckedClaim, nowMs: number): BatchClaim {
    const { suite, key, limits } = this.#options
    const { epoch, membersAfter, commitIndex } = claim
    const keptUntilMs = nowMs + limits.commitLogLifetimeMs
    const signHead: BatchClaim["signHead"] = (before) => logClaim({ suite, key, batch, nowMs }, before)
    return { epoch, membersAfter, commitIndex, keptUntilMs, signHead }
  }

  #announce(batch: CheckedBatch, { duplicate, skipped, full }: Accepted): void {
    const { observe } = this.#options
    const bytes = batch.deliveries.reduce((sum, { payload }) => sum + payload.length, 0)
    const reached = new Map<string, IdentityKey>()
    for (const { recipients } of batch.deliveries) for (const key of recipients) reached.set(toHex(key), key)
    for (const key of [...skipped, ...full]) reached.delete(toHex(key))
    observe({ kind: "enqueued", recipients: reached.size, bytes, duplicate })
    // A repetition may have reached some who had no room before; a wake too many does no harm.
    if (duplicate) return this.#wake(batch.partial ? reached.values() : [])
    for (const delivery of batch.deliveries) observe(envelopeObservation(delivery))
    this.#wake(reached.values())
  }

  #wake(recipients: Iterable<IdentityKey>): void {
    for (const recipient of recipients) this.#options.notifier.wake(recipient)
  }
}

function channelOf(channelId: Uint8Array): GroupId {
  if (channelId.length !== GROUP_ID_BYTES) throw refusal("malformed")
  return toGroupId(channelId)
}

function envelopeObservation({ payload, recipients }: CheckedBatch["deliveries"][number]): Observation {
  const received = receiveEnvelope(payload)
  if (received.kind !== "envelope") throw new Error("unreachable: the batch was checked")
  const { kind: label, epoch, sealed } = received.envelope
  const tail = toHex(sealed.subarray(-TAIL_BYTES))
  return { kind: "envelope", label, epoch: Number(epoch), bytes: payload.length, recipients: recipients.length, tail }
}

/** True if the only recipient of a batch was skipped. */
export function reachedNobody(recipient: Uint8Array, { skipped }: Accepted): boolean {
  return skipped.some((key) => equalBytes(key, recipient))
}
