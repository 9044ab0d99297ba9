import type { SqliteDatabase } from "./engine.ts"
import { toHex } from "@qpc/wire"
import type { GroupId, IdentityKey } from "@qpc/wire"
import type { BatchLimits } from "../storage.ts"
import type { CommitLogRows, LogReader } from "./commit-log.ts"

/** A channel as the server knows it: who is in, and which epoch is still to be claimed. */
export interface Channel {
  readonly id: number
  readonly currentEpoch: number
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
    this.#find = db.prepare<[Uint8Array], { id: number; current_epoch: number }>(
      "SELECT id, current_epoch FROM channels WHERE channel_id = ?",
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
    this.#setEpoch = db.prepare("UPDATE channels SET current_epoch = ? WHERE id = ?")
  }

  find(channelId: GroupId): Channel | undefined {
    const row = this.#find.get(channelId)
    return row && { id: row.id, currentEpoch: row.current_epoch }
  }

  isMember(channel: Channel, identityKey: IdentityKey): boolean {
    return this.#isMember.get(channel.id, identityKey) !== undefined
  }

  /** A channel with nobody in it yet. */
  create(channelId: GroupId, currentEpoch: number): Channel {
    return { id: Number(this.#create.run(channelId, currentEpoch).lastInsertRowid), currentEpoch }
  }

  /** Moves on to the next epoch with these members and no others. */
  advance(channel: Channel, membersAfter: readonly IdentityKey[], limits: BatchLimits): void {
    const staying = new Set(membersAfter.map(toHex))
    const leaving = this.#members.all(channel.id).filter((member) => !staying.has(toHex(member)))
    for (const member of leaving) this.#leave.run(channel.id, member)
    this.#log.left(channel, leaving, limits)
    for (const member of membersAfter) {
      if (this.#join.run(channel.id, member).changes > 0) this.#log.joined(channel, member)
    }
    this.#setEpoch.run(channel.currentEpoch + 1, channel.id)
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
