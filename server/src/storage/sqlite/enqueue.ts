import type { SqliteDatabase } from "./engine.ts"
import { concatBytes, equalBytes, IDENTITY_KEY_BYTES, toHex, toIdentityKey } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import { isReadableIn, MISSED_COMMITS_BYTES_MAX, MISSED_COMMITS_MAX } from "../storage.ts"
import type { Batch, BatchLimits, BatchOutcome, HeadPosition } from "../storage.ts"
import type { AccountRows } from "./accounts.ts"
import type { Channel, ChannelRows } from "./channels.ts"
import type { CommitLogRows } from "./commit-log.ts"
import type { InboxRows, PayloadRows } from "./inboxes.ts"

/** The rows that an enqueue reads and writes. */
export interface EnqueueRows {
  readonly accounts: AccountRows
  readonly channels: ChannelRows
  readonly inboxes: InboxRows
  readonly payloads: PayloadRows
  readonly log: CommitLogRows
}

interface RememberedRow {
  readonly fingerprint: Uint8Array
  readonly accepted_at_ms: number
  readonly first_seq: number | null
  readonly skipped: Uint8Array
  readonly waiting: Uint8Array
}

type Accepted = Extract<BatchOutcome, { kind: "accepted" }>

/** Which inbox gets which deliveries; computed before anything is written, so a refusal leaves nothing behind. */
interface Plan {
  /** Account number → who that is, and the indexes of what they get. */
  readonly inboxes: Map<number, { readonly recipient: IdentityKey; readonly deliveries: number[] }>
  readonly skipped: IdentityKey[]
  /** Who has no room, and is not among `inboxes`. */
  readonly full: IdentityKey[]
  /** How many inboxes each delivery reaches. */
  readonly reach: number[]
}

/** The one transaction that takes a message in: repeat? allowed? room? then everything at once. */
export class Enqueue {
  readonly #accounts: AccountRows
  readonly #channels: ChannelRows
  readonly #inboxes: InboxRows
  readonly #payloads: PayloadRows
  readonly #log: CommitLogRows
  readonly #remembered
  readonly #rememberedCount
  readonly #remember
  readonly #forgetExpired
  readonly #countRemembered
  readonly #setWaiting
  readonly #isWaiting

