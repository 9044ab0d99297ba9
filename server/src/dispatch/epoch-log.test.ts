import { suite0001 } from "@qpc/crypto/node"
import { commitHash, decodeEnvelope, firstLogHead, nextLogHead, verifyLogHead } from "@qpc/envelope"
import type { Envelope, LogHead } from "@qpc/envelope"
import { methods, RpcError } from "@qpc/rpc"
import type { RpcClient } from "@qpc/rpc"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { MemoryStorage } from "../storage/memory-storage.ts"
import { commitBatch, join, testChannel, virtualServer } from "../testing/virtual-server.ts"

const first = firstLogHead(suite0001, testChannel, 0n)

/** Everything that waits in an inbox. */
async function inbox(rpc: RpcClient): Promise<Envelope[]> {
  const { envelopes } = await rpc.call(methods.peek, { afterSeq: 0n, limit: 0 })
  return envelopes.map(({ data }) => decodeEnvelope(data))
}

/** The key that a server tells to whoever comes back. */
async function deliveryKey(rpc: RpcClient, sessionToken: Uint8Array): Promise<Uint8Array> {
  return (await rpc.call(methods.resumeSession, { sessionToken })).deliveryKey
}

/** The head after a commit, from what its label says and nothing else. */
function follow(before: LogHead, commit: Envelope): LogHead {
  const { entry } = commit.log!
  return nextLogHead(suite0001, before, { ...entry!, commitHash: commitHash(suite0001, commit) })
}

describe("the log of a channel's epochs", () => {
  it("is told with each commit, so that whoever was there can follow it, and signed", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const { rpc, key, token } = await join(host, "alice", 1)
    for (const epoch of [0n, 1n, 2n]) {
      await rpc.call(methods.batchEnqueue, commitBatch({ epoch, members: [key], after: [key], content: Number(epoch) }))
    }
    const serverKey = await deliveryKey(await host.connect(), token)
    let head = first
    for (const commit of await inbox(rpc)) {
      head = follow(head, commit)
      expect(commit.log?.hash).toEqual(head.hash)
      expect(commit.log?.entry?.authenticatorHash).toEqual(new Uint8Array(32).fill(Number(commit.epoch)))
      expect(verifyLogHead(suite0001, serverKey, { ...head, signature: commit.log!.signature })).toBe(true)
    }
    expect(head.epoch).toBe(3n)
  })

  it("is told to whoever enters, to whoever claims, and to whoever comes too late", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const alice = await join(host, "alice", 1)
    const bob = await join(host, "bob", 2)
    const members = [alice.key, bob.key]
    const founding = commitBatch({ epoch: 0n, members: [alice.key], after: members })
    const { outcome: accepted } = await alice.rpc.call(methods.batchEnqueue, founding)
    const [commit] = await inbox(alice.rpc)
    const [welcome] = await inbox(bob.rpc)
    const { hash, signature } = commit!.log!
    expect(welcome?.log).toEqual({ hash, signature })
    expect(accepted).toMatchObject({ case: "accepted", value: { head: { epoch: 1n, hash, signature } } })
    const late = commitBatch({ epoch: 0n, members, after: members })
    const { outcome: refused } = await bob.rpc.call(methods.batchEnqueue, late)
    expect(refused).toMatchObject({ case: "epochConflict", value: { head: { epoch: 1n, hash, signature } } })
    const { outcome: repeated } = await alice.rpc.call(methods.batchEnqueue, founding)
    expect(repeated).toMatchObject({ value: { duplicate: true, head: { epoch: 1n, hash, signature } } })
  })

  it("never goes back in time, though the clock may", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const { rpc, key } = await join(host, "alice", 1)
    const commit = (epoch: bigint) =>
      rpc.call(methods.batchEnqueue, commitBatch({ epoch, members: [key], after: [key] }))
    await commit(0n)
    host.clock.setBack(60_000)
    await commit(1n)
    host.clock.advance(61_000)
    await commit(2n)
    const [one, two, three] = (await inbox(rpc)).map(({ log }) => log!.entry!.acceptedAtMs)
    expect([two! - one!, three! - two!]).toEqual([0, 1000])
  })

  it("never signs two heads for one epoch, whatever is claimed, repeated, refused or interrupted", async () => {
    const step = fc.record({
      who: fc.nat(1),
      epoch: fc.nat(5),
      content: fc.nat(2),
      repeats: fc.boolean(),
      restarts: fc.boolean(),
      passedMs: fc.integer({ min: -50, max: 50 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async (steps) => {
        const storage = new MemoryStorage()
        let host = await virtualServer(storage)
        const people = [await join(host, "alice", 1), await join(host, "bob", 2)]
        const members = people.map(({ key }) => key)
        const signed = new Map<bigint, string>()
        for (const { who, epoch, content, repeats, restarts, passedMs } of steps) {
          if (restarts) {
            await host[Symbol.asyncDispose]()
            host = await virtualServer(storage)
          }
          if (passedMs < 0) host.clock.setBack(-passedMs)
          else host.clock.advance(passedMs)
          const rpc = await host.connect()
          await rpc.call(methods.resumeSession, { sessionToken: people[who]!.token })
          const claim = commitBatch({ epoch: BigInt(epoch), members, after: members, content })
          for (let times = repeats ? 2 : 1; times > 0; times--) {
            const answer = await rpc.call(methods.batchEnqueue, claim).catch((error: unknown) => {
              if (error instanceof RpcError) return undefined // The channel is not there yet, or not that far.
              throw error
            })
            const head = answer?.outcome.value?.head
            if (head === undefined) continue
            const hash = Buffer.from(head.hash).toString("hex")
            expect(signed.get(head.epoch) ?? hash).toBe(hash)
            signed.set(head.epoch, hash)
          }
        }
        await host[Symbol.asyncDispose]()
      }),
      { numRuns: 15 },
    )
  })

  it("goes on under the same key after a restart", async () => {
    const storage = new MemoryStorage()
    const host = await virtualServer(storage)
    const { rpc, key, token } = await join(host, "alice", 1)
    const serverKey = await deliveryKey(await host.connect(), token)
    await rpc.call(methods.batchEnqueue, commitBatch({ epoch: 0n, members: [key], after: [key] }))
    await host[Symbol.asyncDispose]()
    await using again = await virtualServer(storage)
    const back = await again.connect()
    expect(await deliveryKey(back, token)).toEqual(serverKey)
    await back.call(methods.batchEnqueue, commitBatch({ epoch: 1n, members: [key], after: [key] }))
    const [one, two] = await inbox(back)
    expect(two!.log!.hash).toEqual(follow(follow(first, one!), two!).hash)
  })
})
