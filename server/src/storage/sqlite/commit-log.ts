import type { SqliteDatabase } from "./engine.ts"
import type { IdentityKey } from "@qpc/wire"
import type { BatchLimits, CommitPage, CommitRange, LoggedCommit } from "../storage.ts"
import type { Channel } from "./channels.ts"
import type { PayloadRows } from "./inboxes.ts"

interface CommitRow {
  readonly epoch: number
  readonly data: Uint8Array
}

/** What of a channel's log somebody may read. */
export interface LogReader {
  readonly channel: Channel
  /** Commits out of later epochs are none of theirs. */
  readonly lastEpoch: number
}

/** The rows of accepted commits, apart from inboxes, and of those who may still read them although they are out. */
export class CommitLogRows {
  readonly #payloads: PayloadRows
  readonly #add
  readonly #newestExpiry
  readonly #grow
  readonly #sizeBytes
  readonly #prune
  readonly #pruneOldest
  readonly #read
  readonly #oldest
  readonly #removedIn
  readonly #remember
  readonly #forget
  readonly #forgetBefore
  readonly #forgetBeyond

  constructor(db: SqliteDatabase, payloads: PayloadRows) {
    this.#payloads = payloads
    this.#add = db.prepare("INSERT INTO channel_commits (channel, epoch, payload, expires_at_ms) VALUES (?, ?, ?, ?)")
    this.#newestExpiry = db
      .prepare<[number], number | null>("SELECT max(expires_at_ms) FROM channel_commits WHERE channel = ?")
      .pluck()
    this.#grow = db.prepare<[number, number]>("UPDATE channels SET log_bytes = log_bytes + ? WHERE id = ?")
    this.#sizeBytes = db.prepare<[number], number>("SELECT log_bytes FROM channels WHERE id = ?").pluck()
    this.#prune = db
      .prepare<[number, number], number>(
        "DELETE FROM channel_commits WHERE channel = ? AND epoch <= ? RETURNING payload",
      )
      .pluck()
    this.#pruneOldest = db
      .prepare<[number, number, number], number>(
        `DELETE FROM channel_commits WHERE channel = ?
           AND epoch = (SELECT min(epoch) FROM channel_commits WHERE channel = ?) AND epoch < ? RETURNING payload`,
      )
      .pluck()
    this.#read = db.prepare<[number, number, number, number, number], CommitRow>(
      `SELECT epoch, data FROM channel_commits JOIN payloads ON payloads.id = payload
       WHERE channel = ? AND epoch >= ? AND epoch <= ? AND expires_at_ms > ? ORDER BY epoch LIMIT ?`,
    )
    this.#oldest = db
      .prepare<[number, number, number], number | null>(
        "SELECT min(epoch) FROM channel_commits WHERE channel = ? AND epoch <= ? AND expires_at_ms > ?",
      )
      .pluck()
    this.#removedIn = db
      .prepare<[number, Uint8Array], number>(
        "SELECT removed_in FROM channel_former_members WHERE channel = ? AND identity_key = ?",
      )
      .pluck()
    this.#remember = db.prepare(
      "INSERT INTO channel_former_members (channel, identity_key, removed_in) VALUES (?, ?, ?)",
    )
    this.#forget = db.prepare("DELETE FROM channel_former_members WHERE channel = ? AND identity_key = ?")
    this.#forgetBefore = db.prepare(
      `DELETE FROM channel_former_members WHERE channel = ?
         AND removed_in < (SELECT min(epoch) FROM channel_commits WHERE channel_commits.channel = ?)`,
    )
    this.#forgetBeyond = db.prepare(
      `DELETE FROM channel_former_members WHERE (channel, identity_key) IN
         (SELECT channel, identity_key FROM channel_former_members WHERE channel = ?
          ORDER BY removed_in DESC, identity_key LIMIT -1 OFFSET ?)`,
    )
  }

  /** Appends the commit out of the channel's epoch, and forgets what goes beyond the limits, oldest first. */
  append(
    channel: Channel,
    commit: { readonly payload: number; readonly bytes: number; readonly keptUntilMs: number },
    limits: BatchLimits,
  ): void {
    const { id, currentEpoch } = channel
    // A clock that was set back must not make a hole: what is kept is always the newest without a gap.
    const expiresAtMs = Math.max(commit.keptUntilMs, this.#newestExpiry.get(id) ?? 0)
    this.#add.run(id, currentEpoch, commit.payload, expiresAtMs)
    this.#grow.run(commit.bytes, id)
    this.released(id, this.#prune.all(id, currentEpoch - limits.commitLogEpochs))
    while (this.#sizeBytes.get(id)! > limits.commitLogBytes) {
      const pruned = this.#pruneOldest.all(id, id, currentEpoch)
      if (pruned.length === 0) break
      this.released(id, pruned)
    }
    this.#forgetBefore.run(id, id)
  }

  /** Lets go of the payloads of commits that were deleted. */
  released(channel: number, payloads: readonly number[]): void {
    let bytes = 0
    for (const payload of payloads) bytes += this.#payloads.release(payload)
    if (payloads.length > 0) this.#grow.run(-bytes, channel)
  }

  /** Somebody is in: all of the log is theirs to read. */
  joined(channel: Channel, member: IdentityKey): void {
    this.#forget.run(channel.id, member)
  }

  /** The commit out of the channel's present epoch removes these. */
  left(channel: Channel, members: readonly Uint8Array[], limits: BatchLimits): void {
    if (members.length === 0) return
    for (const member of members) this.#remember.run(channel.id, member, channel.currentEpoch)
    this.#forgetBeyond.run(channel.id, limits.formerMembers)
  }

  /** The epoch whose commit removed them, for those who were in and are out. */
  removedIn(channel: Channel, identityKey: IdentityKey): number | undefined {
    return this.#removedIn.get(channel.id, identityKey)
  }

  page({ channel, lastEpoch }: LogReader, range: CommitRange): CommitPage {
    const { fromEpoch, limit, limitBytes, nowMs } = range
    const commits: LoggedCommit[] = []
    let bytes = 0
    for (const { epoch, data } of this.#read.iterate(channel.id, fromEpoch, lastEpoch, nowMs, limit)) {
      bytes += data.length
      if (commits.length > 0 && bytes > limitBytes) break
      commits.push({ epoch, payload: new Uint8Array(data) })
    }
    const newestEpoch = lastEpoch + 1
    return { commits, oldestEpoch: this.#oldest.get(channel.id, lastEpoch, nowMs) ?? newestEpoch, newestEpoch }
  }
}
