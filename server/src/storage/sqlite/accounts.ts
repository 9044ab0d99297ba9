import type { SqliteDatabase } from "./engine.ts"
import { toHex, toIdentityKey } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import type { Account, Session } from "../storage.ts"

interface AccountRow {
  readonly username: string
  readonly username_key: string
  readonly identity_key: Uint8Array
  readonly opaque_record: Uint8Array
  readonly created_at_ms: number
}

interface SessionRow {
  readonly token_hash: Uint8Array
  readonly identity_key: Uint8Array
  readonly created_at_ms: number
  readonly expires_at_ms: number
}

const ACCOUNT_COLUMNS = "username, username_key, identity_key, opaque_record, created_at_ms"

/** The rows of accounts, sessions and settings. Synchronous; changes belong inside a group commit. */
export class AccountRows {
  readonly #idByIdentity
  readonly #byUsername
  readonly #byIdentity
  readonly #insert
  readonly #insertInbox
  readonly #insertSession
  readonly #endOldest
  readonly #session
  readonly #insertSetting
  readonly #setting

  constructor(db: SqliteDatabase) {
    this.#idByIdentity = db.prepare<[Uint8Array], number>("SELECT id FROM accounts WHERE identity_key = ?").pluck()
    this.#byUsername = db.prepare<[string], AccountRow>(
      `SELECT ${ACCOUNT_COLUMNS} FROM accounts WHERE username_key = ?`,
    )
    this.#byIdentity = db.prepare<[Uint8Array], AccountRow>(
      `SELECT ${ACCOUNT_COLUMNS} FROM accounts WHERE identity_key = ? AND id NOT IN (SELECT id FROM devices)`,
    )
    this.#insert = db.prepare(`INSERT INTO accounts (${ACCOUNT_COLUMNS}) VALUES (?, ?, ?, ?, ?)`)
    this.#insertInbox = db.prepare("INSERT INTO inboxes (id, newest_seq, queued, remembered) VALUES (?, 0, 0, 0)")
    this.#insertSession = db.prepare(
      "INSERT INTO sessions (token_hash, account, created_at_ms, expires_at_ms) VALUES (?, ?, ?, ?)",
    )
    this.#endOldest = db.prepare(
      `DELETE FROM sessions WHERE token_hash IN (
         SELECT token_hash FROM sessions WHERE account = ? ORDER BY created_at_ms DESC, token_hash LIMIT -1 OFFSET ?)`,
    )
    this.#session = db.prepare<[Uint8Array, number], SessionRow>(
      `SELECT token_hash, identity_key, sessions.created_at_ms, expires_at_ms
       FROM sessions JOIN accounts ON accounts.id = account WHERE token_hash = ? AND expires_at_ms > ?`,
    )
    this.#insertSetting = db.prepare("INSERT OR IGNORE INTO settings (name, value) VALUES (?, ?)")
    this.#setting = db.prepare<[string], Uint8Array>("SELECT value FROM settings WHERE name = ?").pluck()
  }

  /** The row number of an identity's account and inbox. */
  idOf(identityKey: IdentityKey): number | undefined {
    return this.#idByIdentity.get(identityKey)
  }

  keepFirst(name: string, candidate: Uint8Array): Uint8Array {
    this.#insertSetting.run(name, candidate)
    return new Uint8Array(this.#setting.get(name) as Uint8Array)
  }

  create(account: Account): "created" | "username_taken" | "identity_taken" {
    if (this.#byUsername.get(account.usernameKey)) return "username_taken"
    if (this.idOf(account.identityKey) !== undefined) return "identity_taken"
    const { username, usernameKey, identityKey, opaqueRecord, createdAtMs } = account
    const inserted = this.#insert.run(username, usernameKey, identityKey, opaqueRecord, createdAtMs)
    this.#insertInbox.run(inserted.lastInsertRowid)
    return "created"
  }

  /** A row without a name or a password, with an empty inbox. Returns its number. */
  createNameless(key: Uint8Array, createdAtMs: number): number | bigint {
    const { lastInsertRowid } = this.#insert.run("", namelessKey(key), key, new Uint8Array(0), createdAtMs)
    this.#insertInbox.run(lastInsertRowid)
    return lastInsertRowid
  }

  endSessions(account: number): void {
    this.#endOldest.run(account, 0)
  }

  byUsernameKey(usernameKey: string): Account | undefined {
    const row = this.#byUsername.get(usernameKey)
    return row && toAccount(row)
  }

  byIdentity(identityKey: IdentityKey): Account | undefined {
    const row = this.#byIdentity.get(identityKey)
    return row && toAccount(row)
  }

  /** @param account - the row number of the session's identity */
  createSession(account: number, session: Session, limit: number): void {
    this.#insertSession.run(session.tokenHash, account, session.createdAtMs, session.expiresAtMs)
    this.#endOldest.run(account, limit)
  }

  session(tokenHash: Uint8Array, nowMs: number): Session | undefined {
    const row = this.#session.get(tokenHash, nowMs)
    if (!row) return undefined
    return {
      tokenHash: new Uint8Array(row.token_hash),
      identityKey: toIdentityKey(new Uint8Array(row.identity_key)),
      createdAtMs: row.created_at_ms,
      expiresAtMs: row.expires_at_ms,
    }
  }
}

/** A space is in no username. */
const namelessKey = (key: Uint8Array): string => `device ${toHex(key)}`

function toAccount(row: AccountRow): Account {
  return {
    username: row.username,
    usernameKey: row.username_key,
    identityKey: toIdentityKey(new Uint8Array(row.identity_key)),
    opaqueRecord: new Uint8Array(row.opaque_record),
    createdAtMs: row.created_at_ms,
  }
}
