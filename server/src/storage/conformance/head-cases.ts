import assert from "node:assert/strict"
import type { SignedClaim, Storage } from "../storage.ts"
import { bytes, channel, commit, headOf, identity, LIMITS, LOG, pair, START_MS, withWelcome } from "./fixtures.ts"
import type { StorageCase } from "./storage-case.ts"

const RANGE = { afterSeq: 0, limit: 100, limitBytes: 1_000_000, nowMs: START_MS }

async function payloads(storage: Storage, n: number): Promise<readonly (readonly number[])[]> {
  return (await storage.peek(identity(n), RANGE)).envelopes.map(({ payload }) => Array.from(payload))
}

const accepted = { kind: "accepted", duplicate: false, acceptedAtMs: START_MS, skipped: [] as const, full: [] as const }

/** Payloads of other lengths than were offered. */
const relabelled = (): SignedClaim => ({ head: headOf(1), payloads: [bytes(201, 1, 1), bytes(202)] })

/** The signed heads of the logs of epochs. */
export const headCases: readonly StorageCase[] = [
  {
    name: "continues the heads with each claim that is accepted, and with no other",
    async run(storage) {
      await pair(storage)
      const first = commit(1, { epoch: 1, members: [1], after: [1, 2] })
      const position = { epoch: 2, head: headOf(100, 1) }
      assert.deepEqual(await storage.enqueue(first, LIMITS), { ...accepted, firstSeq: 2, position })
      const refused = [
        commit(2, { sender: 2, epoch: 1, members: [1], after: [2] }),
        commit(3, { epoch: 3, members: [1], after: [1] }),
        commit(4, { sender: 3, epoch: 2, members: [1], after: [3] }),
        { ...commit(1, { epoch: 2, members: [1], after: [1] }), fingerprint: new Uint8Array(32) },
      ]
      for (const claim of refused) assert.notEqual((await storage.enqueue(claim, LIMITS)).kind, "accepted")
      const later = await storage.enqueue(commit(5, { epoch: 2, members: [1], after: [1, 2] }), LIMITS)
      const newest = { epoch: 3, head: headOf(100, 1, 5) }
      assert.deepEqual(later, { ...accepted, firstSeq: 3, position: newest })
      const repeated = await storage.enqueue(first, LIMITS)
      assert.deepEqual(repeated, { ...accepted, duplicate: true, firstSeq: 2, position: newest })
    },
  },
  {
    name: "keeps and delivers what was signed in the place of what was offered",
    async run(storage) {
      await pair(storage)
      const swap = withWelcome(commit(1, { epoch: 1, members: [1, 2], after: [1, 3] }), {
        recipients: [identity(3)],
        payload: bytes(9),
      })
      await storage.enqueue({ ...swap, claim: { ...swap.claim!, signHead: relabelled } }, LIMITS)
      assert.deepEqual(await payloads(storage, 2), [[201, 1, 1]])
      assert.deepEqual(await payloads(storage, 3), [[202]])
      const { commits } = (await storage.commits(channel(1), identity(3), LOG))!
      assert.deepEqual(commits.at(-1), { epoch: 1, payload: bytes(201, 1, 1) })
      assert.equal(await storage.acknowledge(identity(2), 1, START_MS), 0)
      assert.equal(await storage.acknowledge(identity(3), 1, START_MS), 0)
    },
  },
]
