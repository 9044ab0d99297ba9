import { createHash } from "node:crypto"
import type { SqliteDatabase } from "./engine.ts"
import type { StockedKeyPackage } from "../storage.ts"

/** The rows of key packages. A taken package stays, empty, until it expires: nobody can put it back. */
export class KeyPackageRows {
  readonly #known
  readonly #insert
  readonly #available
  readonly #oldest
  readonly #take

  constructor(db: SqliteDatabase) {
    this.#known = db
      .prepare<[number, Uint8Array, number], number>(
        "SELECT 1 FROM key_packages WHERE account = ? AND hash = ? AND expires_at_ms > ?",
      )
      .pluck()
    this.#insert = db.prepare(
      "INSERT OR REPLACE INTO key_packages (account, hash, data, expires_at_ms) VALUES (?, ?, ?, ?)",
    )
    this.#available = db
      .prepare<[number, number], number>(
        "SELECT count(*) FROM key_packages WHERE account = ? AND data IS NOT NULL AND expires_at_ms > ?",
      )
      .pluck()
    this.#oldest = db.prepare<[number, number], { id: number; data: Uint8Array }>(
      `SELECT id, data FROM key_packages WHERE account = ? AND data IS NOT NULL AND expires_at_ms > ?
       ORDER BY id LIMIT 1`,
    )
    this.#take = db.prepare("UPDATE key_packages SET data = NULL WHERE id = ?")
  }

  add(
    account: number,
    packages: readonly StockedKeyPackage[],
    at: { readonly nowMs: number; readonly stockLimit: number },
  ): { readonly kind: "added" | "stock_full"; readonly available: number } {
    const { nowMs, stockLimit } = at
    const available = this.#available.get(account, nowMs) as number
    const fresh = new Map<string, StockedKeyPackage & { readonly hash: Uint8Array }>()
    for (const { data, expiresAtMs } of packages) {
      const hash = createHash("sha256").update(data).digest()
      if (this.#known.get(account, hash, nowMs) === undefined) {
        fresh.set(hash.toString("hex"), { data, expiresAtMs, hash })
      }
    }
    if (available + fresh.size > stockLimit) return { kind: "stock_full", available }
    for (const { data, expiresAtMs, hash } of fresh.values()) this.#insert.run(account, hash, data, expiresAtMs)
    return { kind: "added", available: available + fresh.size }
  }

  take(account: number, nowMs: number): Uint8Array | undefined {
    const oldest = this.#oldest.get(account, nowMs)
    if (!oldest) return undefined
    this.#take.run(oldest.id)
    return new Uint8Array(oldest.data)
  }
}
