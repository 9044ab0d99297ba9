import assert from "node:assert/strict"
import type { Storage, StoredEnvelope } from "../storage.ts"
import { batch, bytes, channel, commit, headOf, HOUR_MS, identity } from "./fixtures.ts"
import { LIMITS, LOG, pair, START_MS, withWelcome } from "./fixtures.ts"
import type { StorageCase } from "./storage-case.ts"

const RANGE = { afterSeq: 0, limit: 100, limitBytes: 1_000_000, nowMs: START_MS }

async function contents(storage: Storage, n: number, nowMs: number = START_MS): Promise<readonly StoredEnvelope[]> {
  return (await storage.peek(identity(n), { ...RANGE, nowMs })).envelopes
}

async function payloads(storage: Storage, n: number): Promise<readonly (readonly number[])[]> {
  return (await contents(storage, n)).map(({ payload }) => Array.from(payload))
}

const toThird = (n: number) => batch(n, { deliveries: [{ recipients: [identity(3)], payload: bytes(n) }] })

const accepted = { kind: "accepted", duplicate: false, acceptedAtMs: START_MS, skipped: [] as const, full: [] as const }

const order: readonly StorageCase[] = [
  {
    name: "numbers an inbox from 1 without gaps",
    async run(storage) {
      await pair(storage)
      assert.equal(await storage.newestSeq(identity(2)), 0)
      assert.deepEqual(await storage.enqueue(batch(1), LIMITS), { ...accepted, firstSeq: 1 })
      assert.deepEqual(await storage.enqueue(batch(2), LIMITS), { ...accepted, firstSeq: 2 })
      assert.deepEqual(await contents(storage, 2), [
        { seq: 1, payload: bytes(1), acceptedAtMs: START_MS },
        { seq: 2, payload: bytes(2), acceptedAtMs: START_MS },
      ])
      assert.equal(await storage.newestSeq(identity(2)), 2)
    },
  },
  {
    name: "never gives a number out again, even after everything was acknowledged",
    async run(storage) {
      await pair(storage)
      await storage.enqueue(batch(1), LIMITS)
      assert.equal(await storage.acknowledge(identity(2), 1, START_MS), 0)
      assert.deepEqual(await storage.enqueue(batch(2), LIMITS), { ...accepted, firstSeq: 2 })
    },
  },
  {
    name: "reads from a position, up to a number and up to a size, and says if there is more",
    async run(storage) {
      await pair(storage)
      for (const n of [1, 2, 3]) await storage.enqueue(batch(n), LIMITS)
      const read = async (range: Partial<typeof RANGE>) => {
        const { envelopes, more } = await storage.peek(identity(2), { ...RANGE, ...range })
        return [...envelopes.map(({ seq }) => seq), more]
      }
      assert.deepEqual(await read({}), [1, 2, 3, false])
      assert.deepEqual(await read({ afterSeq: 1 }), [2, 3, false])
      assert.deepEqual(await read({ limit: 2 }), [1, 2, true])
      assert.deepEqual(await read({ limit: 3 }), [1, 2, 3, false])
      assert.deepEqual(await read({ limitBytes: 2 }), [1, 2, true])
      assert.deepEqual(await read({ limitBytes: 0 }), [1, true])
    },
  },
  {
    name: "forgets what was acknowledged, and nothing else",
    async run(storage) {
      await pair(storage)
      for (const n of [1, 2, 3]) await storage.enqueue(batch(n), LIMITS)
      assert.equal(await storage.acknowledge(identity(2), 2, START_MS), 1)
      assert.equal(await storage.acknowledge(identity(2), 1, START_MS), 1)
      assert.equal(await storage.acknowledge(identity(2), 4, START_MS), undefined)
      assert.deepEqual(await payloads(storage, 2), [[3]])
    },
  },
]

