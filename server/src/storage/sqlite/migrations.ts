import type { SqliteDatabase } from "./engine.ts"
import { StorageError } from "../storage-error.ts"

/** One step of the schema. Once released it is never edited: the next change is the next number. */
export interface Migration {
  readonly version: number
  readonly name: string
  readonly sql: string
}

// `uses` of a payload lives beside it, not in its row: counting down would otherwise rewrite the whole payload.
const FIRST_SCHEMA = `
CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
  id INTEGER PRIMARY KEY,
  username TEXT NOT NULL,
  username_key TEXT NOT NULL UNIQUE,
  identity_key BLOB NOT NULL UNIQUE,
  opaque_record BLOB NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
  token_hash BLOB PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES accounts (id),
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_account ON sessions (account, created_at_ms);
CREATE INDEX sessions_by_expiry ON sessions (expires_at_ms);

CREATE TABLE key_packages (
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES accounts (id),
  hash BLOB NOT NULL,
  data BLOB, -- NULL once taken; the row then only prevents a second upload
  expires_at_ms INTEGER NOT NULL,
  UNIQUE (account, hash)
) STRICT;
CREATE INDEX key_packages_in_stock ON key_packages (account, id) WHERE data IS NOT NULL;
CREATE INDEX key_packages_by_expiry ON key_packages (expires_at_ms);

CREATE TABLE inboxes (
  id INTEGER PRIMARY KEY REFERENCES accounts (id),
  newest_seq INTEGER NOT NULL,
  queued INTEGER NOT NULL, -- rows in envelopes, expired ones included
  remembered INTEGER NOT NULL -- rows in accepted_messages whose sender this is
) STRICT;

CREATE TABLE payloads (
  id INTEGER PRIMARY KEY,
  data BLOB NOT NULL
) STRICT;
CREATE TABLE payload_uses (
  payload INTEGER PRIMARY KEY REFERENCES payloads (id),
  uses INTEGER NOT NULL
) STRICT;

CREATE TABLE envelopes (
  inbox INTEGER NOT NULL REFERENCES inboxes (id),
  seq INTEGER NOT NULL,
  payload INTEGER NOT NULL REFERENCES payloads (id),
  accepted_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  PRIMARY KEY (inbox, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX envelopes_by_expiry ON envelopes (expires_at_ms);

CREATE TABLE channels (
  id INTEGER PRIMARY KEY,
  channel_id BLOB NOT NULL UNIQUE,
  current_epoch INTEGER NOT NULL
) STRICT;
CREATE TABLE channel_members (
  channel INTEGER NOT NULL REFERENCES channels (id),
  identity_key BLOB NOT NULL,
  PRIMARY KEY (channel, identity_key)
) STRICT, WITHOUT ROWID;
CREATE TABLE channel_commits (
  channel INTEGER NOT NULL REFERENCES channels (id),
  epoch INTEGER NOT NULL,
  payload INTEGER NOT NULL REFERENCES payloads (id),
  expires_at_ms INTEGER NOT NULL,
  PRIMARY KEY (channel, epoch)
) STRICT, WITHOUT ROWID;
CREATE INDEX channel_commits_by_expiry ON channel_commits (expires_at_ms);

CREATE TABLE accepted_messages (
  sender INTEGER NOT NULL REFERENCES accounts (id),
  message_id BLOB NOT NULL,
  fingerprint BLOB NOT NULL,
  accepted_at_ms INTEGER NOT NULL,
  first_seq INTEGER,
  skipped BLOB NOT NULL, -- identity keys, 32 bytes each
  remembered_until_ms INTEGER NOT NULL,
  PRIMARY KEY (sender, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX accepted_messages_by_expiry ON accepted_messages (remembered_until_ms);
`

// Kept as a sum, like the count beside it: adding it up for every message would cost a look at every unread one.
const QUEUED_BYTES = `
ALTER TABLE inboxes ADD COLUMN queued_bytes INTEGER NOT NULL DEFAULT 0; -- of payloads of rows in envelopes
UPDATE inboxes SET queued_bytes = (
  SELECT coalesce(sum(length(data)), 0) FROM envelopes JOIN payloads ON payloads.id = payload WHERE inbox = inboxes.id);
`

const LAST_RESORT = `
CREATE TABLE last_resort_key_packages (
  account INTEGER PRIMARY KEY REFERENCES accounts (id),
  data BLOB NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  uses INTEGER NOT NULL -- how often it was handed out
) STRICT;
`

const FULL_INBOXES = `
ALTER TABLE accepted_messages ADD COLUMN waiting BLOB NOT NULL DEFAULT x''; -- identity keys that had no room yet
CREATE INDEX accepted_messages_waiting ON accepted_messages (sender) WHERE waiting <> x'';
`

