import { createHash } from "node:crypto"
import { equalBytes, toHex } from "@qpc/wire"
import type { DeviceKey, GroupId, IdentityKey } from "@qpc/wire"
import { FIRST_SUITE, isReadableIn, MISSED_COMMITS_BYTES_MAX, MISSED_COMMITS_MAX } from "./storage.ts"
import { copyOfChannel, newChannel, newestEpochFor, pageOf } from "./memory-channel.ts"
import type { Channel } from "./memory-channel.ts"
import { MemoryDevices } from "./memory-devices.ts"
import { copyOf, emptyInbox } from "./memory-inbox.ts"
import type { Inbox, Stocked } from "./memory-inbox.ts"
import type {
  Account,
  Batch,
  BatchLimits,
  BatchOutcome,
  CommitPage,
  CommitRange,
  Device,
  DeviceLimits,
  HeadPosition,
  LastResort,
  PeekRange,
  Session,
  Standing,
  StockedKeyPackage,
  StockOutcome,
  Storage,
  StoredEnvelope,
  Swept,
  TakenKeyPackage,
} from "./storage.ts"

type Accepted = Extract<BatchOutcome, { kind: "accepted" }>

/**
 * The storage contract in the plainest words: what every real store must agree with. It keeps nothing beyond the
 * process and searches lists from front to back; tests compare with it, servers do not use it.
 */
export class MemoryStorage implements Storage {
  readonly #settings = new Map<string, Uint8Array>()
  readonly #accounts: Account[] = []
  #devices = new MemoryDevices()
  #sessions: Session[] = []
  readonly #inboxes = new Map<string, Inbox>()
  readonly #channels = new Map<string, Channel>()