const atomic: readonly StorageCase[] = [
  {
    name: "delivers several payloads to several inboxes at once",
    async run(storage) {
      await pair(storage)
      const deliveries = [
        { recipients: [identity(1), identity(2)], payload: bytes(7) },
        { recipients: [identity(2)], payload: bytes(8) },
      ]
      assert.deepEqual(await storage.enqueue(batch(1, { deliveries }), LIMITS), { ...accepted, firstSeq: 2 })
      assert.deepEqual(await payloads(storage, 1), [[7]])
      assert.deepEqual(await payloads(storage, 2), [[7], [8]])
      await storage.acknowledge(identity(1), 2, START_MS)
      assert.deepEqual(await payloads(storage, 2), [[7], [8]])
    },
  },
  {
    name: "delivers a partial batch to those who have room, and to the others when it is repeated and they have it",
    async run(storage) {
      await pair(storage)
      for (const n of [1, 2, 3, 4, 5]) await storage.enqueue(batch(n), LIMITS)
      const deliveries = [{ recipients: [identity(1), identity(2)], payload: bytes(7) }]
      const partial = { ...batch(6, { deliveries }), partial: true }
      const full = [identity(2)]
      assert.deepEqual(await storage.enqueue(partial, LIMITS), { ...accepted, full, firstSeq: 2 })
      assert.deepEqual(await storage.enqueue(partial, LIMITS), { ...accepted, full, firstSeq: 2, duplicate: true })
      assert.deepEqual(await payloads(storage, 1), [[7]])
      await storage.acknowledge(identity(2), 1, START_MS)
      assert.deepEqual(await storage.enqueue(partial, LIMITS), { ...accepted, firstSeq: 2, duplicate: true })
      assert.deepEqual(await storage.enqueue(partial, LIMITS), { ...accepted, firstSeq: 2, duplicate: true })
      assert.deepEqual(await payloads(storage, 1), [[7]])
      assert.deepEqual((await payloads(storage, 2)).at(-1), [7])
      assert.equal((await payloads(storage, 2)).length, 5)
    },
  },
  {
    name: "lets a commit go past full inboxes, counts it for their owners, and holds nothing up behind it",
    async run(storage) {
      await pair(storage)
      for (const n of [1, 2, 3, 4, 5]) await storage.enqueue(batch(n), LIMITS)
      assert.equal(await storage.commitsLeftOut(identity(2)), 0)
      const staying = commit(6, { epoch: 1, members: [1, 2], after: [1, 2] })
      const full = [identity(2)]
      const position = { epoch: 2, head: headOf(100, 6) }
      assert.deepEqual(await storage.enqueue(staying, LIMITS), { ...accepted, full, firstSeq: 2, position })
      assert.deepEqual(await storage.enqueue(staying, LIMITS), { ...accepted, firstSeq: 2, duplicate: true, position })
      assert.equal(await storage.commitsLeftOut(identity(2)), 1)
      assert.equal(await storage.commitsLeftOut(identity(1)), 0)
      await storage.acknowledge(identity(2), 1, START_MS)
      const text = { ...batch(7), partial: true }
      assert.deepEqual(await storage.enqueue(text, LIMITS), { ...accepted, firstSeq: 6 })
      assert.deepEqual(await payloads(storage, 2), [[2], [3], [4], [5], [7]])
      const { commits } = (await storage.commits(channel(1), identity(2), LOG))!
      assert.deepEqual(commits.at(-1), { epoch: 1, payload: bytes(200, 6) })
    },
  },
  {
    name: "lets nobody in without room for their Welcome",
    async run(storage) {
      await pair(storage)
      await storage.enqueue(commit(99, { epoch: 1, members: [1], after: [1, 2, 3] }), LIMITS)
      for (const n of [1, 2, 3, 4, 5]) await storage.enqueue(toThird(n), LIMITS)
      const swap = commit(6, { epoch: 2, members: [1, 2, 3], after: [1, 2, 3] })
      const welcoming = withWelcome(swap, { recipients: [identity(3)], payload: bytes(9) })
      assert.deepEqual(await storage.enqueue(welcoming, LIMITS), { kind: "inbox_full", recipient: identity(3) })
      assert.equal(await storage.commitsLeftOut(identity(3)), 0)
      await storage.acknowledge(identity(3), 2, START_MS)
      assert.equal((await storage.enqueue(welcoming, LIMITS)).kind, "accepted")
    },
  },
  {
    name: "gives nobody a later message of a sender before an earlier one that still waits for them",
    async run(storage) {
      await pair(storage)
      for (const n of [1, 2, 3, 4, 5]) await storage.enqueue(batch(n), LIMITS)
      const earlier = { ...batch(6), partial: true }
      const later = { ...batch(7), partial: true }
      await storage.enqueue(earlier, LIMITS)
      await storage.acknowledge(identity(2), 5, START_MS)
      const full = [identity(2)]
      assert.deepEqual(await storage.enqueue(later, LIMITS), { ...accepted, full, firstSeq: undefined })
      for (const one of [earlier, later]) await storage.enqueue(one, LIMITS)
      assert.deepEqual(await payloads(storage, 2), [[6], [7]])
    },
  },
  {
    name: "forgets who had no room and has left the channel",
    async run(storage) {
      await pair(storage)
      for (const n of [1, 2, 3, 4, 5]) await storage.enqueue(batch(n), LIMITS)
      const partial = { ...batch(6), partial: true }
      const full = [identity(2)]
      assert.deepEqual(await storage.enqueue(partial, LIMITS), { ...accepted, full, firstSeq: undefined })
      await storage.acknowledge(identity(2), 5, START_MS)
      await storage.enqueue(commit(7, { epoch: 1, members: [1], after: [1] }), LIMITS)
      const repeated = { ...accepted, firstSeq: undefined, duplicate: true }
      assert.deepEqual(await storage.enqueue(partial, LIMITS), repeated)
      assert.deepEqual(await payloads(storage, 2), [])
    },
  },
  {
    name: "delivers to nobody if one inbox is full",
    async run(storage) {
      await pair(storage)
      for (const n of [1, 2, 3, 4, 5]) await storage.enqueue(batch(n), LIMITS)
      const deliveries = [{ recipients: [identity(1), identity(2)], payload: bytes(7) }]
      const outcome = await storage.enqueue(batch(6, { deliveries }), LIMITS)
      assert.deepEqual(outcome, { kind: "inbox_full", recipient: identity(2) })
      assert.deepEqual(await payloads(storage, 1), [])
      await storage.acknowledge(identity(2), 1, START_MS)
      assert.equal((await storage.enqueue(batch(6, { deliveries }), LIMITS)).kind, "accepted")
    },
  },
  {
    name: "recognises a repeat and gives the same answer, also after the sender has left",
    async run(storage) {
      await pair(storage)
      const first = batch(1, { deliveries: [{ recipients: [identity(2), identity(3)], payload: bytes(7) }] })
      const answer = { ...accepted, skipped: [identity(3)], firstSeq: 1 }
      assert.deepEqual(await storage.enqueue(first, LIMITS), answer)
      await storage.enqueue(commit(2, { epoch: 1, members: [1, 2], after: [2] }), LIMITS)
      const again = await storage.enqueue({ ...first, acceptedAtMs: START_MS + 5 }, LIMITS)
      assert.deepEqual(again, { ...answer, duplicate: true })
      assert.deepEqual(await payloads(storage, 2), [[7], [200, 2]])
    },
  },
  {
    name: "tells two senders with the same message id apart, and refuses the id for other content",
    async run(storage) {
      await pair(storage)
      await storage.enqueue(batch(1), LIMITS)
      const toFirst = [{ recipients: [identity(1)], payload: bytes(5) }]
      assert.equal((await storage.enqueue(batch(1, { sender: 2, deliveries: toFirst }), LIMITS)).kind, "accepted")
      assert.deepEqual(await storage.enqueue(batch(1, { fingerprint: 99 }), LIMITS), { kind: "message_id_reused" })
    },
  },
  {
    name: "remembers no more message ids than the limit",
    async run(storage) {
      await pair(storage)
      const limits = { ...LIMITS, rememberedIds: 2 }
      assert.equal((await storage.enqueue(batch(1), limits)).kind, "accepted")
      assert.deepEqual(await storage.enqueue(batch(2), limits), { kind: "too_many_ids" })
      assert.equal((await storage.enqueue(batch(1), limits)).kind, "accepted")
      await storage.sweep(START_MS + 3 * HOUR_MS, 100)
      assert.equal((await storage.enqueue(batch(2, { atMs: START_MS + 3 * HOUR_MS }), limits)).kind, "accepted")
    },
  },
]

