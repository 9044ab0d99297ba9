import type { SqliteDatabase } from "./engine.ts"
import { toHex } from "@qpc/wire"
import type { GroupId, IdentityKey } from "@qpc/wire"
import type { BatchLimits, StoredHead } from "../storage.ts"
import type { CommitLogRows, LogReader } from "./commit-log.ts"

/** A channel as the server knows it: who is in, and which epoch is still to be claimed. */
export interface Channel {
  readonly id: number
  readonly currentEpoch: number
  /** Absent until a commit is accepted since channels have heads. */
  readonly head?: StoredHead
}

interface ChannelRow {
  readonly id: number
  readonly current_epoch: number
  readonly head_hash: Uint8Array | null
  readonly head_signature: Uint8Array
  readonly head_at_ms: number
}

/** The rows of channels and their rosters. */
export class ChannelRows {
  readonly #log: CommitLogRows
  readonly #find
  readonly #create
  readonly #isMember
  readonly #members
  readonly #join
  readonly #leave
  readonly #setEpoch

  constructor(db: SqliteDatabase, log: CommitLogRows) {
    this.#log = log
    this.#find = db.prepare<[Uint8Array], ChannelRow>(
      "SELECT id, current_epoch, head_hash, head_signature, head_at_ms FROM channels WHERE channel_id = ?",
    )
    this.#create = db.prepare("INSERT INTO channels (channel_id, current_epoch) VALUES (?, ?)")
    this.#isMember = db
      .prepare<[number, Uint8Array], number>("SELECT 1 FROM channel_members WHERE channel = ? AND identity_key = ?")
      .pluck()
    this.#members = db
      .prepare<[number], Uint8Array>("SELECT identity_key FROM channel_members WHERE channel = ?")
      .pluck()
    this.#join = db.prepare("INSERT OR IGNORE INTO channel_members (channel, identity_key) VALUES (?, ?)")
    this.#leave = db.prepare("DELETE FROM channel_members WHERE channel = ? AND identity_key = ?")
    this.#setEpoch = db.prepare(
      "UPDATE channels SET current_epoch = ?, head_hash = ?, head_signature = ?, head_at_ms = ? WHERE id = ?",
    )
  }

  find(channelId: GroupId): Channel | undefined {
    const row = this.#find.get(channelId)
    if (row === undefined) return undefined
    const { id, current_epoch: currentEpoch, head_hash: hash, head_signature: signature } = row
    if (hash === null) return { id, currentEpoch }
    const head = { hash: new Uint8Array(hash), signature: new Uint8Array(signature), acceptedAtMs: row.head_at_ms }
    return { id, currentEpoch, head }
  }

  isMember(channel: Channel, identityKey: IdentityKey): boolean {
    return this.#isMember.get(channel.id, identityKey) !== undefined
  }

  /** A channel with nobody in it yet. */
  create(channelId: GroupId, currentEpoch: number): Channel {
    return { id: Number(this.#create.run(channelId, currentEpoch).lastInsertRowid), currentEpoch }
  }

  /** Moves on to the next epoch with this head, and with these members and no others. */
  advance(
    channel: Channel,
    { membersAfter, head }: { readonly membersAfter: readonly IdentityKey[]; readonly head: StoredHead },
    limits: BatchLimits,
  ): void {
    const staying = new Set(membersAfter.map(toHex))
    const leaving = this.#members.all(channel.id).filter((member) => !staying.has(toHex(member)))
    for (const member of leaving) this.#leave.run(channel.id, member)
    for (const member of membersAfter) {
      if (this.#join.run(channel.id, member).changes > 0) this.#log.joined(channel, member)
    }
    this.#log.left(channel, leaving, limits)
    this.#setEpoch.run(channel.currentEpoch + 1, head.hash, head.signature, head.acceptedAtMs, channel.id)
  }

  /** What of the log somebody may read; `undefined` for who is not in the channel and was not lately. */
  readerOf(channelId: GroupId, identityKey: IdentityKey): LogReader | undefined {
    const channel = this.find(channelId)
    if (channel === undefined) return undefined
    if (this.isMember(channel, identityKey)) return { channel, lastEpoch: channel.currentEpoch - 1 }
    const removedIn = this.#log.removedIn(channel, identityKey)
    return removedIn === undefined ? undefined : { channel, lastEpoch: removedIn }
  }
}
