import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { batch, commit, identity, LIMITS, account } from "../storage/conformance/fixtures.ts"
import { MemoryStorage } from "../storage/memory-storage.ts"
import { StorageError } from "../storage/storage-error.ts"
import { VirtualServerClock } from "../testing/server-clock.ts"
import { InboxNotifier } from "./inbox-notifier.ts"
import { Pushing } from "./send.ts"

/** Lets everything that can happen without time passing happen. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

/** The inbox of member 2, and what was pushed of it. */
async function inbox(window: number, windowBytes = 1_000_000) {
  const storage = new MemoryStorage()
  const notifier = new InboxNotifier()
  const clock = new VirtualServerClock()
  const limits = { ...LIMITS, queueDepth: 10_000, rememberedIds: 10_000 }
  for (const n of [1, 2]) await storage.createAccount(account(n))
  await storage.enqueue(commit(255, { epoch: 0, members: [1], after: [1, 2] }), limits)
  const pushed: number[] = []
  const state = { maySend: true, taken: () => Promise.resolve() }
  const pushing = new Pushing({
    storage,
    notifier,
    clock,
    observe: () => {},
    inbox: identity(2),
    window,
    windowBytes,
    push: async ({ seq }) => {
      pushed.push(seq)
      await state.taken()
    },
    mayPush: () => state.maySend,
  })
  let count = 0
  const enqueue = async (payload?: Uint8Array): Promise<void> => {
    const id = (count += 1) % 250
    await storage.enqueue(
      {
        ...batch(id, payload && { deliveries: [{ recipients: [identity(2)], payload }] }),
        messageId: batch(1)
          .messageId.with(15, id)
          .with(0, count >> 8) as never,
      },
      limits,
    )
    notifier.wake(identity(2))
  }
  const acknowledge = async (seqUpTo: number): Promise<void> => {
    const known = Math.min(seqUpTo, await storage.newestSeq(identity(2)))
    await storage.acknowledge(identity(2), known, clock.unixMs())
    notifier.acknowledge(identity(2), known)
  }
  return { storage, notifier, clock, pushed, state, pushing, enqueue, acknowledge }
}

describe("pushing an inbox", () => {
  it("waits for a connection that takes nothing, and reads no further meanwhile", async () => {
    const room = await inbox(10)
    const { promise, resolve } = Promise.withResolvers<void>()
    room.state.taken = () => promise
    const running = room.pushing.run()
    for (const _ of [1, 2, 3]) await room.enqueue()
    await settle()
    expect(room.pushed).toEqual([1])
    resolve()
    await settle()
    expect(room.pushed).toEqual([1, 2, 3])
    room.pushing[Symbol.dispose]()
    await running
  })

  it("stops when what was pushed and not acknowledged holds too many bytes, and goes on with each acknowledgement", async () => {
    const room = await inbox(10, 100)
    const running = room.pushing.run()
    for (const lengthBytes of [60, 30, 20, 500, 10]) await room.enqueue(new Uint8Array(lengthBytes))
    await settle()
    expect(room.pushed).toEqual([1, 2])
    await room.acknowledge(1)
    await settle()
    expect(room.pushed).toEqual([1, 2, 3])
    await room.acknowledge(2)
    await settle()
    expect(room.pushed).toEqual([1, 2, 3])
    // What is larger than the whole window goes alone.
    await room.acknowledge(3)
    await settle()
    expect(room.pushed).toEqual([1, 2, 3, 4])
    await room.acknowledge(4)
    await settle()
    expect(room.pushed).toEqual([1, 2, 3, 4, 5])
    room.pushing[Symbol.dispose]()
    await running
  })

  it("tries again after the disk failed to read", async () => {
    const room = await inbox(10)
    const peek = room.storage.peek.bind(room.storage)
    room.storage.peek = () => Promise.reject(new StorageError("io", "cannot read"))
    const running = room.pushing.run()
    await room.enqueue()
    await settle()
    room.storage.peek = peek
    await settle()
    expect(room.pushed).toEqual([])
    room.clock.advance(1000)
    await settle()
    expect(room.pushed).toEqual([1])
    room.pushing[Symbol.dispose]()
    await running
  })

  it("ends with the session, and passes on what ends the connection", async () => {
    const room = await inbox(10)
    const running = room.pushing.run()
    await room.enqueue()
    await settle()
    room.state.maySend = false
    await room.enqueue()
    await running
    expect(room.pushed).toEqual([1])

    const other = await inbox(10)
    other.state.taken = () => Promise.reject(new Error("gone"))
    await other.enqueue()
    await expect(other.pushing.run()).rejects.toThrow("gone")
  })

  it("leaves no watcher behind", async () => {
    const room = await inbox(10)
    const running = room.pushing.run()
    room.pushing[Symbol.dispose]()
    await running
    await room.enqueue()
    await settle()
    expect(room.pushed).toEqual([])
  })

  it("pushes every envelope once, in order, never more than the window beyond what was acknowledged", async () => {
    const steps = fc.array(fc.oneof(fc.constant("enqueue"), fc.constant("settle"), fc.nat(6)), {
      minLength: 20,
      maxLength: 80,
    })
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 5 }), async (sequence, window) => {
        const room = await inbox(window)
        const running = room.pushing.run()
        let acknowledged = 0
        for (const step of sequence) {
          if (step === "enqueue") await room.enqueue()
          else if (step === "settle") await settle()
          else {
            // A reader acknowledges what it was given, no more.
            acknowledged = Math.min(acknowledged + step, room.pushed.length)
            await room.acknowledge(acknowledged)
          }
          expect(room.pushed.length - acknowledged).toBeLessThanOrEqual(window)
        }
        const newest = await room.storage.newestSeq(identity(2))
        while (room.pushed.length < newest) {
          await settle()
          await room.acknowledge(room.pushed.length)
        }
        expect(room.pushed).toEqual(Array.from({ length: newest }, (_, index) => index + 1))
        room.pushing[Symbol.dispose]()
        await running
      }),
      { numRuns: 100 },
    )
  })
})
