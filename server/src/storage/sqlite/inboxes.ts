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
  readonly #sizeBytes
  readonly #release
  readonly #delete
  readonly #deleteUses

  constructor(db: SqliteDatabase) {
    this.#insert = db.prepare("INSERT INTO payloads (data) VALUES (?)")
    this.#insertUses = db.prepare("INSERT INTO payload_uses (payload, uses) VALUES (?, ?)")
    this.#sizeBytes = db.prepare<[number], number>("SELECT length(data) FROM payloads WHERE id = ?").pluck()
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

  /** @returns its length in bytes */
  release(payload: number): number {
    const sizeBytes = this.#sizeBytes.get(payload) as number
    if (this.#release.get(payload) === 0) {
      this.#delete.run(payload)
      this.#deleteUses.run(payload)
    }
    return sizeBytes
  }
}

/** Envelopes of one inbox: how many, and the bytes of their payloads. */
export interface Queued {
  readonly count: number
  readonly bytes: number
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
  readonly #leaveOut
  readonly #leftOut

  constructor(db: SqliteDatabase, payloads: PayloadRows) {
    this.#payloads = payloads
    this.#newest = db.prepare<[number], number>("SELECT newest_seq FROM inboxes WHERE id = ?").pluck()
    this.#state = db.prepare<[number], { queued: number; queued_bytes: number }>(
      "SELECT queued, queued_bytes FROM inboxes WHERE id = ?",
    )
    this.#append = db.prepare(
      "INSERT INTO envelopes (inbox, seq, payload, accepted_at_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?)",
    )
    this.#advance = db.prepare<[number, number, number, number]>(
      `UPDATE inboxes SET newest_seq = newest_seq + ?, queued = queued + ?, queued_bytes = queued_bytes + ?
       WHERE id = ?`,
    )
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
    this.#uncount = db.prepare<[number, number, number]>(
      "UPDATE inboxes SET queued = queued - ?, queued_bytes = queued_bytes - ? WHERE id = ?",
    )
    this.#leaveOut = db.prepare("UPDATE inboxes SET commits_left_out = commits_left_out + 1 WHERE id = ?")
    this.#leftOut = db.prepare<[number], number>("SELECT commits_left_out FROM inboxes WHERE id = ?").pluck()
  }

  newestSeq(inbox: number): number {
    return this.#newest.get(inbox) as number
  }

  /** How many commits there was no room for. */
  commitsLeftOut(inbox: number): number {
    return this.#leftOut.get(inbox) as number
  }

  /** There is no room for a commit: its owner has to fetch it. */
  leaveOutCommit(inbox: number): void {
    this.#leaveOut.run(inbox)
  }

  /** True if some more envelopes fit; expired ones make room first. */
  hasRoom(inbox: number, coming: Queued, limits: { queueDepth: number; queueBytes: number }, nowMs: number): boolean {
    const fits = (): boolean => {
      const { queued, queued_bytes: queuedBytes } = this.#state.get(inbox)!
      return queued + coming.count <= limits.queueDepth && queuedBytes + coming.bytes <= limits.queueBytes
    }
    if (fits()) return true
    this.#forget(inbox, this.#deleteExpired.all(inbox, nowMs))
    return fits()
  }

  /** Appends one envelope per payload and returns the number of the first. */
  append(
    inbox: number,
    payloads: readonly { readonly id: number; readonly bytes: number }[],
    at: { acceptedAtMs: number; expiresAtMs: number },
  ): number {
    const firstSeq = this.newestSeq(inbox) + 1
    let sizeBytes = 0
    payloads.forEach(({ id, bytes }, index) => {
      sizeBytes += bytes
      this.#append.run(inbox, firstSeq + index, id, at.acceptedAtMs, at.expiresAtMs)
    })
    this.#advance.run(payloads.length, payloads.length, sizeBytes, inbox)
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
  uncount(inbox: number, { count, bytes }: Queued): void {
    this.#uncount.run(count, bytes, inbox)
  }

  #forget(inbox: number, payloads: readonly number[]): void {
    if (payloads.length === 0) return
    let bytes = 0
    for (const payload of payloads) bytes += this.#payloads.release(payload)
    this.uncount(inbox, { count: payloads.length, bytes })
  }
}
