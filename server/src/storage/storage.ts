import type { DeviceKey, GroupId, IdentityKey, MessageId } from "@qpc/wire"

/** A registered person. The record lets the server check a password that it has never seen (RFC 9807 §3.2). */
export interface Account {
  /** As the person wrote it. */
  readonly username: string
  /** What two usernames must not share; see `usernameKey`. */
  readonly usernameKey: string
  readonly identityKey: IdentityKey
  readonly opaqueRecord: Uint8Array
  readonly createdAtMs: number
}

/**
 * A device of a person beyond their first. Its key has an inbox, a stock and sessions of its own, and stands wherever an inbox or its
 * owner is named by an identity key; but it is no account.
 */
export interface Device {
  readonly identityKey: IdentityKey
  readonly deviceKey: DeviceKey
  readonly certificate: Uint8Array
  readonly registeredAtMs: number
  /** What its owner signed to take it back. */
  readonly revocation: Uint8Array | undefined
}

/** How many devices a person may have beside their first. */
export interface DeviceLimits {
  /** That were not revoked. */
  readonly active: number
  /** Revoked ones included, which stay. */
  readonly ever: number
}

/** A login that outlives its connection. The token itself is never stored. */
export interface Session {
  /** SHA-256 of the token. */
  readonly tokenHash: Uint8Array
  /** Of an account, or the key of a device. */
  readonly identityKey: IdentityKey
  readonly createdAtMs: number
  readonly expiresAtMs: number
}

/** The MLS cipher suite of the only stock that there was at first: its IANA code point. */
export const FIRST_SUITE = 0x0001

/** One key package on its way into a stock (RFC 9420 §10); opaque here. */
export interface StockedKeyPackage {
  readonly data: Uint8Array
  readonly expiresAtMs: number
}

/** One key package on its way to whoever asked for it. */
export interface TakenKeyPackage {
  readonly data: Uint8Array
  /** True if the stock was empty: others may have been given the same package (RFC 9420 §16.8). */
  readonly isLastResort: boolean
}

/** What became of an upload. Everything but `added` changed nothing. */
export type StockOutcome =
  | { readonly kind: "added" | "stock_full"; readonly available: number }
  | { readonly kind: "device_revoked" }

/** What is known of the package that an empty stock hands out. */
export interface LastResort {
  readonly expiresAtMs: number
  /** How often it was handed out. */
  readonly uses: number
}

/** One payload for some members of a channel. Recipients are distinct. */
export interface BatchDelivery {
  readonly recipients: readonly IdentityKey[]
  readonly payload: Uint8Array
}

/** The head of the log of a channel's epochs (docs/epoch-log.md); opaque to a store. */
export interface StoredHead {
  readonly hash: Uint8Array
  readonly signature: Uint8Array
  /** When the commit that led there was accepted. */
  readonly acceptedAtMs: number
}

/** What becomes of a claim that has won its epoch. */
export interface SignedClaim {
  /** The channel's from now on. */
  readonly head: StoredHead
  /** What is stored and delivered in the place of each delivery's payload. */
  readonly payloads: readonly Uint8Array[]
}

/** A head and the epoch that it is of. */
export interface HeadPosition {
  readonly epoch: number
  readonly head: StoredHead
}

/** Makes a batch the one transition of its channel out of `epoch`. */
export interface BatchClaim {
  /** 0 to 2^53 − 2. */
  readonly epoch: number
  readonly membersAfter: readonly IdentityKey[]
  /** Which of the deliveries holds the commit. Whoever has no room for it finds it in the log; all others need room. */
  readonly commitIndex: number
  /** Until then the commit stays in the log of the channel, if the limits allow. */
  readonly keptUntilMs: number
  /**
   * Makes the channel's next head. Called once, within the transaction, after everything that could refuse the batch: what it
   * signs must be kept or never be seen.
   *
   * @param before - `undefined` for the first commit since the channel has heads
   */
  readonly signHead: (before: StoredHead | undefined) => SignedClaim
}

/** Everything that one enqueue makes durable, or does not. */
export interface Batch {
  readonly sender: IdentityKey
  readonly messageId: MessageId
  /** SHA-256 of what the batch says: the same message id with another fingerprint is a mistake, not a repeat. */
  readonly fingerprint: Uint8Array
  readonly channelId: GroupId
  readonly deliveries: readonly BatchDelivery[]
  readonly claim?: BatchClaim
  /** The latest epoch that its envelopes speak of. Refused before the channel is there. Not beside a claim. */
  readonly sealedIn?: number
  /** Reach those who have room where some inboxes are full. Not beside a claim. */
  readonly partial?: boolean
  /** Refused in a later epoch of the channel: nobody could read it any more. Not beside a claim. */
  readonly readableUntilEpoch?: number
  readonly acceptedAtMs: number
  /** From then on nobody reads it. */
  readonly expiresAtMs: number
  /** Until then a repeat is recognised; not before `expiresAtMs`. */
  readonly rememberedUntilMs: number
}

