import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { nodeRandom } from "@qpc/crypto/node"
import { openSqliteStorage } from "@qpc/server"
import type { Batch, SignedClaim, Storage } from "@qpc/server"
import { newMessageId, toGroupId, toIdentityKey } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import { compare } from "./measure.ts"
import type { Contender, Plan } from "./measure.ts"
import { NOW_MS } from "./qpc-group.ts"
import { resultOf } from "./report.ts"
import type { Result } from "./report.ts"

/** Clients that wait for their acknowledgement before they send again. */
const WRITERS = 256
const PAYLOAD = new Uint8Array(512).fill(0x61)
const HOUR_MS = 3_600_000
const COMMIT_EACH = "raw, 1 commit each"
const BATCHED = "raw, batched"
/** As many rows in a transaction as writers wait for the server's. */
const ROWS_PER_COMMIT = WRITERS
const LIMITS = {
  queueDepth: 10_000_000,
  queueBytes: 2 ** 40,
  rememberedIds: 10_000_000,
  commitLogEpochs: 4,
  commitLogBytes: 2 ** 40,
  formerMembers: 4,
}

/**
 * Durable enqueues per second of 256 writers through the server's storage, encrypted, with inbox numbers, idempotency and
 * membership, against single INSERTs into one plain table of raw SQLite: with a commit for each, and from one writer that
 * commits once for many. All with a write-ahead log and `synchronous=FULL`.
 */
export async function benchEnqueue(plan: Plan): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), "qpc-bench-"))
  try {
    await using storage = openSqliteStorage({ file: join(directory, "server.db"), key: nodeRandom(32) })
    using each = rawTable(join(directory, "each.db"))
    using batched = rawTable(join(directory, "batched.db"))
    const contenders = [
      await server(storage),
      { name: COMMIT_EACH, run: (count: number) => each.insert(count, 1) },
      { name: BATCHED, run: (count: number) => batched.insert(count, ROWS_PER_COMMIT) },
    ]
    return resultOf("server", "durable enqueue", await compare(contenders, plan), {
      [COMMIT_EACH]: "enqueue_vs_raw_commit",
      [BATCHED]: "enqueue_vs_raw_batch",
    })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The one commit of a run: what signing costs is measured elsewhere. */
function unsigned(): SignedClaim {
  const head = { hash: new Uint8Array(32), signature: new Uint8Array(64), acceptedAtMs: NOW_MS }
  return { head, payloads: [new Uint8Array(1)] }
}

async function server(storage: Storage): Promise<Contender> {
  const people = [1, 2].map((n) => toIdentityKey(new Uint8Array(32).fill(n)))
  for (const [n, identityKey] of people.entries()) {
    const opaqueRecord = new Uint8Array(192)
    await storage.createAccount({
      username: `user${n}`,
      usernameKey: `user${n}`,
      identityKey,
      opaqueRecord,
      createdAtMs: NOW_MS,
    })
  }
  const [sender, recipient] = people as [IdentityKey, IdentityKey]
  const text = (): Batch => batchOf(sender, recipient)
  await accepted(storage, {
    ...text(),
    claim: { epoch: 0, membersAfter: people, commitIndex: 0, keptUntilMs: 2 ** 50, signHead: unsigned },
  })
  return {
    name: "qpc",
    run: async (count) => {
      let left = count
      const writer = async (): Promise<void> => {
        while (left-- > 0) await accepted(storage, text())
      }
      await Promise.all(Array.from({ length: WRITERS }, writer))
    },
  }
}

const CHANNEL = toGroupId(new Uint8Array(16).fill(7))

function batchOf(sender: IdentityKey, recipient: IdentityKey): Batch {
  return {
    sender,
    messageId: newMessageId(NOW_MS, nodeRandom),
    fingerprint: nodeRandom(32),
    channelId: CHANNEL,
    deliveries: [{ recipients: [recipient], payload: PAYLOAD }],
    acceptedAtMs: NOW_MS,
    expiresAtMs: NOW_MS + HOUR_MS,
    rememberedUntilMs: NOW_MS + HOUR_MS,
  }
}

async function accepted(storage: Storage, batch: Batch): Promise<void> {
  const outcome = await storage.enqueue(batch, LIMITS)
  if (outcome.kind !== "accepted") throw new Error(`unreachable: ${outcome.kind}`)
}

interface RawTable extends Disposable {
  /** Inserts `count` rows with a commit after every `rowsPerCommit`. */
  insert(count: number, rowsPerCommit: number): void
}

function rawTable(file: string): RawTable {
  const db = new DatabaseSync(file)
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA locking_mode = EXCLUSIVE")
  db.exec("CREATE TABLE envelopes (seq INTEGER PRIMARY KEY, payload BLOB NOT NULL) STRICT")
  const insert = db.prepare("INSERT INTO envelopes (payload) VALUES (?)")
  return {
    insert(count, rowsPerCommit) {
      for (let at = 0; at < count; at += rowsPerCommit) {
        db.exec("BEGIN IMMEDIATE")
        for (let row = at; row < Math.min(count, at + rowsPerCommit); row++) insert.run(PAYLOAD)
        db.exec("COMMIT")
      }
    },
    [Symbol.dispose]: () => db.close(),
  }
}
