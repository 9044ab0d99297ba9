import type { SqliteDatabase } from "./engine.ts"
import type { Swept } from "../storage.ts"
import type { CommitLogRows } from "./commit-log.ts"
import type { InboxRows, PayloadRows } from "./inboxes.ts"

/** Removes what has expired, a bounded number of rows of each kind at a time. */
export class Sweep {
  readonly #inboxes: InboxRows
  readonly #payloads: PayloadRows
  readonly #log: CommitLogRows
  readonly #envelopes
  readonly #commits
  readonly #remembered
  readonly #uncountRemembered
  readonly #plain

  constructor(
    db: SqliteDatabase,
    rows: { readonly inboxes: InboxRows; readonly payloads: PayloadRows; readonly log: CommitLogRows },
  ) {
    this.#inboxes = rows.inboxes
    this.#payloads = rows.payloads
    this.#log = rows.log
    this.#envelopes = db.prepare<[number, number], { inbox: number; payload: number }>(
      `DELETE FROM envelopes WHERE (inbox, seq) IN
         (SELECT inbox, seq FROM envelopes INDEXED BY envelopes_by_expiry WHERE expires_at_ms <= ? LIMIT ?)
       RETURNING inbox, payload`,
    )
    this.#commits = db.prepare<[number, number], { channel: number; payload: number }>(
      `DELETE FROM channel_commits WHERE (channel, epoch) IN
           (SELECT channel, epoch FROM channel_commits INDEXED BY channel_commits_by_expiry
            WHERE expires_at_ms <= ? LIMIT ?)
         RETURNING channel, payload`,
    )
    this.#remembered = db
      .prepare<[number, number], number>(
        `DELETE FROM accepted_messages WHERE (sender, message_id) IN
           (SELECT sender, message_id FROM accepted_messages INDEXED BY accepted_messages_by_expiry
            WHERE remembered_until_ms <= ? LIMIT ?)
         RETURNING sender`,
      )
      .pluck()
    this.#uncountRemembered = db.prepare("UPDATE inboxes SET remembered = remembered - ? WHERE id = ?")
    this.#plain = [
      db.prepare<[number, number]>(
        "DELETE FROM key_packages WHERE id IN (SELECT id FROM key_packages WHERE expires_at_ms <= ? LIMIT ?)",
      ),
      db.prepare<[number, number]>(
        `DELETE FROM sessions WHERE token_hash IN (SELECT token_hash FROM sessions WHERE expires_at_ms <= ? LIMIT ?)`,
      ),
    ]
  }

  perform(nowMs: number, limitRows: number): Swept {
    const counts = [
      this.#sweepEnvelopes(nowMs, limitRows),
      this.#sweepCommits(nowMs, limitRows),
      this.#sweepRemembered(nowMs, limitRows),
      ...this.#plain.map((statement) => statement.run(nowMs, limitRows).changes),
    ]
    return {
      removed: counts.reduce((sum, count) => sum + count, 0),
      more: counts.some((count) => count === limitRows),
    }
  }

  #sweepEnvelopes(nowMs: number, limitRows: number): number {
    const rows = this.#envelopes.all(nowMs, limitRows)
    const freed = new Map<number, { count: number; bytes: number }>()
    for (const { inbox, payload } of rows) {
      const { count, bytes } = freed.get(inbox) ?? { count: 0, bytes: 0 }
      freed.set(inbox, { count: count + 1, bytes: bytes + this.#payloads.release(payload) })
    }
    for (const [inbox, queued] of freed) this.#inboxes.uncount(inbox, queued)
    return rows.length
  }

  #sweepCommits(nowMs: number, limitRows: number): number {
    const rows = this.#commits.all(nowMs, limitRows)
    for (const { channel, payload } of rows) this.#log.released(channel, [payload])
    return rows.length
  }

  #sweepRemembered(nowMs: number, limitRows: number): number {
    const senders = this.#remembered.all(nowMs, limitRows)
    for (const [sender, count] of countEach(senders)) this.#uncountRemembered.run(count, sender)
    return senders.length
  }
}

function countEach(ids: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
  return counts
}