/** True unless the channel has gone beyond the last epoch in which its members can read the batch. */
export function isReadableIn(currentEpoch: number, { readableUntilEpoch }: Batch): boolean {
  return readableUntilEpoch === undefined || currentEpoch <= readableUntilEpoch
}

/** The limits an enqueue is checked against, inside the same transaction. */
export interface BatchLimits {
  /** Unread, unexpired envelopes in one inbox. */
  readonly queueDepth: number
  /** Their payloads together; whoever else holds the same payload does not count. */
  readonly queueBytes: number
  /** Message ids remembered for one sender. */
  readonly rememberedIds: number
  /** Accepted commits kept in the log of one channel; the oldest go first. */
  readonly commitLogEpochs: number
  /** Their payloads together; the newest is always kept. */
  readonly commitLogBytes: number
  /** People out of one channel who may still read its log up to their removal. */
  readonly formerMembers: number
}

/** What became of an enqueue. Everything but `accepted` changed nothing. */
export type BatchOutcome =
  | {
      readonly kind: "accepted"
      /** True if the same message had been accepted before: this is the earlier result. */
      readonly duplicate: boolean
      readonly acceptedAtMs: number
      /** Recipients outside the channel or without an account, in the order of the batch, each once. */
      readonly skipped: readonly IdentityKey[]
      /**
       * Members whose inboxes have no room: they got nothing yet. The same partial batch again tries them again; a commit they
       * find in the log, and its repeat does not name them any more.
       */
      readonly full: readonly IdentityKey[]
      /** The number of the first envelope stored, `undefined` where all recipients were skipped. */
      readonly firstSeq: number | undefined
      /** Beside a claim: where the channel is now. */
      readonly position?: HeadPosition
    }
  | {
      readonly kind: "epoch_conflict"
      readonly currentEpoch: number
      /** Commits accepted from the claimed epoch on, oldest first, as many as were kept and asked for. */
      readonly missedCommits: readonly Uint8Array[]
      /** Of `currentEpoch`. Absent if no commit was accepted since the channel has heads. */
      readonly head?: StoredHead
    }
  /** The claim is for, or an envelope is of, an epoch that the channel has not reached. */
  | { readonly kind: "epoch_ahead"; readonly currentEpoch: number }
  /** The channel is beyond the epoch until which its members could have read the batch. */
  | { readonly kind: "epoch_passed"; readonly currentEpoch: number }
  /** The sender is not in the channel, or there is no such channel. */
  | { readonly kind: "not_a_member" }
  | { readonly kind: "inbox_full"; readonly recipient: IdentityKey }
  | { readonly kind: "message_id_reused" }
  | { readonly kind: "too_many_ids" }

/** Which part of a channel's log to read. */
export interface CommitRange {
  /** The first commit wanted is the one out of this epoch. */
  readonly fromEpoch: number
  /** At most so many, 1 or more. */
  readonly limit: number
  /** Stop before the payloads exceed this; the first one is always read. */
  readonly limitBytes: number
  readonly nowMs: number
}

/** One accepted commit. */
export interface LoggedCommit {
  /** The epoch that it leaves. */
  readonly epoch: number
  readonly payload: Uint8Array
}

/** A part of the log of a channel. */
export interface CommitPage {
  /** Oldest first, without a gap. */
  readonly commits: readonly LoggedCommit[]
  /** The commit out of this epoch is the oldest that is kept; `newestEpoch` where none is. */
  readonly oldestEpoch: number
  /** The epoch that the last commit leads to: the channel's own, or for a former member the first without them. */
  readonly newestEpoch: number
}

/** How far channels and an inbox are at one moment. */
export interface Standing {
  /** Only of channels that the reader is in, or was: see {@link CommitPage.newestEpoch}. */
  readonly epochs: readonly { readonly channelId: GroupId; readonly epoch: number }[]
  /** The newest number given out in the reader's inbox. */
  readonly newestSeq: number
  /** How many commits were ever left out of the reader's inbox because it was full. */
  readonly commitsLeftOut: number
}

/** One envelope in an inbox. */
export interface StoredEnvelope {
  readonly seq: number
  readonly payload: Uint8Array
  readonly acceptedAtMs: number
}

/** How much of an inbox to read. */
export interface PeekRange {
  /** Only envelopes with a greater number. */
  readonly afterSeq: number
  /** At most so many, 1 or more. */
  readonly limit: number
  /** Stop before the payloads exceed this; the first one is always read. */
  readonly limitBytes: number
  readonly nowMs: number
}

/** How long a conflict answer may get. */
export const MISSED_COMMITS_MAX = 16
/** And how many bytes of commits it holds, beyond the first: it has to fit into a frame of 4 MiB. */
export const MISSED_COMMITS_BYTES_MAX: number = 3 * 1024 * 1024

