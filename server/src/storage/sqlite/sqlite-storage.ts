import type { SqliteDatabase } from "./engine.ts"
import { toIdentityKey } from "@qpc/wire"
import type { DeviceKey, GroupId, IdentityKey } from "@qpc/wire"
import { StorageError } from "../storage-error.ts"
import { FIRST_SUITE } from "../storage.ts"
import type {
  Account,
  Batch,
  BatchLimits,
  BatchOutcome,
  CommitPage,
  CommitRange,
  Device,
  DeviceLimits,
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
} from "../storage.ts"
import { AccountRows } from "./accounts.ts"
import { DeviceRows } from "./devices.ts"
import { ChannelRows } from "./channels.ts"
import { CommitLogRows } from "./commit-log.ts"
import { openDatabase, toStorageError } from "./database.ts"
import type { DatabaseOptions } from "./database.ts"
import { Enqueue } from "./enqueue.ts"
import { GroupCommit } from "./group-commit.ts"
import type { GroupCommitOptions } from "./group-commit.ts"
import { InboxRows, PayloadRows } from "./inboxes.ts"
import { KeyPackageRows } from "./key-packages.ts"
import { Sweep } from "./sweep.ts"

/** Where the store is, what opens it, and how its writes are gathered. */
export interface SqliteStorageOptions extends DatabaseOptions {
  readonly commit?: Omit<GroupCommitOptions, "translate">
}

/**
 * Opens the embedded store.
 *
 * @throws StorageError see {@link openDatabase}
 */
export function openSqliteStorage(options: SqliteStorageOptions): Storage {
  return new SqliteStorage(openDatabase(options), options)
}

/**
 * The storage contract on one encrypted SQLite file. Reads happen at once on the event loop (tens of microseconds);
 * writes share commits, see {@link GroupCommit}. A commit holds the event loop until the disk has it: what arrives in
 * the meantime becomes the next commit.
 */
class SqliteStorage implements Storage {
  readonly #db: SqliteDatabase
  readonly #file: string
  readonly #commit: GroupCommit
  readonly #accounts: AccountRows
  readonly #devices: DeviceRows
  readonly #keyPackages: KeyPackageRows
  readonly #inboxes: InboxRows
  readonly #log: CommitLogRows
  readonly #channels: ChannelRows
  readonly #enqueue: Enqueue
  readonly #sweep: Sweep

