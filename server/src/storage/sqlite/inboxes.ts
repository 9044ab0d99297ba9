import type { SqliteDatabase } from "./engine.ts"
import type { PeekRange, StoredEnvelope } from "../storage.ts"

interface EnvelopeRow {
  readonly seq: number
  readonly accepted_at_ms: number
  readonly data: Uint8Array
}

/** Payloads are stored once, however many inboxes and commit logs point at them. */
export class PayloadRows {
  readonly #insert
  readonly #insertUses
  readonly #release
  readonly #delete
  readonly #deleteUses

  constructor(db: SqliteDatabase) {
    this.#insert = db.prepare("INSERT INTO payloads (data) VALUES (?)")
    this.#insertUses = db.prepare("INSERT INTO payload_uses (payload, uses) VALUES (?, ?)")
    this.#release = db
      .prepare<[number], number>("UPDATE payload_uses SET uses = uses - 1 WHERE payload = ? RETURNING uses")
      .pluck()
    this.#delete = db.prepare("DELETE FROM payloads WHERE id = ?")
    this.#deleteUses = db.prepare("DELETE FROM payload_uses WHERE payload = ?")
  }

  /** @param uses - how many rows will point at it, at least one */
  add(data: Uint8Array, uses: number): number {
    const payload = Number(this.#insert.run(data).lastInsertRowid)
    this.#insertUses.run(payload, uses)
    return payload
  }

  release(payload: number): void {
    if (this.#release.get(payload) !== 0) return
    this.#delete.run(payload)
    this.#deleteUses.run(payload)
  }
}

/** The rows of inboxes and the envelopes in them. */
export class InboxRows {
  readonly #payloads: PayloadRows
  readonly #newest
  readonly #state
  readonly #append
  readonly #advance
  readonly #peek
  readonly #unexpired
  readonly #deleteUpTo
  readonly #deleteExpired
  readonly #uncount

  constructor(db: SqliteDatabase, payloads: PayloadRows) {
    this.#payloads = payloads
    this.#newest = db.prepare<[number], number>("SELECT newest_seq FROM inboxes WHERE id = ?").pluck()
    this.#state = db.prepare<[number], { newest_seq: number; queued: number }>(
      "SELECT newest_seq, queued FROM inboxes WHERE id = ?",
    )
    this.#append = db.prepare(
      "INSERT INTO envelopes (inbox, seq, payload, accepted_at_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?)",
    )
    this.#advance = db.prepare("UPDATE inboxes SET newest_seq = newest_seq + ?, queued = queued + ? WHERE id = ?")
    this.#peek = db.prepare<[number, number, number, number], EnvelopeRow>(
      `SELECT seq, accepted_at_ms, data FROM envelopes JOIN payloads ON payloads.id = payload
       WHERE inbox = ? AND seq > ? AND expires_at_ms > ? ORDER BY seq LIMIT ?`,
    )
    this.#unexpired = db
      .prepare<[number, number], number>("SELECT count(*) FROM envelopes WHERE inbox = ? AND expires_at_ms > ?")
      .pluck()
    this.#deleteUpTo = db
      .prepare<[number, number], number>("DELETE FROM envelopes WHERE inbox = ? AND seq <= ? RETURNING payload")
      .pluck()
    this.#deleteExpired = db
      .prepare<[number, number], number>(
        "DELETE FROM envelopes WHERE inbox = ? AND expires_at_ms <= ? RETURNING payload",
      )
      .pluck()
    this.#uncount = db.prepare("UPDATE inboxes SET queued = queued - ? WHERE id = ?")
  }

  newestSeq(inbox: number): number {
    return this.#newest.get(inbox) as number
  }

  /** True if `count` more envelopes fit; expired ones make room first. */
  hasRoom(inbox: number, count: number, depth: number, nowMs: number): boolean {
    if (this.#queued(inbox) + count <= depth) return true
    this.#forget(inbox, this.#deleteExpired.all(inbox, nowMs))
    return this.#queued(inbox) + count <= depth
  }

  /** Appends one envelope per payload and returns the number of the first. */
  append(inbox: number, payloads: readonly number[], at: { acceptedAtMs: number; expiresAtMs: number }): number {
    const firstSeq = this.newestSeq(inbox) + 1
    payloads.forEach((payload, index) => {
      this.#append.run(inbox, firstSeq + index, payload, at.acceptedAtMs, at.expiresAtMs)
    })
    this.#advance.run(payloads.length, payloads.length, inbox)
    return firstSeq
  }

  peek(inbox: number, range: PeekRange): { readonly envelopes: StoredEnvelope[]; readonly more: boolean } {
    const envelopes: StoredEnvelope[] = []
    let bytes = 0
    for (const row of this.#peek.iterate(inbox, range.afterSeq, range.nowMs, range.limit + 1)) {
      bytes += row.data.length
      const fits = envelopes.length < range.limit && bytes <= range.limitBytes
      if (envelopes.length > 0 && !fits) return { envelopes, more: true }
      envelopes.push({ seq: row.seq, payload: new Uint8Array(row.data), acceptedAtMs: row.accepted_at_ms })
    }
    return { envelopes, more: false }
  }

  acknowledge(inbox: number, seqUpTo: number, nowMs: number): number | undefined {
    if (seqUpTo > this.newestSeq(inbox)) return undefined
    this.#forget(inbox, this.#deleteUpTo.all(inbox, seqUpTo))
    return this.#unexpired.get(inbox, nowMs)
  }

  /** Counts down after rows were deleted elsewhere. */
  uncount(inbox: number, rows: number): void {
    this.#uncount.run(rows, inbox)
  }

  #queued(inbox: number): number {
    return this.#state.get(inbox)!.queued
  }

  #forget(inbox: number, payloads: readonly number[]): void {
    if (payloads.length === 0) return
    for (const payload of payloads) this.#payloads.release(payload)
    this.#uncount.run(payloads.length, inbox)
  }
}
