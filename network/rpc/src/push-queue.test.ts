import { describe, expect, it } from "vitest"
import { PushQueue } from "./push-queue.ts"

async function collect<T>(source: AsyncIterable<T>, items: T[] = []): Promise<T[]> {
  for await (const item of source) items.push(item)
  return items
}

function makeQueue(limits: { maxItems?: number; maxBytes?: number } = {}): [PushQueue<string>, () => number] {
  let abandoned = 0
  const queue = new PushQueue<string>({ maxItems: 8, maxBytes: 100, ...limits, onAbandoned: () => (abandoned += 1) })
  return [queue, () => abandoned]
}

describe("push queue", () => {
  it("delivers what arrived before it was closed, then ends", async () => {
    const [queue, abandonedCount] = makeQueue()
    queue.push("a", 1)
    queue.push("b", 1)
    queue.close()
    expect(await collect(queue)).toEqual(["a", "b"])
    expect(abandonedCount()).toBe(0)
  })

  it("delivers what arrived before it was closed with a failure, then throws", async () => {
    const [queue] = makeQueue()
    const items: string[] = []
    queue.push("a", 1)
    queue.close({ error: new Error("cut") })
    await expect(collect(queue, items)).rejects.toThrow("cut")
    expect(items).toEqual(["a"])
  })

  it("delivers nothing of what arrived before it failed", async () => {
    const [queue] = makeQueue()
    const items: string[] = []
    queue.push("a", 1)
    queue.fail(new Error("forged"))
    await expect(collect(queue, items)).rejects.toThrow("forged")
    expect(items).toEqual([])
  })

  it("tells its owner when the reader leaves", async () => {
    const [queue, abandonedCount] = makeQueue()
    queue.push("a", 1)
    for await (const item of queue) if (item === "a") break
    expect(abandonedCount()).toBe(1)
  })

  it("wakes a waiting reader", async () => {
    const [queue] = makeQueue()
    const reading = collect(queue)
    await Promise.resolve()
    queue.push("a", 1)
    queue.close()
    expect(await reading).toEqual(["a"])
  })

  it("refuses one item too many", () => {
    const [queue] = makeQueue({ maxItems: 2 })
    expect([queue.push("a", 1), queue.push("b", 1), queue.push("c", 1)]).toEqual([true, true, false])
  })

  it("refuses one byte too many, and has room again once something is read", async () => {
    const [queue] = makeQueue({ maxBytes: 10 })
    expect([queue.push("a", 6), queue.push("b", 5)]).toEqual([true, false])
    const reader = queue[Symbol.asyncIterator]()
    await reader.next()
    expect(queue.push("c", 10)).toBe(true)
  })

  it("takes a single item of any size", () => {
    const [queue] = makeQueue({ maxBytes: 10 })
    expect([queue.push("a", 11), queue.push("b", 1)]).toEqual([true, false])
  })

  it("has one reader", () => {
    const [queue] = makeQueue()
    queue[Symbol.asyncIterator]()
    expect(() => queue[Symbol.asyncIterator]()).toThrow("one reader")
  })
})