  constructor(db: SqliteDatabase, options: SqliteStorageOptions) {
    this.#db = db
    this.#file = options.file
    this.#commit = new GroupCommit(db, {
      ...options.commit,
      translate: (error) => toStorageError(error, options.file),
    })
    const payloads = new PayloadRows(db)
    this.#accounts = new AccountRows(db)
    this.#devices = new DeviceRows(db, this.#accounts)
    this.#keyPackages = new KeyPackageRows(db)
    this.#inboxes = new InboxRows(db, payloads)
    this.#log = new CommitLogRows(db, payloads)
    this.#channels = new ChannelRows(db, this.#log)
    const rows = {
      accounts: this.#accounts,
      channels: this.#channels,
      inboxes: this.#inboxes,
      payloads,
      log: this.#log,
    }
    this.#enqueue = new Enqueue(db, rows)
    this.#sweep = new Sweep(db, rows)
  }

  async keepFirst(name: string, candidate: Uint8Array): Promise<Uint8Array> {
    return this.#commit.write(() => this.#accounts.keepFirst(name, candidate))
  }

  async createAccount(account: Account): Promise<"created" | "username_taken" | "identity_taken"> {
    return this.#commit.write(() => this.#accounts.create(account))
  }

  async accountByUsernameKey(usernameKey: string): Promise<Account | undefined> {
    return this.#read(() => this.#accounts.byUsernameKey(usernameKey))
  }

  async accountByIdentity(identityKey: IdentityKey): Promise<Account | undefined> {
    return this.#read(() => this.#accounts.byIdentity(identityKey))
  }

  async addDevice(
    device: Omit<Device, "revocation">,
    limits: DeviceLimits,
  ): Promise<"added" | "known" | "revoked" | "key_taken" | "too_many"> {
    return this.#commit.write(() => this.#devices.add(device, limits))
  }

  async device(deviceKey: DeviceKey): Promise<Device | undefined> {
    return this.#read(() => this.#devices.byKey(deviceKey))
  }

  async devices(identityKey: IdentityKey): Promise<readonly Device[]> {
    return this.#read(() => this.#devices.of(identityKey))
  }

  async revokeDevice(deviceKey: DeviceKey, revocation: Uint8Array): Promise<void> {
    return this.#commit.write(() => {
      const account = this.#idOf(toIdentityKey(deviceKey))
      this.#devices.revoke(account, revocation)
      this.#accounts.endSessions(account)
      this.#keyPackages.empty(account)
    })
  }

  async createSession(session: Session, limit: number): Promise<"created" | "device_revoked"> {
    return this.#commit.write(() => {
      const account = this.#idOf(session.identityKey)
      if (this.#devices.isRevoked(account)) return "device_revoked"
      this.#accounts.createSession(account, session, limit)
      return "created"
    })
  }

  async session(tokenHash: Uint8Array, nowMs: number): Promise<Session | undefined> {
    return this.#read(() => this.#accounts.session(tokenHash, nowMs))
  }

  async addKeyPackages(
    identityKey: IdentityKey,
    packages: readonly StockedKeyPackage[],
    at: { readonly nowMs: number; readonly stockLimit: number; readonly suiteId?: number },
  ): Promise<StockOutcome> {
    return this.#commit.write(() => {
      const account = this.#idOf(identityKey)
      if (this.#devices.isRevoked(account)) return { kind: "device_revoked" }
      return this.#keyPackages.add({ account, suiteId: at.suiteId ?? FIRST_SUITE }, packages, at)
    })
  }

  async takeKeyPackage(
    identityKey: IdentityKey,
    nowMs: number,
    suiteId: number = FIRST_SUITE,
  ): Promise<TakenKeyPackage | undefined> {
    return this.#commit.write(() => {
      const account = this.#accounts.idOf(identityKey)
      if (account === undefined || this.#devices.isRevoked(account)) return undefined
      return this.#keyPackages.take({ account, suiteId }, nowMs)
    })
  }

  async keepLastResort(
    identityKey: IdentityKey,
    lastResort: StockedKeyPackage,
    suiteId: number = FIRST_SUITE,
  ): Promise<"kept" | "device_revoked"> {
    return this.#commit.write(() => {
      const account = this.#idOf(identityKey)
      if (this.#devices.isRevoked(account)) return "device_revoked"
      this.#keyPackages.keepLastResort({ account, suiteId }, lastResort)
      return "kept"
    })
  }

  async lastResort(
    identityKey: IdentityKey,
    nowMs: number,
    suiteId: number = FIRST_SUITE,
  ): Promise<LastResort | undefined> {
    return this.#read(() => this.#keyPackages.lastResort({ account: this.#idOf(identityKey), suiteId }, nowMs))
  }

  async enqueue(batch: Batch, limits: BatchLimits): Promise<BatchOutcome> {
    return this.#commit.write(() => this.#enqueue.perform(batch, limits))
  }

  async peek(
    inbox: IdentityKey,
    range: PeekRange,
  ): Promise<{ readonly envelopes: readonly StoredEnvelope[]; readonly more: boolean }> {
    return this.#read(() => this.#inboxes.peek(this.#idOf(inbox), range))
  }

  async acknowledge(inbox: IdentityKey, seqUpTo: number, nowMs: number): Promise<number | undefined> {
    return this.#commit.write(() => this.#inboxes.acknowledge(this.#idOf(inbox), seqUpTo, nowMs))
  }

  async newestSeq(inbox: IdentityKey): Promise<number> {
    return this.#read(() => this.#inboxes.newestSeq(this.#idOf(inbox)))
  }

  async commitsLeftOut(inbox: IdentityKey): Promise<number> {
    return this.#read(() => this.#inboxes.commitsLeftOut(this.#idOf(inbox)))
  }

  async commits(channelId: GroupId, reader: IdentityKey, range: CommitRange): Promise<CommitPage | undefined> {
    return this.#read(() => {
      const logReader = this.#channels.readerOf(channelId, reader)
      return logReader && this.#log.page(logReader, range)
    })
  }

  async standing(reader: IdentityKey, channelIds: readonly GroupId[]): Promise<Standing> {
    return this.#read(() => {
      const inbox = this.#idOf(reader)
      const epochs = channelIds.flatMap((channelId) => {
        const logReader = this.#channels.readerOf(channelId, reader)
        return logReader === undefined ? [] : [{ channelId, epoch: logReader.lastEpoch + 1 }]
      })
      const [newestSeq, commitsLeftOut] = [this.#inboxes.newestSeq(inbox), this.#inboxes.commitsLeftOut(inbox)]
      return { epochs, newestSeq, commitsLeftOut }
    })
  }

  async sweep(nowMs: number, limitRows: number): Promise<Swept> {
    return this.#commit.write(() => this.#sweep.perform(nowMs, limitRows))
  }

  /** Commits what waits, then lets go of the file. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#commit.close()
    this.#db.close()
  }

  #idOf(identityKey: IdentityKey): number {
    const id = this.#accounts.idOf(identityKey)
    if (id === undefined) throw new Error("unreachable: an inbox without an account")
    return id
  }

  #read<T>(read: () => T): T {
    if (!this.#db.open) throw new StorageError("closed", "The store is closed: the server is stopping.")
    try {
      return read()
    } catch (error) {
      throw toStorageError(error, this.#file)
    }
  }
}
