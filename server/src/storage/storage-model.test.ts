import { describe, expect, it } from "vitest"
import fc from "fast-check"
import { temporaryStore } from "../testing/temporary-store.ts"
import {
  account,
  batch,
  bytes,
  channel,
  commit,
  HOUR_MS,
  identity,
  LIMITS,
  START_MS,
  withWelcome,
} from "./conformance/fixtures.ts"
import { MemoryStorage } from "./memory-storage.ts"
import { openSqliteStorage } from "./sqlite/sqlite-storage.ts"
import type { SqliteStorageOptions } from "./sqlite/sqlite-storage.ts"
import type { Storage } from "./storage.ts"

/** So that either of the two bounds of an inbox is met first. */
const TIGHT = { ...LIMITS, queueBytes: 8, commitLogBytes: 7 }

type Step = (storage: Storage, nowMs: number) => Promise<unknown>

const person = fc.integer({ min: 1, max: 4 })
const people = fc.uniqueArray(person, { minLength: 1, maxLength: 4 })
const id = fc.integer({ min: 1, max: 30 })

const enqueued = fc
  .tuple(id, person, fc.array(people, { minLength: 1, maxLength: 3 }), fc.boolean(), fc.boolean(), fc.nat(3))
  .map(([n, sender, groups, isBrief, partial, sealedIn]): Step => (storage, nowMs) => {
    const deliveries = groups.map((members, index) => ({
      recipients: members.map(identity),
      payload: bytes(n, ...Array<number>(n % 3).fill(index)),
    }))
    const expiresAtMs = nowMs + (isBrief ? 20 : HOUR_MS)
    return storage.enqueue({ ...batch(n, { sender, deliveries, atMs: nowMs, expiresAtMs }), partial, sealedIn }, TIGHT)
  })
const claimed = fc
  .tuple(id, person, people, people, fc.integer({ min: 0, max: 6 }), fc.tuple(fc.boolean(), fc.nat(200)))
  .map(([n, sender, members, after, epoch, [isWelcoming, keptMs]]): Step => (storage, nowMs) => {
    const claim = commit(100 + n, { sender, epoch, members, after, atMs: nowMs, keptUntilMs: nowMs + keptMs })
    const welcome = { recipients: after.map(identity), payload: bytes(n) }
    return storage.enqueue(isWelcoming ? withWelcome(claim, welcome) : claim, TIGHT)
  })
const logRead = fc
  .tuple(person, fc.nat(8), fc.integer({ min: 1, max: 5 }), fc.nat(6))
  .map(([n, fromEpoch, limit, limitBytes]): Step => async (storage, nowMs) => [
    await storage.commits(channel(1), identity(n), { fromEpoch, limit, limitBytes, nowMs }),
    await storage.standing(identity(n), [channel(1)]),
  ])
const read = fc
  .tuple(person, fc.nat(12), fc.integer({ min: 1, max: 6 }), fc.nat(12))
  .map(([n, afterSeq, limit, limitBytes]): Step => async (storage, nowMs) => [
    await storage.peek(identity(n), { afterSeq, limit, limitBytes, nowMs }),
    await storage.newestSeq(identity(n)),
    await storage.commitsLeftOut(identity(n)),
  ])
const acknowledged = fc.tuple(person, fc.nat(15)).map(
  ([n, seq]): Step =>
    (storage, nowMs) =>
      storage.acknowledge(identity(n), seq, nowMs),
)
const stocked = fc.tuple(person, fc.array(fc.nat(9), { maxLength: 3 }), fc.integer({ min: 1, max: 60 })).map(
  ([n, contents, lifeMs]): Step =>
    (storage, nowMs) =>
      storage.addKeyPackages(
        identity(n),
        contents.map((content) => ({ data: bytes(content), expiresAtMs: nowMs + lifeMs })),
        { nowMs, stockLimit: 4 },
      ),
)
const taken = person.map(
  (n): Step =>
    (storage, nowMs) =>
      storage.takeKeyPackage(identity(n), nowMs),
)
const lastResortKept = fc
  .tuple(person, fc.nat(3), fc.integer({ min: 1, max: 60 }))
  .map(([n, content, lifeMs]): Step => async (storage, nowMs) => {
    await storage.keepLastResort(identity(n), { data: bytes(content), expiresAtMs: nowMs + lifeMs })
    return storage.lastResort(identity(n), nowMs)
  })
const swept = fc.constant<Step>(async (storage, nowMs) => {
  await storage.sweep(nowMs, 1000)
})

const steps = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 6, arbitrary: enqueued },
      { weight: 4, arbitrary: claimed },
      { weight: 3, arbitrary: read },
      { weight: 2, arbitrary: logRead },
      { weight: 2, arbitrary: acknowledged },
      { weight: 2, arbitrary: stocked },
      { weight: 2, arbitrary: taken },
      { weight: 1, arbitrary: lastResortKept },
      { weight: 1, arbitrary: swept },
    ),
    fc.nat(15),
  ),
  { minLength: 40, maxLength: 120, size: "max" },
)

const opened = async (options: SqliteStorageOptions): Promise<Storage> => openSqliteStorage(options)

describe("the SQLite store and the model", () => {
  it("agree on every answer to any sequence of operations", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        using place = temporaryStore()
        await using real = await opened(place.options)
        const model = new MemoryStorage()
        for (const storage of [real, model]) {
          for (const n of [1, 2, 3, 4]) await storage.createAccount(account(n))
          await storage.enqueue(commit(90, { epoch: 0, members: [1], after: [1, 2, 3] }), TIGHT)
        }
        let nowMs = START_MS
        for (const [step, passedMs] of sequence) {
          nowMs += passedMs
          expect(await step(real, nowMs)).toEqual(await step(model, nowMs))
        }
      }),
      { numRuns: 60 },
    )
  })
})