// The log of a channel's commits outlives the inboxes that they went to.
const COMMIT_LOG = `
ALTER TABLE channels ADD COLUMN log_bytes INTEGER NOT NULL DEFAULT 0; -- of payloads of rows in channel_commits
UPDATE channels SET log_bytes = (
  SELECT coalesce(sum(length(data)), 0) FROM channel_commits JOIN payloads ON payloads.id = payload
  WHERE channel = channels.id);
ALTER TABLE inboxes ADD COLUMN commits_left_out INTEGER NOT NULL DEFAULT 0; -- ever, because the inbox was full
CREATE TABLE channel_former_members (
  channel INTEGER NOT NULL REFERENCES channels (id),
  identity_key BLOB NOT NULL,
  removed_in INTEGER NOT NULL, -- the epoch whose commit removed them
  PRIMARY KEY (channel, identity_key)
) STRICT, WITHOUT ROWID;
`

// A channel of before there were heads has none until its next commit.
const HEADS = `
ALTER TABLE channels ADD COLUMN head_hash BLOB; -- of the log of epochs at current_epoch
ALTER TABLE channels ADD COLUMN head_signature BLOB;
ALTER TABLE channels ADD COLUMN head_at_ms INTEGER; -- when the commit that led there was accepted
`

// A device beyond a person's first has a row of its own in accounts, which is what inboxes, stocks and sessions hang on. Its
// username_key is no username's, and its record opens with no password.
const DEVICES = `
CREATE TABLE devices (
  id INTEGER PRIMARY KEY REFERENCES accounts (id),
  owner INTEGER NOT NULL REFERENCES accounts (id),
  certificate BLOB NOT NULL,
  registered_at_ms INTEGER NOT NULL,
  revocation BLOB -- NULL until its owner takes it back
) STRICT;
CREATE INDEX devices_by_owner ON devices (owner, id);
`

// A stock for each cipher suite. What was there is of the first, IANA code point 1.
const SUITES = `
ALTER TABLE key_packages ADD COLUMN suite INTEGER NOT NULL DEFAULT 1;
DROP INDEX key_packages_in_stock;
CREATE INDEX key_packages_in_stock ON key_packages (account, suite, id) WHERE data IS NOT NULL;
ALTER TABLE last_resort_key_packages RENAME TO first_last_resorts;
CREATE TABLE last_resort_key_packages (
  account INTEGER NOT NULL REFERENCES accounts (id),
  suite INTEGER NOT NULL,
  data BLOB NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  uses INTEGER NOT NULL, -- how often it was handed out
  PRIMARY KEY (account, suite)
) STRICT, WITHOUT ROWID;
INSERT INTO last_resort_key_packages SELECT account, 1, data, expires_at_ms, uses FROM first_last_resorts;
DROP TABLE first_last_resorts;
`

/** The schema's history, oldest first. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "accounts, key packages, inboxes, channels", sql: FIRST_SCHEMA },
  { version: 2, name: "bytes in inboxes", sql: QUEUED_BYTES },
  { version: 3, name: "last-resort key packages", sql: LAST_RESORT },
  { version: 4, name: "messages that wait for room", sql: FULL_INBOXES },
  { version: 5, name: "a log of commits", sql: COMMIT_LOG },
  { version: 6, name: "heads of the logs of epochs", sql: HEADS },
  { version: 7, name: "devices", sql: DEVICES },
  { version: 8, name: "key packages of several cipher suites", sql: SUITES },
]

/**
 * Brings a store to the newest schema. Each step is one transaction together with its number, so a crash leaves the
 * store at a step, never between two.
 *
 * @throws StorageError `newer_schema` for a store that a newer release has written; `corrupt` where the steps it went
 *   through are not ours.
 */
export function migrate(db: SqliteDatabase, file: string, migrations: readonly Migration[] = MIGRATIONS): void {
  migrations.forEach((migration, index) => {
    if (migration.version !== index + 1) throw new Error(`unreachable: migration ${migration.version} out of order`)
  })
  db.exec("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT")
  const applied = db
    .prepare<[], { version: number; name: string }>("SELECT version, name FROM migrations ORDER BY version")
    .all()
  if (applied.length > migrations.length) {
    throw new StorageError(
      "newer_schema",
      `The store ${file} has schema ${applied.length}, this qpc-server knows ${migrations.length}: start the newer release, or restore a backup made before the upgrade.`,
    )
  }
  applied.forEach((row, index) => {
    if (row.version === index + 1 && row.name === migrations[index]!.name) return
    throw new StorageError("corrupt", `The store ${file} went through unknown schema steps: restore it from a backup.`)
  })
  const record = db.prepare("INSERT INTO migrations (version, name) VALUES (?, ?)")
  for (const migration of migrations.slice(applied.length)) {
    db.transaction(() => {
      db.exec(migration.sql)
      record.run(migration.version, migration.name)
    }).immediate()
  }
}