/** What a sweep removed. */
export interface Swept {
  readonly removed: number
  /** True if the sweep stopped at its limit and there may be more to remove. */
  readonly more: boolean
}

/**
 * What the server asks of a disk. Every method is atomic and, where it changes something, **resolves only after the
 * change is durable**: after a crash at any moment, whatever was answered is there, whole.
 *
 * Methods reject with `StorageError` where the disk fails; nothing of a rejected operation is kept, and reading goes
 * on. Refusals that follow from the data are outcomes. Byte strings handed in are borrowed for the call and must not
 * be changed until it resolves; those handed out are the caller's. Time comes in as an argument.
 */
export interface Storage extends AsyncDisposable {
  /** Keeps `candidate` under `name` unless something is there; returns what is kept. */
  keepFirst(name: string, candidate: Uint8Array): Promise<Uint8Array>

  /** With the account comes an empty inbox, numbered from 1. */
  createAccount(account: Account): Promise<"created" | "username_taken" | "identity_taken">
  accountByUsernameKey(usernameKey: string): Promise<Account | undefined>
  accountByIdentity(identityKey: IdentityKey): Promise<Account | undefined>

  /**
   * Keeps a device of an account that exists, with an empty inbox, numbered from 1. The same one again changes nothing, whatever
   * its certificate says.
   */
  addDevice(
    device: Omit<Device, "revocation">,
    limits: DeviceLimits,
  ): Promise<"added" | "known" | "revoked" | "key_taken" | "too_many">
  device(deviceKey: DeviceKey): Promise<Device | undefined>
  /** In the order in which they were added, revoked ones included. */
  devices(identityKey: IdentityKey): Promise<readonly Device[]>
  /** Marks a device for ever, ends its sessions and empties its stock; the first revocation stays. It must exist. */
  revokeDevice(deviceKey: DeviceKey, revocation: Uint8Array): Promise<void>

  /** Ends the oldest sessions of the identity beyond `limit`. The account must exist. Nothing is kept for a revoked device. */
  createSession(session: Session, limit: number): Promise<"created" | "device_revoked">
  /** `undefined` once expired. */
  session(tokenHash: Uint8Array, nowMs: number): Promise<Session | undefined>

  /**
   * Adds to the stock of one cipher suite, all or nothing. Here and below the suite is {@link FIRST_SUITE} unless another is named. A package that is there, or was taken and has not expired, is not added again:
   * an upload repeated after a lost answer must not make a package usable twice (RFC 9420 §16.8). Nothing is kept for a revoked
   * device.
   */
  addKeyPackages(
    identityKey: IdentityKey,
    packages: readonly StockedKeyPackage[],
    at: { readonly nowMs: number; readonly stockLimit: number; readonly suiteId?: number },
  ): Promise<StockOutcome>
  /**
   * Takes the oldest unexpired package for ever. From an empty stock the last-resort package is handed out and counted, unless
   * it has expired; `undefined` where there is none either, and for a revoked device.
   */
  takeKeyPackage(identityKey: IdentityKey, nowMs: number, suiteId?: number): Promise<TakenKeyPackage | undefined>
  /** Keeps a package for an empty stock, in place of the one before; it stays, if expired. The same one keeps its count. */
  keepLastResort(
    identityKey: IdentityKey,
    lastResort: StockedKeyPackage,
    suiteId?: number,
  ): Promise<"kept" | "device_revoked">
  /** What is kept for an empty stock; `undefined` if nothing is, or it has expired. */
  lastResort(identityKey: IdentityKey, nowMs: number, suiteId?: number): Promise<LastResort | undefined>

  enqueue(batch: Batch, limits: BatchLimits): Promise<BatchOutcome>
  /** Reads without removing, in order, what has not expired. */
  peek(
    inbox: IdentityKey,
    range: PeekRange,
  ): Promise<{ readonly envelopes: readonly StoredEnvelope[]; readonly more: boolean }>
  /**
   * Forgets everything up to `seqUpTo`. Idempotent; never moves back.
   *
   * @returns how many unexpired envelopes remain, or `undefined`, with no effect, where the inbox has not numbered that
   *   far.
   */
  acknowledge(inbox: IdentityKey, seqUpTo: number, nowMs: number): Promise<number | undefined>
  /** The newest number given out in the inbox, 0 for none yet. */
  newestSeq(inbox: IdentityKey): Promise<number>
  /** How many commits were ever left out of the inbox because it was full. */
  commitsLeftOut(inbox: IdentityKey): Promise<number>

  /** A part of the log of a channel; `undefined` where `reader` is not in the channel and was not lately. */
  commits(channelId: GroupId, reader: IdentityKey, range: CommitRange): Promise<CommitPage | undefined>
  standing(reader: IdentityKey, channelIds: readonly GroupId[]): Promise<Standing>

  /** Removes what has expired: at most `limitRows` of each kind, so that a sweep never holds up deliveries for long. */
  sweep(nowMs: number, limitRows: number): Promise<Swept>
}
