import assert from "node:assert/strict"
import { batch, channel, commit, HOUR_MS, identity, LIMITS, LOG, pair, START_MS } from "./fixtures.ts"
import type { StorageCase } from "./storage-case.ts"

const inFirst = (epoch: number) => [{ channelId: channel(1), epoch }]

/** What a store has to promise about the log of a channel's commits. */
export const commitLogCases: readonly StorageCase[] = [
  {
    name: "keeps a log of commits for members, and for those removed up to their removal",
    async run(storage) {
      await pair(storage)
      await storage.enqueue(commit(1, { epoch: 1, members: [1, 2], after: [1] }), LIMITS)
      await storage.enqueue(commit(2, { epoch: 2, members: [1], after: [1, 3] }), LIMITS)
      const read = async (n: number, range: Partial<typeof LOG> = {}) => {
        const page = await storage.commits(channel(1), identity(n), { ...LOG, ...range })
        return page && [page.commits.map(({ epoch }) => epoch), page.oldestEpoch, page.newestEpoch]
      }
      assert.deepEqual(await read(1), [[0, 1, 2], 0, 3])
      assert.deepEqual(await read(3), [[0, 1, 2], 0, 3])
      assert.deepEqual(await read(2), [[0, 1], 0, 2])
      assert.equal(await read(9), undefined)
      assert.equal(await storage.commits(channel(2), identity(1), LOG), undefined)
      assert.deepEqual(await read(1, { fromEpoch: 1 }), [[1, 2], 0, 3])
      assert.deepEqual(await read(1, { limit: 2 }), [[0, 1], 0, 3])
      assert.deepEqual(await read(1, { limitBytes: 3 }), [[0], 0, 3])
      assert.deepEqual(await read(1, { fromEpoch: 7 }), [[], 0, 3])
      await storage.enqueue(commit(3, { epoch: 3, members: [1, 3], after: [1, 2, 3] }), LIMITS)
      assert.deepEqual(await read(2), [[0, 1, 2, 3], 0, 4])
    },
  },
  {
    name: "takes nothing that speaks of an epoch to come",
    async run(storage) {
      await pair(storage)
      assert.deepEqual(await storage.enqueue({ ...batch(1), sealedIn: 2 }, LIMITS), {
        kind: "epoch_ahead",
        currentEpoch: 1,
      })
      assert.equal((await storage.enqueue({ ...batch(1), sealedIn: 1 }, LIMITS)).kind, "accepted")
      assert.equal((await storage.enqueue({ ...batch(2), sealedIn: 0 }, LIMITS)).kind, "accepted")
    },
  },
  {
    name: "tells how far the channels and the inbox of somebody are",
    async run(storage) {
      await pair(storage)
      await storage.enqueue(batch(1), LIMITS)
      const stands = (n: number) => storage.standing(identity(n), [channel(1), channel(2)])
      assert.deepEqual(await stands(2), { epochs: inFirst(1), newestSeq: 1, commitsLeftOut: 0 })
      assert.deepEqual(await stands(3), { epochs: [], newestSeq: 0, commitsLeftOut: 0 })
      for (const epoch of [1, 2]) await storage.enqueue(commit(50 + epoch, { epoch, members: [1], after: [1] }), LIMITS)
      assert.deepEqual(await stands(2), { epochs: inFirst(2), newestSeq: 1, commitsLeftOut: 0 })
    },
  },
  {
    name: "bounds the log in commits, bytes and time, oldest first and never with a gap",
    async run(storage) {
      await pair(storage)
      const later = START_MS + 2 * HOUR_MS
      await storage.enqueue(
        commit(1, { epoch: 1, members: [1], after: [1, 2], keptUntilMs: START_MS + 3 * HOUR_MS }),
        LIMITS,
      )
      await storage.enqueue(commit(2, { epoch: 2, members: [1], after: [1, 2] }), LIMITS)
      const epochs = async (nowMs: number) => {
        const page = (await storage.commits(channel(1), identity(1), { ...LOG, nowMs }))!
        return [page.commits.map(({ epoch }) => epoch), page.oldestEpoch]
      }
      assert.deepEqual(await epochs(later), [[1, 2], 1])
      await storage.sweep(later, 100)
      assert.deepEqual(await epochs(START_MS), [[1, 2], 1])
      const narrow = { ...LIMITS, commitLogBytes: 5 }
      await storage.enqueue(commit(3, { epoch: 3, members: [1], after: [1, 2] }), narrow)
      assert.deepEqual(await epochs(START_MS), [[2, 3], 2])
      await storage.enqueue(commit(4, { epoch: 4, members: [1], after: [1, 2] }), { ...LIMITS, commitLogBytes: 1 })
      assert.deepEqual(await epochs(START_MS), [[4], 4])
      await storage.sweep(START_MS + 3 * HOUR_MS, 100)
      assert.deepEqual(await epochs(START_MS), [[], 5])
    },
  },
  {
    name: "remembers no more former members than the limit, and none whose removal has left the log",
    async run(storage) {
      await pair(storage)
      await storage.enqueue(commit(1, { epoch: 1, members: [1, 2], after: [1, 2, 3, 4, 5] }), LIMITS)
      for (const [epoch, after] of [
        [2, [1, 3, 4, 5]],
        [3, [1, 4, 5]],
        [4, [1, 5]],
      ] as const) {
        await storage.enqueue(commit(10 + epoch, { epoch, members: [1], after }), LIMITS)
      }
      const newest = async (n: number) => (await storage.commits(channel(1), identity(n), LOG))?.newestEpoch
      assert.deepEqual([await newest(2), await newest(3), await newest(4)], [undefined, 4, 5])
      for (const epoch of [5, 6, 7])
        await storage.enqueue(commit(20 + epoch, { epoch, members: [1], after: [1] }), LIMITS)
      assert.deepEqual([await newest(3), await newest(4), await newest(5)], [undefined, 5, 6])
    },
  },
]
