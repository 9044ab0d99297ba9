import { stdout } from "node:process"
import { account, batch, commit, identity, LIMITS } from "../storage/conformance/fixtures.ts"
import { openSqliteStorage } from "../storage/sqlite/sqlite-storage.ts"
import { concatBytes, toMessageId } from "@qpc/wire"
import { TEST_KEY } from "./temporary-store.ts"

/**
 * A process to be killed: enqueues messages, many at a time, and writes the number of each to standard output once it is
 * acknowledged. Every message is enqueued twice, as a client that did not see the first answer does.
 *
 * Arguments: the store's file, and the number to start from.
 */
const [, , file, start] = process.argv
const storage = openSqliteStorage({ file: file!, key: TEST_KEY })
const limits = { ...LIMITS, queueDepth: 10_000_000, rememberedIds: 10_000_000 }
for (const n of [1, 2]) await storage.createAccount(account(n))
await storage.enqueue(commit(255, { epoch: 0, members: [1], after: [1, 2] }), limits)

const CONCURRENT = 16

async function enqueueFrom(first: number): Promise<void> {
  for (let n = first; ; n += CONCURRENT) {
    const number = Buffer.alloc(8)
    number.writeBigUInt64BE(BigInt(n))
    const messageId = toMessageId(concatBytes(number, new Uint8Array(8)))
    const message = { ...batch(1), messageId, deliveries: [{ recipients: [identity(2)], payload: number }] }
    await Promise.all([storage.enqueue(message, limits), storage.enqueue(message, limits)])
    stdout.write(`${n}\n`)
  }
}

await Promise.all(Array.from({ length: CONCURRENT }, (_, lane) => enqueueFrom(Number(start) + lane)))