  constructor(db: SqliteDatabase, rows: EnqueueRows) {
    this.#accounts = rows.accounts
    this.#channels = rows.channels
    this.#inboxes = rows.inboxes
    this.#payloads = rows.payloads
    this.#log = rows.log
    this.#remembered = db.prepare<[number, Uint8Array, number], RememberedRow>(
      `SELECT fingerprint, accepted_at_ms, first_seq, skipped, waiting FROM accepted_messages
       WHERE sender = ? AND message_id = ? AND remembered_until_ms > ?`,
    )
    this.#rememberedCount = db.prepare<[number], number>("SELECT remembered FROM inboxes WHERE id = ?").pluck()
    this.#remember = db.prepare(
      `INSERT INTO accepted_messages
         (sender, message_id, fingerprint, accepted_at_ms, first_seq, skipped, waiting, remembered_until_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#forgetExpired = db.prepare("DELETE FROM accepted_messages WHERE sender = ? AND message_id = ?")
    this.#countRemembered = db.prepare("UPDATE inboxes SET remembered = remembered + 1 WHERE id = ?")
    this.#isWaiting = db
      .prepare<[number, Uint8Array, number], number>(
        `SELECT 1 FROM accepted_messages INDEXED BY accepted_messages_waiting
         WHERE sender = ? AND waiting <> x'' AND instr(waiting, ?) > 0 AND remembered_until_ms > ? LIMIT 1`,
      )
      .pluck()
    this.#setWaiting = db.prepare("UPDATE accepted_messages SET waiting = ? WHERE sender = ? AND message_id = ?")
  }

  perform(batch: Batch, limits: BatchLimits): BatchOutcome {
    const sender = this.#accounts.idOf(batch.sender)
    if (sender === undefined) return { kind: "not_a_member" }
    // First: the repeat of an accepted message is accepted, whatever has happened to its sender or channel since.
    const repeated = this.#repeated(sender, batch, limits)
    if (repeated) return repeated
    if ((this.#rememberedCount.get(sender) as number) >= limits.rememberedIds) return { kind: "too_many_ids" }

    const found = this.#channels.find(batch.channelId)
    const refusal = this.#refuse(found, batch)
    if (refusal) return refusal
    const plan = this.#plan(found, batch)
    this.#setApartFull(plan, batch, limits, this.#behind(sender, batch))
    const refusing = batch.claim ? plan.full.find((one) => isInvited(batch, one)) : plan.full[0]
    if (refusing !== undefined && batch.partial !== true) return { kind: "inbox_full", recipient: refusing }
    return this.#accept(sender, batch, { found, plan, limits })
  }

  /** Tells who still misses a partial message of this sender: they must not get a new one first. */
  #behind(sender: number, batch: Batch): (recipient: IdentityKey) => boolean {
    if (batch.partial !== true) return () => false
    return (recipient) => this.#isWaiting.get(sender, recipient, batch.acceptedAtMs) !== undefined
  }

  /** Moves those who have no room out of the way. */
  #setApartFull(plan: Plan, batch: Batch, limits: BatchLimits, isBehind: (recipient: IdentityKey) => boolean): void {
    for (const [inbox, { recipient, deliveries }] of plan.inboxes) {
      const bytes = deliveries.reduce((sum, index) => sum + batch.deliveries[index]!.payload.length, 0)
      const hasRoom = this.#inboxes.hasRoom(inbox, { count: deliveries.length, bytes }, limits, batch.acceptedAtMs)
      if (hasRoom && !isBehind(recipient)) continue
      plan.full.push(recipient)
      plan.inboxes.delete(inbox)
      for (const index of deliveries) plan.reach[index]! -= 1
    }
  }

  #repeated(sender: number, batch: Batch, limits: BatchLimits): BatchOutcome | undefined {
    const row = this.#remembered.get(sender, batch.messageId, batch.acceptedAtMs)
    if (!row) return undefined
    if (!equalBytes(row.fingerprint, batch.fingerprint)) return { kind: "message_id_reused" }
    const waiting = splitKeys(row.waiting)
    return {
      kind: "accepted",
      duplicate: true,
      acceptedAtMs: row.accepted_at_ms,
      skipped: splitKeys(row.skipped),
      full: waiting.length > 0 && batch.partial === true ? this.#tryAgain(sender, batch, { waiting, limits }) : waiting,
      firstSeq: row.first_seq ?? undefined,
      ...this.#position(batch),
    }
  }

  #position({ claim, channelId }: Batch): { readonly position?: HeadPosition } {
    const channel = claim && this.#channels.find(channelId)
    return channel?.head ? { position: { epoch: channel.currentEpoch, head: channel.head } } : {}
  }

  /** Reaches those who had no room before, as far as they have it now and are still in the channel. @returns the others */
  #tryAgain(
    sender: number,
    batch: Batch,
    again: {
      readonly waiting: readonly IdentityKey[]
      readonly limits: BatchLimits
    },
  ): readonly IdentityKey[] {
    const { waiting, limits } = again
    const found = this.#channels.find(batch.channelId)
    if (this.#refuse(found, batch)) return waiting
    const names = new Set(waiting.map(toHex))
    const deliveries = batch.deliveries.map(({ recipients, payload }) => {
      return { payload, recipients: recipients.filter((recipient) => names.has(toHex(recipient))) }
    })
    const rest = { ...batch, deliveries }
    const plan = this.#plan(found, rest)
    this.#setApartFull(plan, rest, limits, () => false)
    this.#append(rest, plan)
    this.#setWaiting.run(concatBytes(...plan.full), sender, batch.messageId)
    return plan.full
  }

  #refuse(channel: Channel | undefined, batch: Batch): BatchOutcome | undefined {
    const { claim, sender } = batch
    // A claim on an unknown channel founds it. Nobody can take a channel over: its id is 16 random bytes.
    if (!channel) return claim ? undefined : { kind: "not_a_member" }
    if (!this.#channels.isMember(channel, sender)) return { kind: "not_a_member" }
    const { currentEpoch } = channel
    if ((batch.sealedIn ?? 0) > currentEpoch) return { kind: "epoch_ahead", currentEpoch }
    if (!claim) return isReadableIn(currentEpoch, batch) ? undefined : { kind: "epoch_passed", currentEpoch }
    if (claim.epoch === currentEpoch) return undefined
    if (claim.epoch > currentEpoch) return { kind: "epoch_ahead", currentEpoch }
    const reader = { channel, lastEpoch: currentEpoch - 1 }
    const limits = { limit: MISSED_COMMITS_MAX, limitBytes: MISSED_COMMITS_BYTES_MAX }
    const { commits } = this.#log.page(reader, { ...limits, fromEpoch: claim.epoch, nowMs: batch.acceptedAtMs })
    const missedCommits = commits.map(({ payload }) => payload)
    return { kind: "epoch_conflict", currentEpoch, missedCommits, ...(channel.head && { head: channel.head }) }
  }

  #plan(channel: Channel | undefined, batch: Batch): Plan {
    // A commit reaches those who were in before (the removed learn of it too) and a Welcome those who are in after.
    const joining = new Set(batch.claim?.membersAfter.map(toHex))
    const isMember = (key: IdentityKey): boolean =>
      (channel ? this.#channels.isMember(channel, key) : equalBytes(key, batch.sender)) || joining.has(toHex(key))
    const plan: Plan = { inboxes: new Map(), skipped: [], full: [], reach: [] }
    const skipped = new Set<string>()
    batch.deliveries.forEach(({ recipients }, index) => {
      let reach = 0
      for (const recipient of recipients) {
        const inbox = isMember(recipient) ? this.#accounts.idOf(recipient) : undefined
        if (inbox !== undefined) {
          const planned = plan.inboxes.get(inbox)
          if (planned) planned.deliveries.push(index)
          else plan.inboxes.set(inbox, { recipient, deliveries: [index] })
          reach++
        } else if (!skipped.has(toHex(recipient))) {
          skipped.add(toHex(recipient))
          plan.skipped.push(recipient)
        }
      }
      plan.reach.push(reach)
    })
    return plan
  }

  #accept(
    sender: number,
    batch: Batch,
    decided: { readonly found: Channel | undefined; readonly plan: Plan; readonly limits: BatchLimits },
  ): Accepted {
    const { found, plan, limits } = decided
    const { claim, acceptedAtMs } = batch
    const signed = claim?.signHead(found?.head)
    const { payloads, firstSeq } = this.#append(signed ? withPayloads(batch, signed.payloads) : batch, plan)
    const { skipped, full } = plan
    if (claim && signed) {
      const channel = found ?? this.#channels.create(batch.channelId, claim.epoch)
      const { id: payload, bytes } = payloads[claim.commitIndex]!
      this.#log.append(channel, { payload, bytes, keptUntilMs: claim.keptUntilMs }, limits)
      this.#channels.advance(channel, { membersAfter: claim.membersAfter, head: signed.head }, limits)
      for (const recipient of full) this.#inboxes.leaveOutCommit(this.#accounts.idOf(recipient)!)
    }
    // A commit waits for nobody: whoever has no room for it finds it in the log.
    this.#rememberAccepted(sender, batch, { firstSeq, skipped, waiting: claim ? [] : full })
    return { kind: "accepted", duplicate: false, acceptedAtMs, skipped, full, firstSeq, ...this.#position(batch) }
  }

  /** Puts the payloads into the inboxes that the plan names. */
  #append(batch: Batch, plan: Plan) {
    const { claim, acceptedAtMs, expiresAtMs } = batch
    const payloads = batch.deliveries.map(({ payload }, index) => {
      const uses = plan.reach[index]! + (claim?.commitIndex === index ? 1 : 0)
      return { id: uses === 0 ? 0 : this.#payloads.add(payload, uses), bytes: payload.length }
    })
    let firstSeq: number | undefined
    for (const [inbox, { deliveries }] of plan.inboxes) {
      const appended = deliveries.map((index) => payloads[index]!)
      const seq = this.#inboxes.append(inbox, appended, { acceptedAtMs, expiresAtMs })
      firstSeq ??= seq
    }
    return { payloads, firstSeq }
  }

  #rememberAccepted(
    sender: number,
    batch: Batch,
    result: {
      readonly firstSeq: number | undefined
      readonly skipped: readonly IdentityKey[]
      readonly waiting: readonly IdentityKey[]
    },
  ): void {
    const { messageId, fingerprint, acceptedAtMs, rememberedUntilMs } = batch
    const [skipped, waiting] = [concatBytes(...result.skipped), concatBytes(...result.waiting)]
    const firstSeq = result.firstSeq ?? null
    // A row that is still there has expired and awaits the sweep: this message takes its place in the count too.
    const replaces = this.#forgetExpired.run(sender, messageId).changes > 0
    this.#remember.run(sender, messageId, fingerprint, acceptedAtMs, firstSeq, skipped, waiting, rememberedUntilMs)
    if (!replaces) this.#countRemembered.run(sender)
  }
}

/** True for who is to get more of a claiming batch than its commit, which is all that the log has for them. */
function isInvited({ deliveries, claim }: Batch, recipient: IdentityKey): boolean {
  return deliveries.some(
    ({ recipients }, index) => index !== claim?.commitIndex && recipients.some((one) => equalBytes(one, recipient)),
  )
}

function withPayloads(batch: Batch, payloads: readonly Uint8Array[]): Batch {
  const deliveries = batch.deliveries.map(({ recipients }, index) => ({ recipients, payload: payloads[index]! }))
  return { ...batch, deliveries }
}

function splitKeys(joined: Uint8Array): IdentityKey[] {
  const keys: IdentityKey[] = []
  for (let at = 0; at < joined.length; at += IDENTITY_KEY_BYTES) {
    keys.push(toIdentityKey(new Uint8Array(joined.subarray(at, at + IDENTITY_KEY_BYTES))))
  }
  return keys
}
