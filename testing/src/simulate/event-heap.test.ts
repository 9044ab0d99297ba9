import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { EventHeap } from "./event-heap.ts"

describe("event heap", () => {
  it("gives out like a list that is sorted by time and then by order of adding", () => {
    // "take" is an undefined time.
    const steps = fc.array(fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }), { maxLength: 200 })
    fc.assert(
      fc.property(steps, (times) => {
        const heap = new EventHeap()
        const model: { atMs: number; name: number }[] = []
        const happened: number[] = []
        times.forEach((atMs, name) => {
          if (atMs !== undefined) {
            heap.add(atMs, () => happened.push(name))
            model.push({ atMs, name })
            return
          }
          model.sort((a, b) => a.atMs - b.atMs)
          const expected = model.shift()
          heap.take()?.happen()
          expect(happened.at(-1)).toBe(expected?.name ?? happened.at(-1))
          expect(heap.size).toBe(model.length)
        })
      }),
    )
  })

  it("tells when the next thing happens", () => {
    const heap = new EventHeap()
    expect(heap.nextMs).toBeUndefined()
    heap.add(9, () => {})
    heap.add(3, () => {})
    expect(heap.nextMs).toBe(3)
  })
})