  /** What a backup of this moment holds. */
  copy(): MemoryStorage {
    const copy = new MemoryStorage()
    for (const [name, value] of this.#settings) copy.#settings.set(name, value)
    copy.#accounts.push(...this.#accounts)
    copy.#devices = this.#devices.copy()
    copy.#sessions = this.#sessions
    for (const [key, inbox] of this.#inboxes) copy.#inboxes.set(key, copyOf(inbox))
    for (const [id, channel] of this.#channels) copy.#channels.set(id, copyOfChannel(channel))
    return copy
  }

  async keepFirst(name: string, candidate: Uint8Array): Promise<Uint8Array> {
    const kept = this.#settings.get(name) ?? candidate.slice()
    this.#settings.set(name, kept)
    return kept.slice()
  }

  async createAccount(account: Account): Promise<"created" | "username_taken" | "identity_taken"> {
    if (this.#accounts.some((other) => other.usernameKey === account.usernameKey)) return "username_taken"
    if (this.#accounts.some((other) => equalBytes(other.identityKey, account.identityKey))) return "identity_taken"
    if (this.#inboxes.has(toHex(account.identityKey))) return "identity_taken"
    this.#accounts.push(account)
    this.#inboxes.set(toHex(account.identityKey), emptyInbox())
    return "created"
  }

  async accountByUsernameKey(usernameKey: string): Promise<Account | undefined> {
    return this.#accounts.find((account) => account.usernameKey === usernameKey)
  }

  async accountByIdentity(identityKey: IdentityKey): Promise<Account | undefined> {
    return this.#accounts.find((account) => equalBytes(account.identityKey, identityKey))
  }

  async addDevice(device: Omit<Device, "revocation">, limits: DeviceLimits): ReturnType<Storage["addDevice"]> {
    const outcome = this.#devices.add(device, limits, this.#inboxes.has(toHex(device.deviceKey)))
    if (outcome === "added") this.#inboxes.set(toHex(device.deviceKey), emptyInbox())
    return outcome
  }

  device = async (deviceKey: DeviceKey): Promise<Device | undefined> => this.#devices.byKey(deviceKey)
  devices = async (identityKey: IdentityKey): Promise<readonly Device[]> => this.#devices.of(identityKey)

  async revokeDevice(deviceKey: DeviceKey, revocation: Uint8Array): Promise<void> {
    this.#devices.revoke(deviceKey, revocation)
    this.#sessions = this.#sessions.filter((session) => !equalBytes(session.identityKey, deviceKey))
    const inbox = this.#inboxes.get(toHex(deviceKey))!
    for (const stocked of inbox.stock) stocked.taken = true
    inbox.lastResorts.clear()
  }

  async createSession(session: Session, limit: number): Promise<"created" | "device_revoked"> {
    if (this.#devices.isRevoked(session.identityKey)) return "device_revoked"
    const own = [session, ...this.#sessions.filter((other) => equalBytes(other.identityKey, session.identityKey))]
    const kept = new Set(own.toSorted((a, b) => b.createdAtMs - a.createdAtMs).slice(0, limit))
    const others = this.#sessions.filter((other) => !equalBytes(other.identityKey, session.identityKey))
    this.#sessions = [...kept, ...others]
    return "created"
  }

  async session(tokenHash: Uint8Array, nowMs: number): Promise<Session | undefined> {
    return this.#sessions.find((session) => equalBytes(session.tokenHash, tokenHash) && session.expiresAtMs > nowMs)
  }

  async addKeyPackages(
    identityKey: IdentityKey,
    packages: readonly StockedKeyPackage[],
    at: { readonly nowMs: number; readonly stockLimit: number; readonly suiteId?: number },
  ): Promise<StockOutcome> {
    if (this.#devices.isRevoked(identityKey)) return { kind: "device_revoked" }
    const inbox = this.#inbox(identityKey)
    inbox.stock = inbox.stock.filter((stocked) => stocked.expiresAtMs > at.nowMs)
    const { suiteId = FIRST_SUITE } = at
    const available = inbox.stock.filter((stocked) => !stocked.taken && stocked.suiteId === suiteId).length
    const fresh = new Map<string, Stocked>()
    for (const { data, expiresAtMs } of packages) {
      const hash = createHash("sha256").update(data).digest("hex")
      if (!inbox.stock.some((stocked) => stocked.hash === hash)) {
        fresh.set(hash, { data: data.slice(), hash, suiteId, expiresAtMs, taken: false })
      }
    }
    if (available + fresh.size > at.stockLimit) return { kind: "stock_full", available }
    inbox.stock.push(...fresh.values())
    return { kind: "added", available: available + fresh.size }
  }

  async takeKeyPackage(
    identityKey: IdentityKey,
    nowMs: number,
    suiteId: number = FIRST_SUITE,
  ): Promise<TakenKeyPackage | undefined> {
    if (this.#devices.isRevoked(identityKey)) return undefined
    const inbox = this.#inboxes.get(toHex(identityKey))
    const oldest = inbox?.stock.find(
      (stocked) => stocked.suiteId === suiteId && !stocked.taken && stocked.expiresAtMs > nowMs,
    )
    if (oldest) {
      oldest.taken = true
      return { data: oldest.data, isLastResort: false }
    }
    const lastResort = inbox?.lastResorts.get(suiteId)
    if (!lastResort || lastResort.expiresAtMs <= nowMs) return undefined
    lastResort.uses++
    return { data: lastResort.data, isLastResort: true }
  }

  async keepLastResort(
    identityKey: IdentityKey,
    { data, expiresAtMs }: StockedKeyPackage,
    suiteId: number = FIRST_SUITE,
  ): Promise<"kept" | "device_revoked"> {
    if (this.#devices.isRevoked(identityKey)) return "device_revoked"
    const inbox = this.#inbox(identityKey)
    const before = inbox.lastResorts.get(suiteId)
    const uses = before !== undefined && equalBytes(before.data, data) ? before.uses : 0
    inbox.lastResorts.set(suiteId, { data: data.slice(), expiresAtMs, uses })
    return "kept"
  }

  async lastResort(
    identityKey: IdentityKey,
    nowMs: number,
    suiteId: number = FIRST_SUITE,
  ): Promise<LastResort | undefined> {
    const lastResort = this.#inbox(identityKey).lastResorts.get(suiteId)
    if (!lastResort || lastResort.expiresAtMs <= nowMs) return undefined
    return { expiresAtMs: lastResort.expiresAtMs, uses: lastResort.uses }
  }

  async enqueue(batch: Batch, limits: BatchLimits): Promise<BatchOutcome> {
    const nowMs = batch.acceptedAtMs
    const sender = this.#inboxes.get(toHex(batch.sender))
    if (!sender) return { kind: "not_a_member" }
    const id = toHex(batch.messageId)
    const earlier = sender.remembered.get(id)
    if (earlier && earlier.batch.rememberedUntilMs > nowMs) {
      const isSame = equalBytes(earlier.batch.fingerprint, batch.fingerprint)
      if (!isSame || earlier.outcome.kind !== "accepted") return { kind: "message_id_reused" }
      return { ...this.#again(earlier.outcome, batch, limits), ...this.#position(batch) }
    }
    if (sender.remembered.size >= limits.rememberedIds) return { kind: "too_many_ids" }
    const channel = this.#channels.get(toHex(batch.channelId))
    const refusal = refuse(channel, batch)
    if (refusal) return refusal
    const outcome = this.#deliver(channel, batch, limits, this.#behind(batch))
    if (outcome.kind !== "accepted") return outcome
    sender.remembered.set(id, { batch, outcome: batch.claim ? { ...outcome, full: [] } : outcome })
    return { ...outcome, ...this.#position(batch) }
  }

  async peek(
    inbox: IdentityKey,
    range: PeekRange,
  ): Promise<{ readonly envelopes: readonly StoredEnvelope[]; readonly more: boolean }> {
    const waiting = this.#inbox(inbox).envelopes.filter(
      (envelope) => envelope.seq > range.afterSeq && envelope.expiresAtMs > range.nowMs,
    )
    const envelopes: StoredEnvelope[] = []
    let bytes = 0
    for (const { seq, payload, acceptedAtMs } of waiting.slice(0, range.limit)) {
      bytes += payload.length
      if (envelopes.length > 0 && bytes > range.limitBytes) break
      envelopes.push({ seq, payload, acceptedAtMs })
    }
    return { envelopes, more: envelopes.length < waiting.length }
  }

  async acknowledge(identityKey: IdentityKey, seqUpTo: number, nowMs: number): Promise<number | undefined> {
    const inbox = this.#inbox(identityKey)
    if (seqUpTo > inbox.newestSeq) return undefined
    inbox.envelopes = inbox.envelopes.filter((envelope) => envelope.seq > seqUpTo)
    return inbox.envelopes.filter((envelope) => envelope.expiresAtMs > nowMs).length
  }

  async newestSeq(inbox: IdentityKey): Promise<number> {
    return this.#inbox(inbox).newestSeq
  }

  async commitsLeftOut(inbox: IdentityKey): Promise<number> {
    return this.#inbox(inbox).commitsLeftOut
  }

  async commits(channelId: GroupId, reader: IdentityKey, range: CommitRange): Promise<CommitPage | undefined> {
    const channel = this.#channels.get(toHex(channelId))
    const newestEpoch = channel && newestEpochFor(channel, reader)
    return newestEpoch === undefined ? undefined : pageOf(channel!, newestEpoch, range)
  }

  async standing(reader: IdentityKey, channelIds: readonly GroupId[]): Promise<Standing> {
    const { newestSeq, commitsLeftOut } = this.#inbox(reader)
    const epochs = channelIds.flatMap((channelId) => {
      const channel = this.#channels.get(toHex(channelId))
      const epoch = channel && newestEpochFor(channel, reader)
      return epoch === undefined ? [] : [{ channelId, epoch }]
    })
    return { epochs, newestSeq, commitsLeftOut }
  }

  /** Removes everything that has expired; the limit does not matter to a model. */
  async sweep(nowMs: number): Promise<Swept> {
    for (const inbox of this.#inboxes.values()) {
      inbox.envelopes = inbox.envelopes.filter((envelope) => envelope.expiresAtMs > nowMs)
      inbox.stock = inbox.stock.filter((stocked) => stocked.expiresAtMs > nowMs)
      for (const [id, { batch }] of inbox.remembered) if (batch.rememberedUntilMs <= nowMs) inbox.remembered.delete(id)
    }
    for (const channel of this.#channels.values()) {
      channel.commits = channel.commits.filter((commit) => commit.expiresAtMs > nowMs)
    }
    return { removed: 0, more: false }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing outlives the process, so there is nothing to let go of.
  }

  /** Tells who still misses a message of the same sender. */
  #behind({ sender, acceptedAtMs }: Batch): (recipient: IdentityKey) => boolean {
    const missed = [...this.#inbox(sender).remembered.values()].flatMap(({ batch, outcome }) =>
      batch.rememberedUntilMs > acceptedAtMs && outcome.kind === "accepted" ? outcome.full : [],
    )
    return (recipient) => missed.some((key) => equalBytes(key, recipient))
  }

  #deliver(
    channel: Channel | undefined,
    batch: Batch,
    limits: BatchLimits,
    isBehind: (recipient: IdentityKey) => boolean,
  ): BatchOutcome {
    const { claim, acceptedAtMs, expiresAtMs } = batch
    const before = channel?.members ?? new Set([toHex(batch.sender)])
    const allowed = new Set([...before, ...(claim?.membersAfter.map(toHex) ?? [])])
    const reaches = (key: string): boolean => allowed.has(key) && this.#inboxes.has(key)
    const addressed = batch.deliveries.flatMap(({ recipients, payload }, index) =>
      recipients.map((recipient) => ({ recipient, key: toHex(recipient), payload, index })),
    )
    const full = new Map<string, IdentityKey>()
    const isInvited = (key: string): boolean =>
      batch.deliveries.some(({ recipients }, i) => i !== claim?.commitIndex && recipients.map(toHex).includes(key))
    for (const { key, recipient } of addressed.filter((one) => reaches(one.key))) {
      const queued = this.#inboxes.get(key)!.envelopes.filter((envelope) => envelope.expiresAtMs > acceptedAtMs)
      const all = [...queued, ...addressed.filter((other) => other.key === key)]
      const bytes = all.reduce((sum, { payload }) => sum + payload.length, 0)
      const hasRoom = all.length <= limits.queueDepth && bytes <= limits.queueBytes
      if (hasRoom && !(batch.partial === true && isBehind(recipient))) continue
      // A commit goes past a full inbox: its owner finds it in the log. A Welcome is nowhere else.
      if (batch.partial !== true && !(claim && !isInvited(key))) return { kind: "inbox_full", recipient }
      full.set(key, recipient)
    }
    let firstSeq: number | undefined
    const payloads = claim ? this.#advance(channel, batch, limits) : batch.deliveries.map(({ payload }) => payload)
    for (const { key, index } of addressed.filter((one) => reaches(one.key) && !full.has(one.key))) {
      const payload = payloads[index]!
      const inbox = this.#inboxes.get(key)!
      inbox.newestSeq++
      firstSeq ??= inbox.newestSeq
      inbox.envelopes.push({ seq: inbox.newestSeq, payload: payload.slice(), acceptedAtMs, expiresAtMs })
    }
    if (claim) for (const key of full.keys()) this.#inboxes.get(key)!.commitsLeftOut++
    const skipped = new Map(addressed.filter((one) => !reaches(one.key)).map((one) => [one.key, one.recipient]))
    const reached = { skipped: [...skipped.values()], full: [...full.values()] }
    return { kind: "accepted", duplicate: false, acceptedAtMs, ...reached, firstSeq }
  }

  /** The repeat of an accepted message: a partial one reaches those who had no room, as far as they have it now. */
  #again(earlier: Accepted, batch: Batch, limits: BatchLimits): BatchOutcome {
    const channel = this.#channels.get(toHex(batch.channelId))
    if (batch.partial !== true || earlier.full.length === 0 || refuse(channel, batch))
      return { ...earlier, duplicate: true }
    const waiting = new Set(earlier.full.map(toHex))
    const deliveries = batch.deliveries.map(({ recipients, payload }) => {
      return { payload, recipients: recipients.filter((recipient) => waiting.has(toHex(recipient))) }
    })
    const outcome = this.#deliver(channel, { ...batch, deliveries }, limits, () => false)
    if (outcome.kind !== "accepted") throw new Error("unreachable: a partial batch is accepted")
    const again = { ...earlier, full: outcome.full }
    this.#inbox(batch.sender).remembered.get(toHex(batch.messageId))!.outcome = again
    return { ...again, duplicate: true }
  }

  #advance(found: Channel | undefined, batch: Batch, limits: BatchLimits): readonly Uint8Array[] {
    const { epoch, membersAfter, commitIndex, keptUntilMs, signHead } = batch.claim!
    const channel = found ?? newChannel(epoch)
    const { head, payloads } = signHead(channel.head)
    channel.head = head
    const after = new Set(membersAfter.map(toHex))
    for (const key of channel.members) if (!after.has(key)) channel.removedIn.set(key, epoch)
    for (const key of after) channel.removedIn.delete(key)
    channel.currentEpoch = epoch + 1
    channel.members = after
    const payload = payloads[commitIndex]!
    const expiresAtMs = Math.max(keptUntilMs, ...channel.commits.map((commit) => commit.expiresAtMs))
    channel.commits.push({ epoch, payload: payload.slice(), expiresAtMs })
    const sizeBytes = (): number => channel.commits.reduce((sum, commit) => sum + commit.payload.length, 0)
    while (
      channel.commits.length > 1 &&
      (channel.commits[0]!.epoch <= epoch - limits.commitLogEpochs || sizeBytes() > limits.commitLogBytes)
    )
      channel.commits.shift()
    const isReadable = ([, removedIn]: readonly [string, number]): boolean => removedIn >= channel.commits[0]!.epoch
    const newestFirst = [...channel.removedIn].toSorted(([a, at], [b, bt]) => bt - at || (a < b ? -1 : 1))
    channel.removedIn = new Map(newestFirst.slice(0, limits.formerMembers).filter(isReadable))
    this.#channels.set(toHex(batch.channelId), channel)
    return payloads
  }

  #position({ claim, channelId }: Batch): { readonly position?: HeadPosition } {
    const channel = claim && this.#channels.get(toHex(channelId))
    return channel?.head ? { position: { epoch: channel.currentEpoch, head: channel.head } } : {}
  }

  #inbox(identityKey: IdentityKey): Inbox {
    const inbox = this.#inboxes.get(toHex(identityKey))
    if (!inbox) throw new Error("unreachable: an inbox without an account")
    return inbox
  }
}

function refuse(channel: Channel | undefined, batch: Batch): BatchOutcome | undefined {
  const { claim, acceptedAtMs } = batch
  if (!channel) return claim ? undefined : { kind: "not_a_member" }
  if (!channel.members.has(toHex(batch.sender))) return { kind: "not_a_member" }
  const { currentEpoch } = channel
  if ((batch.sealedIn ?? 0) > currentEpoch) return { kind: "epoch_ahead", currentEpoch }
  if (!claim) return isReadableIn(currentEpoch, batch) ? undefined : { kind: "epoch_passed", currentEpoch }
  if (claim.epoch === currentEpoch) return undefined
  if (claim.epoch > currentEpoch) return { kind: "epoch_ahead", currentEpoch }
  const range = { fromEpoch: claim.epoch, limit: MISSED_COMMITS_MAX, limitBytes: MISSED_COMMITS_BYTES_MAX }
  const { commits } = pageOf(channel, currentEpoch, { ...range, nowMs: acceptedAtMs })
  const missedCommits = commits.map(({ payload }) => payload)
  return { kind: "epoch_conflict", currentEpoch, missedCommits, ...(channel.head && { head: channel.head }) }
}