const claims: readonly StorageCase[] = [
  {
    name: "accepts messages from members only, and reaches members only",
    async run(storage) {
      await pair(storage)
      assert.deepEqual(await storage.enqueue(batch(1, { sender: 3 }), LIMITS), { kind: "not_a_member" })
      assert.deepEqual(await storage.enqueue({ ...batch(1), channelId: channel(2) }, LIMITS), { kind: "not_a_member" })
      assert.deepEqual(await storage.enqueue(batch(1, { sender: 9 }), LIMITS), { kind: "not_a_member" })
      const deliveries = [{ recipients: [identity(3), identity(9), identity(3)], payload: bytes(7) }]
      const skipped = [identity(3), identity(9)]
      const nobody = await storage.enqueue(batch(1, { deliveries }), LIMITS)
      assert.deepEqual(nobody, { ...accepted, skipped, firstSeq: undefined })
      assert.deepEqual(await payloads(storage, 3), [])
    },
  },
  {
    name: "lets exactly one of many simultaneous claims win an epoch",
    async run(storage) {
      await pair(storage)
      const rivals = [1, 2, 3, 4].map((n) =>
        commit(n, { sender: 1 + (n % 2), epoch: 1, members: [1, 2], after: [1, 2] }),
      )
      const outcomes = await Promise.all(rivals.map((claim) => storage.enqueue(claim, LIMITS)))
      const winner = outcomes.findIndex(({ kind }) => kind === "accepted")
      const head = headOf(100, winner + 1)
      const lost = { kind: "epoch_conflict", currentEpoch: 2, missedCommits: [bytes(200, winner + 1)], head }
      assert.deepEqual(
        outcomes.filter((_, index) => index !== winner),
        [lost, lost, lost],
      )
      assert.deepEqual(await payloads(storage, 2), [[200, winner + 1]])
    },
  },
  {
    name: "takes nothing that nobody could read any more, and what it took before it recognises",
    async run(storage) {
      await pair(storage)
      assert.deepEqual((await storage.enqueue({ ...batch(60), readableUntilEpoch: 1 }, LIMITS)).kind, "accepted")
      await storage.enqueue(commit(1, { epoch: 1, members: [1], after: [1, 2] }), LIMITS)
      const late = await storage.enqueue({ ...batch(61), readableUntilEpoch: 1 }, LIMITS)
      assert.deepEqual(late, { kind: "epoch_passed", currentEpoch: 2 })
      assert.deepEqual((await storage.enqueue({ ...batch(61), readableUntilEpoch: 2 }, LIMITS)).kind, "accepted")
      const repeated = await storage.enqueue({ ...batch(60), readableUntilEpoch: 1 }, LIMITS)
      assert.equal(repeated.kind === "accepted" && repeated.duplicate, true)
    },
  },
  {
    name: "tells a late claimant what it missed, as far as commits are kept",
    async run(storage) {
      await pair(storage)
      for (const epoch of [1, 2]) await storage.enqueue(commit(epoch, { epoch, members: [1], after: [1, 2] }), LIMITS)
      const late = (epoch: number, atMs: number) =>
        storage.enqueue(commit(50, { sender: 2, epoch, members: [1], after: [1, 2], atMs }), LIMITS)
      const lost = { kind: "epoch_conflict", currentEpoch: 3, head: headOf(100, 1, 2) }
      assert.deepEqual(await late(1, START_MS), { ...lost, missedCommits: [bytes(200, 1), bytes(200, 2)] })
      assert.deepEqual(await late(4, START_MS), { kind: "epoch_ahead", currentEpoch: 3 })
      assert.deepEqual(await late(1, START_MS + HOUR_MS), { ...lost, missedCommits: [] })
      await storage.acknowledge(identity(1), 3, START_MS)
      for (const epoch of [3, 4, 5])
        await storage.enqueue(commit(epoch, { epoch, members: [1], after: [1, 2] }), LIMITS)
      assert.deepEqual(await late(0, START_MS), {
        kind: "epoch_conflict",
        currentEpoch: 6,
        missedCommits: [bytes(200, 2), bytes(200, 3), bytes(200, 4), bytes(200, 5)],
        head: headOf(100, 1, 2, 3, 4, 5),
      })
    },
  },
  {
    name: "gives a commit to those removed by it and a Welcome to those who join",
    async run(storage) {
      await pair(storage)
      const swap = commit(1, { epoch: 1, members: [1, 2], after: [1, 3] })
      const welcome = { recipients: [identity(3)], payload: bytes(9) }
      await storage.enqueue(withWelcome(swap, welcome), LIMITS)
      assert.deepEqual(await payloads(storage, 2), [[200, 1]])
      assert.deepEqual(await payloads(storage, 3), [[9]])
      assert.deepEqual(await storage.enqueue(batch(2, { sender: 2 }), LIMITS), { kind: "not_a_member" })
      assert.equal((await storage.enqueue(batch(2, { sender: 3 }), LIMITS)).kind, "accepted")
    },
  },
]

