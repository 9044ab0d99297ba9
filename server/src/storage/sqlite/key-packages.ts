import { createHash } from "node:crypto"
import type { SqliteDatabase } from "./engine.ts"
import type { LastResort, StockedKeyPackage, TakenKeyPackage } from "../storage.ts"

interface LastResortRow {
  readonly data: Uint8Array
  readonly expires_at_ms: number
  readonly uses: number
}

/** Whose key packages of which cipher suite. */
interface Stock {
  readonly account: number
  readonly suiteId: number
}

/** The rows of key packages. A taken package stays, empty, until it expires: nobody can put it back. */
export class KeyPackageRows {
  readonly #known
  readonly #insert
  readonly #available
  readonly #oldest
  readonly #take
  readonly #lastResort
  readonly #keepLastResort
  readonly #countUse
  readonly #empty
  readonly #forgetLastResort

  constructor(db: SqliteDatabase) {
    this.#known = db
      .prepare<[number, Uint8Array, number], number>(
        "SELECT 1 FROM key_packages WHERE account = ? AND hash = ? AND expires_at_ms > ?",
      )
      .pluck()
    this.#insert = db.prepare(
      "INSERT OR REPLACE INTO key_packages (account, suite, hash, data, expires_at_ms) VALUES (?, ?, ?, ?, ?)",
    )
    this.#available = db
      .prepare<[number, number, number], number>(
        "SELECT count(*) FROM key_packages WHERE account = ? AND suite = ? AND data IS NOT NULL AND expires_at_ms > ?",
      )
      .pluck()
    this.#oldest = db.prepare<[number, number, number], { id: number; data: Uint8Array }>(
      `SELECT id, data FROM key_packages WHERE account = ? AND suite = ? AND data IS NOT NULL AND expires_at_ms > ?
       ORDER BY id LIMIT 1`,
    )
    this.#take = db.prepare("UPDATE key_packages SET data = NULL WHERE id = ?")
    this.#lastResort = db.prepare<[number, number, number], LastResortRow>(
      `SELECT data, expires_at_ms, uses FROM last_resort_key_packages
       WHERE account = ? AND suite = ? AND expires_at_ms > ?`,
    )
    this.#keepLastResort = db.prepare(
      `INSERT INTO last_resort_key_packages (account, suite, data, expires_at_ms, uses) VALUES (?, ?, ?, ?, 0)
       ON CONFLICT (account, suite) DO UPDATE SET
         uses = iif(data = excluded.data, uses, 0), data = excluded.data, expires_at_ms = excluded.expires_at_ms`,
    )
    this.#empty = db.prepare("UPDATE key_packages SET data = NULL WHERE account = ?")
    this.#forgetLastResort = db.prepare("DELETE FROM last_resort_key_packages WHERE account = ?")
    this.#countUse = db.prepare("UPDATE last_resort_key_packages SET uses = uses + 1 WHERE account = ? AND suite = ?")
  }

  /** Hands out nothing of these stocks any more. */
  empty(account: number): void {
    this.#empty.run(account)
    this.#forgetLastResort.run(account)
  }

  add(
    { account, suiteId }: Stock,
    packages: readonly StockedKeyPackage[],
    at: { readonly nowMs: number; readonly stockLimit: number },
  ): { readonly kind: "added" | "stock_full"; readonly available: number } {
    const { nowMs, stockLimit } = at
    const available = this.#available.get(account, suiteId, nowMs) as number
    const fresh = new Map<string, StockedKeyPackage & { readonly hash: Uint8Array }>()
    for (const { data, expiresAtMs } of packages) {
      const hash = createHash("sha256").update(data).digest()
      if (this.#known.get(account, hash, nowMs) === undefined) {
        fresh.set(hash.toString("hex"), { data, expiresAtMs, hash })
      }
    }
    if (available + fresh.size > stockLimit) return { kind: "stock_full", available }
    for (const { data, expiresAtMs, hash } of fresh.values())
      this.#insert.run(account, suiteId, hash, data, expiresAtMs)
    return { kind: "added", available: available + fresh.size }
  }

  take({ account, suiteId }: Stock, nowMs: number): TakenKeyPackage | undefined {
    const oldest = this.#oldest.get(account, suiteId, nowMs)
    if (oldest) {
      this.#take.run(oldest.id)
      return { data: new Uint8Array(oldest.data), isLastResort: false }
    }
    const lastResort = this.#lastResort.get(account, suiteId, nowMs)
    if (!lastResort) return undefined
    this.#countUse.run(account, suiteId)
    return { data: new Uint8Array(lastResort.data), isLastResort: true }
  }

  keepLastResort({ account, suiteId }: Stock, { data, expiresAtMs }: StockedKeyPackage): void {
    this.#keepLastResort.run(account, suiteId, data, expiresAtMs)
  }

  lastResort({ account, suiteId }: Stock, nowMs: number): LastResort | undefined {
    const row = this.#lastResort.get(account, suiteId, nowMs)
    return row && { expiresAtMs: row.expires_at_ms, uses: row.uses }
  }
}
