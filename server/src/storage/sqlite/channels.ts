import type { SqliteDatabase } from "./engine.ts"
import { toHex } from "@qpc/wire"
import type { GroupId, IdentityKey } from "@qpc/wire"
import { MISSED_COMMITS_BYTES_MAX, MISSED_COMMITS_MAX } from "../storage.ts"
import type { PayloadRows } from "./inboxes.ts"

/** A channel as the server knows it: who is in, and which epoch is still to be claimed. */
export interface Channel {
  readonly id: number
  readonly currentEpoch: number
}

/** The rows of channels, their rosters and their accepted commits. */
export class ChannelRows {
  readonly #payloads: PayloadRows
  readonly #find
  readonly #create
  readonly #isMember
  readonly #members
  readonly #join
  readonly #leave
  readonly #setEpoch
  readonly #missed
  readonly #addCommit
  readonly #pruneCommits

  constructor(db: SqliteDatabase, payloads: PayloadRows) {
    this.#payloads = payloads
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
    this.#missed = db
      .prepare<[number, number, number, number], Uint8Array>(
        `SELECT data FROM channel_commits JOIN payloads ON payloads.id = payload
         WHERE channel = ? AND epoch >= ? AND expires_at_ms > ? ORDER BY epoch LIMIT ?`,
      )
      .pluck()
    this.#addCommit = db.prepare(
      "INSERT INTO channel_commits (channel, epoch, payload, expires_at_ms) VALUES (?, ?, ?, ?)",
    )
    this.#pruneCommits = db
      .prepare<[number, number], number>(
        "DELETE FROM channel_commits WHERE channel = ? AND epoch <= ? RETURNING payload",
      )
      .pluck()
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
  advance(channel: Channel, membersAfter: readonly IdentityKey[]): void {
    const staying = new Set(membersAfter.map(toHex))
    for (const member of this.#members.all(channel.id)) {
      if (!staying.has(toHex(member))) this.#leave.run(channel.id, member)
    }
    for (const member of membersAfter) this.#join.run(channel.id, member)
    this.#setEpoch.run(channel.currentEpoch + 1, channel.id)
  }

  keepCommit(channel: Channel, payload: number, at: { expiresAtMs: number; commitsKept: number }): void {
    this.#addCommit.run(channel.id, channel.currentEpoch, payload, at.expiresAtMs)
    for (const pruned of this.#pruneCommits.all(channel.id, channel.currentEpoch - at.commitsKept)) {
      this.#payloads.release(pruned)
    }
  }

  missedCommits(channel: Channel, fromEpoch: number, nowMs: number): Uint8Array[] {
    const commits: Uint8Array[] = []
    let bytes = 0
    for (const data of this.#missed.iterate(channel.id, fromEpoch, nowMs, MISSED_COMMITS_MAX)) {
      const commit = data
      bytes += commit.length
      if (commits.length > 0 && bytes > MISSED_COMMITS_BYTES_MAX) break
      commits.push(new Uint8Array(commit))
    }
    return commits
  }
}
