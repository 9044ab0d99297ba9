import { MemoryStorage } from "@qpc/server"
import type { Batch, BatchLimits, BatchOutcome, PeekRange, TakenKeyPackage } from "@qpc/server"
import { toHex } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { findViolations, TOPICS } from "./find-violations.ts"
import { turns } from "./slow-storage.ts"
import { STORAGES, withStorage } from "./storages.ts"

const HISTORIES = 100

describe.each(STORAGES)("calls of several clients at the same time, on the %s store", (name) => {
  it.each(TOPICS)("can be explained by an order of their own: %s", async (topic) => {
    const found = await withStorage(name, (storage) =>
      findViolations(storage, { topic, histories: HISTORIES, seed: 1 }),
    )
    expect(found.violations).toEqual([])
    // They did get into each other's way, and answers were lost.
    expect(found.overlaps).toBeGreaterThan(10 * HISTORIES)
    expect(found.lost).toBeGreaterThan(HISTORIES / 2)
  })
})

/** Looks at the stock, waits, and takes what it saw: two who look at the same time get the same package. */
class LooksBeforeItTakes extends MemoryStorage {
  readonly #taking = new Map<string, TakenKeyPackage | undefined>()

  override async takeKeyPackage(identityKey: IdentityKey, nowMs: number): Promise<TakenKeyPackage | undefined> {
    const name = toHex(identityKey)
    if (this.#taking.has(name)) return this.#taking.get(name)
    const seen = await super.takeKeyPackage(identityKey, nowMs)
    this.#taking.set(name, seen)
    await turns(2)
    this.#taking.delete(name)
    return seen
  }
}

/** Answers from what it read a moment ago. */
class ReadsFromCache extends MemoryStorage {
  readonly #cached = new Map<string, Awaited<ReturnType<MemoryStorage["peek"]>>>()

  override async peek(inbox: IdentityKey, range: PeekRange): ReturnType<MemoryStorage["peek"]> {
    const name = `${toHex(inbox)} ${range.afterSeq}`
    const known = this.#cached.get(name)
    this.#cached.set(name, await super.peek(inbox, range))
    return known ?? (await super.peek(inbox, range))
  }
}

/** Takes a commit that came too late for the next epoch's. */
class TakesLateClaims extends MemoryStorage {
  override async enqueue(batch: Batch, limits: BatchLimits): Promise<BatchOutcome> {
    const outcome = await super.enqueue(batch, limits)
    if (outcome.kind !== "epoch_conflict" || batch.claim === undefined) return outcome
    const claim = { ...batch.claim, epoch: outcome.currentEpoch }
    return super.enqueue({ ...batch, claim }, limits)
  }
}

/** Says that a message is stored, and stores it then. */
class AnswersBeforeItStores extends MemoryStorage {
  override async enqueue(batch: Batch, limits: BatchLimits): Promise<BatchOutcome> {
    if (batch.claim !== undefined) return super.enqueue(batch, limits)
    void turns(3).then(() => super.enqueue(batch, limits))
    const { acceptedAtMs } = batch
    return { kind: "accepted", duplicate: false, acceptedAtMs, skipped: [], full: [], firstSeq: 1 }
  }
}

describe("a store that breaks its promise", () => {
  it.each([
    ["hands out a key package twice", new LooksBeforeItTakes(), "key packages"],
    ["reads from a cache", new ReadsFromCache(), "messages"],
    ["takes two commits of one epoch", new TakesLateClaims(), "claims"],
    ["answers before a message is stored", new AnswersBeforeItStores(), "messages"],
  ] as const)("is found out: one that %s", async (_title, storage, topic) => {
    const { violations } = await findViolations(storage, { topic, histories: 40, seed: 1 })
    expect(violations.length).toBeGreaterThan(0)
  })
})