const expiry: readonly StorageCase[] = [
  {
    name: "neither reads nor counts what has expired, swept or not",
    async run(storage) {
      await pair(storage)
      const short = START_MS + 10
      for (const n of [1, 2, 3, 4, 5]) await storage.enqueue(batch(n, { expiresAtMs: short }), LIMITS)
      assert.equal((await contents(storage, 2, short - 1)).length, 5)
      assert.deepEqual(await contents(storage, 2, short), [])
      assert.equal((await storage.enqueue(batch(6, { atMs: short }), LIMITS)).kind, "accepted")
      assert.equal(await storage.acknowledge(identity(2), 0, short), 1)
      await storage.sweep(short, 100)
      assert.deepEqual(await contents(storage, 2, short), [{ seq: 6, payload: bytes(6), acceptedAtMs: short }])
    },
  },
  {
    name: "refuses what would make an inbox hold too many bytes, until some are read or have expired",
    async run(storage) {
      await pair(storage)
      const limits = { ...LIMITS, queueBytes: 10 }
      const sized = (id: number, lengthBytes: number, atMs = START_MS) => {
        const deliveries = [{ recipients: [identity(1), identity(2)], payload: new Uint8Array(lengthBytes).fill(id) }]
        return storage.enqueue(batch(id, { deliveries, atMs, expiresAtMs: atMs + 10 }), limits)
      }
      assert.equal((await sized(1, 6)).kind, "accepted")
      assert.deepEqual(await sized(2, 5), { kind: "inbox_full", recipient: identity(1) })
      assert.equal((await sized(3, 4)).kind, "accepted")
      await storage.acknowledge(identity(1), 2, START_MS)
      assert.deepEqual(await sized(4, 5), { kind: "inbox_full", recipient: identity(2) })
      await storage.acknowledge(identity(2), 1, START_MS)
      assert.equal((await sized(5, 6)).kind, "accepted")
      assert.equal((await sized(6, 10, START_MS + 10)).kind, "accepted")
      await storage.sweep(START_MS + 20, 100)
      assert.equal((await sized(7, 10, START_MS + 20)).kind, "accepted")
    },
  },
  {
    name: "recognises a repeat for as long as it promised",
    async run(storage) {
      await pair(storage)
      await storage.enqueue(batch(1), LIMITS)
      const at = (atMs: number) => storage.enqueue({ ...batch(1), acceptedAtMs: atMs }, LIMITS)
      await storage.sweep(START_MS + 2 * HOUR_MS - 1, 100)
      assert.equal((await at(START_MS + 2 * HOUR_MS - 1)).kind, "accepted")
      assert.equal(await storage.newestSeq(identity(2)), 1)
      assert.deepEqual(await at(START_MS + 2 * HOUR_MS), {
        ...accepted,
        acceptedAtMs: START_MS + 2 * HOUR_MS,
        firstSeq: 2,
      })
    },
  },
]

/** Order, atomicity, idempotency, claims, expiry. */
export const deliveryCases: readonly StorageCase[] = [...order, ...atomic, ...claims, ...expiry]
